"""What a run's page shows while it is on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.calls.call import CallState
from include.calls.ledger import Ledger
from include.calls.stage import STAGES, Stage
from include.database import owed
from include.database.progress import StageProgress
from include.database.work import BatchKind
from include.delivery.live import LiveRun, Phase, live_run
from include.delivery.status import RunStatus
from tests.unit.delivery.seeding import DAY, OPENED_AT, SeededDay

RUN = "run-2"
NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


def seen(day: SeededDay) -> LiveRun:
    return day.database.read(lambda connection: live_run(connection, RUN))


def write(day: SeededDay, what: Callable[..., None], *args: object, **named: object) -> None:
    day.database.write(lambda connection: what(connection, RUN, *args, **named))


def test_a_run_tells_where_it_is_from_its_first_task_to_its_end(day: SeededDay) -> None:
    phases = [seen(day).phase]
    write(day, owed.begin)
    phases.append(seen(day).phase)
    day.batch(RUN, wall_s=None, looked_for=False)
    phases.append(seen(day).phase)
    day.day(RUN)
    day.call(RUN, "a.wav", CallState.PENDING)
    phases.append(seen(day).phase)
    write(day, owed.reopen, planned=True)
    phases.append(seen(day).phase)
    assert phases == [Phase.NOT_BEGUN, Phase.OPENING, Phase.DISCOVERING, Phase.PLANNING, Phase.WORKING]
    write(day, owed.close, None)
    assert (seen(day).phase, seen(day).may_have_report) == (Phase.OVER, True)


def test_a_run_without_calls_that_wait_closes_its_books(day: SeededDay) -> None:
    day.batch(RUN, wall_s=None)
    day.call(RUN, "a.wav")
    write(day, owed.reopen, planned=True)
    assert seen(day).phase is Phase.CLOSING


def test_a_report_of_an_earlier_end_is_not_that_of_a_run_that_is_on_again(day: SeededDay) -> None:
    day.batch(RUN)
    write(day, owed.close, "the ledger did not close")
    assert seen(day).may_have_report
    write(day, owed.reopen, planned=True)
    assert not seen(day).may_have_report


def test_a_run_of_before_its_books_were_kept_may_have_a_report(day: SeededDay) -> None:
    assert seen(day).may_have_report


def test_a_run_that_failed_before_its_batch_says_why(day: SeededDay) -> None:
    write(day, owed.begin)
    write(day, owed.stopped, "open_batch: There is no connection cofi_llm")
    live = seen(day)
    assert (live.phase, live.trouble, live.status) == (
        Phase.STOPPED,
        "open_batch: There is no connection cofi_llm",
        None,
    )
    assert not live.may_have_report
    write(day, owed.close, "The run failed before its batch was opened: no connection")
    assert seen(day).trouble == "The run failed before its batch was opened: no connection"


def test_failures_are_told_by_reason_with_an_example(day: SeededDay) -> None:
    day.batch(RUN, wall_s=None)
    for n in range(3):
        lost = day.call(RUN, f"{n}.wav", CallState.FAILED, reason=f"stt: out of memory: {n} MiB")
        day.failure(RUN, lost, Stage.STT, kind="bug")
    day.call(RUN, "empty.wav", CallState.QUARANTINED, reason="the file is empty: copy it again")
    live = seen(day)
    assert [(one.state, one.kind, one.calls) for one in live.reasons] == [
        ("failed", "stt: bug", 3),
        ("quarantined", "the file is empty", 1),
    ]
    assert [(one.kind, one.attempts) for one in live.attempts] == [("bug", 3)]
    assert live.status
    assert (live.status.ended, live.status.ledger.failed) == (4, 3)


def line(stage: Stage, left: int, per_minute: float, host: str = "gpu_a") -> StageProgress:
    ends_at = NOW + timedelta(minutes=left / per_minute) if left and per_minute else None
    return StageProgress(stage, host, left, 10, 0, 0, per_minute, ends_at)


def live(*stages: StageProgress, pending: int = 30) -> LiveRun:
    ledger = Ledger(audited=10, pending=pending)
    status = RunStatus(RUN, BatchKind.AUDIT, DAY, None, OPENED_AT, ledger, {}, stages)
    return LiveRun(Phase.WORKING, None, status, (), (), NOW)


def test_the_end_is_that_of_the_last_stage_at_its_pace() -> None:
    run = live(line(Stage.STT, 20, 10), line(Stage.LLM2, 30, 5), line(Stage.LLM2, 10, 1, "gpu_b"))
    assert run.status
    assert run.status.ends_at == NOW + timedelta(minutes=10)
    assert (run.in_s, run.not_known) == (600, "")
    assert run.status.audited_per_minute == 6


def test_an_end_that_cannot_be_told_is_said_to_be_unknown_and_why() -> None:
    run = live(line(Stage.STT, 20, 10), line(Stage.LLM1, 30, 0), line(Stage.LLM2, 30, 0))
    assert run.in_s is None
    assert run.not_known == "no call has come out of llm1 on gpu_a, llm2 on gpu_a in the last 5 minutes"
    many = live(*(line(stage, 30, 0) for stage in STAGES))
    assert many.not_known.endswith("denoise on gpu_a and 5 more in the last 5 minutes")
    young = replace(run, seen_at=OPENED_AT + timedelta(minutes=2))
    assert young.not_known == "no call has come out of llm1 on gpu_a, llm2 on gpu_a yet"
    assert live().not_known == "its calls have no shards"


@pytest.mark.parametrize("phase", [Phase.CLOSING, Phase.PLANNING])
def test_no_reason_is_given_where_no_end_is_missed(phase: Phase) -> None:
    run = live(line(Stage.LLM2, 0, 0), pending=0)
    assert (run.in_s, replace(run, phase=phase).not_known) == (None, "")
