"""cofi's pages within Airflow's own UI: opened by its navigation, in its frame, in its theme."""

from typing import Any

import pytest
from playwright.sync_api import Frame, Page

from include.demo.stack import DAG_ID
from tests.integration.conftest import FIRST, Running
from tests.plugins.browser import chromium

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def test_keys_reach_the_queue_and_its_theme_is_airflows(running: Running) -> None:
    task = task_that_judged(running)
    airflow = running.stack.airflow
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        sign_in(page, airflow.url, airflow.password)
        page.get_by_role("link", name="Calls", exact=True).click()
        page.wait_for_url("**/plugin/calls")
        frame = page.frame_locator("iframe")
        frame.locator("#start").wait_for()
        framed(page).wait_for_function("() => document.hasFocus()")
        page.keyboard.press("?")
        frame.locator("dialog[open]").wait_for()
        page.keyboard.press("Escape")
        for theme in ("dark", "light"):
            page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
            page.reload()
            frame.locator("#queue, #desk").first.wait_for(state="attached")
            page.wait_for_function("theme => document.documentElement.classList.contains(theme)", arg=theme)
            shown = "theme => document.documentElement.dataset.theme === theme"
            framed(page).wait_for_function(shown, arg=theme)
        shard = page.request.get(f"{airflow.url}/cofi/shard", params=task)
        assert "/cofi/calls/" in shard.text(), "a task's tab lists its calls"


def task_that_judged(running: Running) -> dict[str, str]:
    """What names a task that has judged calls, of any run there is, or of a new one."""
    airflow = running.stack.airflow
    for again in (True, False):
        for run in airflow.runs(DAG_ID):
            for task in airflow.task_instances(DAG_ID, run["dag_run_id"], "success"):
                if task["task_id"].endswith(".llm2"):
                    return named(run["dag_run_id"], task)
        if again:
            running.trigger(day=FIRST.isoformat())
    raise AssertionError(f"no run of {DAG_ID} has judged a call")


def named(run_id: str, task: dict[str, Any]) -> dict[str, str]:
    return {
        "dag_id": DAG_ID,
        "run_id": run_id,
        **{name: str(task[name]) for name in ("task_id", "map_index")},
    }


def framed(page: Page) -> Frame:
    """cofi's page; Airflow's own address tells its path too."""
    return next(one for one in page.frames if one != page.main_frame and "/cofi/" in one.url)


def sign_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/auth/login")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda at: "/auth/" not in at)
