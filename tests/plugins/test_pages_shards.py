"""A task's tab lists the calls of its shard, and a failed call leads to the log of its task."""

import pytest

from cofi.ui.tasks import MappedTask, log_url, run_of

TASKS = [
    MappedTask("audit.gpu_a.stt", 1, "gpu_a · 2"),
    MappedTask("audit.gpu_b.stt", 1, "gpu_b · 3"),
    MappedTask("audit_recover_1.stt", 0, "gpu_a · 40"),
    MappedTask("audit.gpu_a.llm1", 1, "gpu_a · 2"),
    MappedTask("audit.gpu_a.stt", 5, None),
]


@pytest.mark.parametrize(
    ("shown", "shard"), [("gpu_a · 12", 12), ("7", 7), (None, None), ("", None), ("gpu_3", None)]
)
def test_a_shard_is_what_the_grid_calls_the_task(shown: str | None, shard: int | None) -> None:
    assert MappedTask("audit.gpu_a.stt", 0, shown).shard == shard


def test_a_failed_attempt_leads_to_the_task_that_had_its_shard() -> None:
    run = "manual__2026-11-16T09:12:00+00:00"
    assert log_url(TASKS, run, "stt", 40) == (
        "/dags/audit_calls/runs/manual__2026-11-16T09%3A12%3A00%2B00%3A00/tasks/audit_recover_1.stt/mapped/0"
    )
    assert log_url(TASKS, run, "stt", 99) is None
    assert log_url(TASKS, run, "stt", None) is None


def test_a_batch_of_a_rescore_is_a_run_of_its_own_dag() -> None:
    assert run_of("rescore_calls:r1") == ("rescore_calls", "r1")
    assert run_of("r1") == ("audit_calls", "r1")
