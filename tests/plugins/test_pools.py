"""The scheduler makes the pools that are missing, and leaves others as they are."""

from types import SimpleNamespace

import pytest

from cofi import runs
from cofi.pools import PoolMaker, pools
from cofi.settings import Settings
from include.errors import InvalidInput


def test_each_host_has_a_pool(setting) -> None:
    setting("gpu_hosts", "gpu_a, gpu_c")
    setting("gpu_tasks_per_host", 3)
    made = pools(Settings.load())
    assert {name: slots for name, (slots, _) in made.items()} == {
        "llm_api": 100,
        "uploads": 64,
        "gpu_a": 3,
        "gpu_c": 3,
        "recovery": 6,
    }


def test_missing_pools_are_made_and_resized_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.jobs.job import Job
    from airflow.models.pool import Pool

    there = {"gpu_a": 7}

    def make(name: str, slots: int, *_: object, **__: object) -> None:
        there[name] = slots

    monkeypatch.setattr(Pool, "get_pool", there.get)
    monkeypatch.setattr(Pool, "create_or_update_pool", make)
    PoolMaker().on_starting(object())  # a task starts: it has no database
    assert there == {"gpu_a": 7}
    PoolMaker().on_starting(Job())
    assert there == {"gpu_a": 7, "gpu_b": 2, "uploads": 64, "llm_api": 100, "recovery": 4}


def test_a_task_that_could_never_get_its_slots_is_refused(setting) -> None:
    setting("uploads_per_task", 65)
    with pytest.raises(InvalidInput, match=r"uploads_per_task = 65 .* more than uploads_at_once = 64"):
        Settings.load()


def test_each_task_has_its_share_of_the_bandwidth(setting) -> None:
    assert Settings.load().upload_share_bytes_per_s == 0
    setting("upload_limit_mib_per_s", 80)
    assert Settings.load().upload_share_bytes_per_s == 40 * 1024 * 1024  # of two hosts
    setting("gpu_hosts", ", ".join(f"gpu_{n}" for n in range(20)))
    assert Settings.load().upload_share_bytes_per_s == 10 * 1024 * 1024  # of eight at once


@pytest.mark.parametrize(("state", "goes_on"), [("running", True), ("queued", True), ("failed", False)])
def test_a_run_goes_on_as_long_as_airflow_says_so(state: str, goes_on: bool) -> None:
    asked: list[tuple[str, str]] = []

    def get_dagrun_state(dag_id: str, run_id: str) -> str:
        asked.append((dag_id, run_id))
        return state

    ti, dag_run = SimpleNamespace(get_dagrun_state=get_dagrun_state), SimpleNamespace(dag_id="audit_calls")
    assert runs.running({"ti": ti, "dag_run": dag_run})("run-1") is goes_on
    assert asked == [("audit_calls", "run-1")]
