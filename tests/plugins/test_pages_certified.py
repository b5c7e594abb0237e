"""The certified rates beside the machine's: who sees them, what is told where too few have listened."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from include.database.engine import Database
from include.review.answering import Given, answer, finish
from include.review.items import Sample
from include.review.machine import count_machine
from include.review.people import Actor
from include.review.queue import take_next
from include.review.rules import ReviewRules
from tests.demo_calls import DAYS
from tests.plugins.browser import with_queue
from tests.plugins.conftest import Connect
from tests.plugins.demo_site import As, copied

PAGE = "/cofi/trends/certified"
EVERYBODY = {"calls_per_agent_and_week": 100, "days_per_week": 1, "due_days": 1}


@pytest.fixture(scope="module")
def files(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Nearly all calls are in the random sample, and 6 are answered; with the days counted, or not."""
    made = {counted: tmp_path_factory.mktemp("certified") / "cofi.db" for counted in (False, True)}
    others = dict.fromkeys(("auto_fails", "needs_review", "second_opinions", "passes", "calibration"))
    shutil.copy(demo_file, made[False])
    with_queue(made[False], ReviewRules.model_validate({"random": EVERYBODY, **others}))
    with closing(Database(f"sqlite:///{made[False]}")) as database:
        for _ in range(6):
            database.write(_answered)
    with copied(made[False], made[True]) as database:
        database.write(lambda connection: count_machine(connection, DAYS))
    return made


def _answered(connection: Connection) -> None:
    ana = Actor("ana")
    item = take_next(connection, ana, sample=Sample.RANDOM)
    assert item is not None and item.blind
    for name in item.questions:
        answer(connection, ana, item.item_id, Given(name, answer="yes", blind=True))
    finish(connection, ana, item.item_id)


@pytest.fixture
def counted() -> bool:
    return True


@pytest.fixture
def site_file(files: dict[bool, Path], counted: bool) -> Path:
    return files[counted]


def test_too_few_listens_are_said_to_be_too_few(as_: As) -> None:
    page = as_("ana").get(PAGE).text
    assert "not enough listens yet" in page
    assert "14 for a first rate" in page
    assert "2026-11-16 to 2026-11-22" in page
    assert "Provisional" in page
    assert 'href="/cofi/review?sample=random"' in page


def test_with_enough_listens_both_rates_stand_with_their_picture(
    as_: As, setting: Connect, tmp_path: Path
) -> None:
    folder = tmp_path / "scorecards"
    (folder / "review").mkdir(parents=True)
    (folder / "review" / "service_call.yaml").write_text("estimates: {least_answers: 5}\n")
    assert '<span class="interval">' not in as_("ana").get(PAGE).text
    setting("scorecards_folder", folder)
    page = as_("ana").get(PAGE).text
    assert '<span class="interval">' in page
    assert page.count('role="img"') >= 5
    assert "95 % interval" in page
    assert "points now" in page


def test_a_day_is_not_its_week(as_: As) -> None:
    page = as_("ana").get(f"{PAGE}?span=day&day={DAYS[0]}").text
    assert f"Monday, {DAYS[0]}" in page
    assert f"day={DAYS[1]}" in page


def test_a_day_without_audits_says_so(as_: As) -> None:
    assert "No call of this day was audited" in as_("ana").get(f"{PAGE}?span=day&day=2020-01-01").text


@pytest.mark.parametrize("counted", [False])
def test_days_of_an_older_version_are_counted_in_the_background(as_: As) -> None:
    first = as_("ana").get(f"{PAGE}?day={DAYS[0]}").text
    assert "being counted" in first
    again = as_("ana").get(PAGE).text
    assert "being counted" not in again
    assert "not enough listens yet" in again


def test_who_may_not_see_all_agents_sees_nothing_and_readers_no_queue(as_: As) -> None:
    assert as_("daniel").get(PAGE).status_code == 403
    assert as_("vera").get(PAGE).status_code == 403
    page = as_("rita").get(PAGE)
    assert page.status_code == 200
    assert "sample=random" not in page.text


def test_it_takes_few_statements_whatever_there_is(as_: As) -> None:
    client = as_("ana")
    assert client.get(PAGE).status_code == 200
    statements: list[str] = []
    listen = lambda *told: statements.append(told[2])  # noqa: E731
    event.listen(Engine, "before_cursor_execute", listen)
    try:
        client.get(PAGE)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    asked = [one for one in statements if one.lstrip().upper().startswith("SELECT")]
    assert 0 < len(asked) <= 10
