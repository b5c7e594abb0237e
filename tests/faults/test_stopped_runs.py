"""A run is marked, cleared, deleted or out of time, in each phase: its state agrees with its ledger."""

from collections.abc import Callable

import pytest

from tests.faults.conftest import CALLS, Cofi, until
from tests.faults.marking import Watched

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900, func_only=True)]

FEW = CALLS // 5
gate = pytest.mark.gate
Phase = Callable[[Watched], None]


def at_its_beginning(run: Watched) -> None:
    run.reaches("open_batch", "queued", "running", "success")


def on_hosts(run: Watched) -> None:
    run.cofi.wait_until_done(run.run_id, "denoise", 0.2)


def at_the_llm(run: Watched) -> None:
    run.cofi.wait_until_done(run.run_id, "llm1", 0.2)


def at_settle(run: Watched) -> None:
    run.reaches("settle", "scheduled", "queued", "running", "up_for_reschedule", "success")


@pytest.fixture
def run(cofi: Cofi) -> Watched:
    """A run that has just been triggered."""
    day = cofi.new_day(FEW)
    return Watched(cofi, day, cofi.trigger(day))


def assert_it_cannot_lie(run: Watched, *, shown: bool = True) -> None:
    """Its state is that of its ledger; it holds nothing; its report and one event tell how it ended."""
    run.owes_nothing()
    run.holds_nothing()
    book, ledger = run.book, run.ledger()
    assert book.failed or "pending" not in ledger
    if shown:
        assert run.state() == ("failed" if book.failed else "success")
    # Its day has calls: a ledger without any is of a run that never found out what there is to audit.
    closed = ledger and "pending" not in ledger
    event = "run.completed" if closed else "run.incomplete"
    assert run.events() == ([event] if run.has_begun else [])
    assert ("This run failed" in run.report()) == book.failed


def assert_the_day_can_be_done(run: Watched) -> None:
    """Nothing of it is lost, and nothing that was stored is paid for again."""
    again = run.cofi.trigger(run.day)
    assert run.cofi.wait_for(again) == ["success"]
    run.cofi.assert_audited_once(run.day, again, calls=FEW)


@pytest.mark.parametrize(
    "phase", [at_its_beginning, pytest.param(on_hosts, marks=gate), at_the_llm, at_settle]
)
def test_a_run_that_is_marked_as_failed_is_failed(run: Watched, phase: Phase) -> None:
    phase(run)
    run.mark("failed")
    run.has_ended()
    # Where no task was at work at that moment, Airflow has none to fail: its ledger alone decides.
    is_done = phase is at_settle and run.ledger() == {"audited": FEW}
    assert run.state() == "failed" or is_done
    assert_it_cannot_lie(run)
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize(
    "phase", [at_its_beginning, on_hosts, pytest.param(at_the_llm, marks=gate), at_settle]
)
def test_a_run_that_is_marked_as_success_is_one_only_if_its_ledger_closes(run: Watched, phase: Phase) -> None:
    phase(run)
    run.mark("success")
    run.has_ended()
    assert_it_cannot_lie(run)
    assert run.state() == "failed" or run.ledger() == {"audited": FEW}
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize("state", ["success", "failed", "skipped"])
@pytest.mark.parametrize("task_id", ["settle", "report"])
def test_a_last_task_that_is_marked_by_hand_leaves_no_book_open(
    run: Watched, task_id: str, state: str
) -> None:
    at_its_beginning(run)
    run.mark_task(task_id, state)
    run.has_ended()
    assert_it_cannot_lie(run)
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize("task_id", ["open_batch", "discover", "plan"])
def test_a_first_task_that_is_marked_as_failed_fails_the_run(run: Watched, task_id: str) -> None:
    run.mark_task(task_id, "failed")
    run.has_ended()
    assert run.state() == "failed"
    run.owes_nothing()
    assert "failed before" in run.report()
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize(("task_id", "next_one"), [("open_batch", "discover"), ("discover", "plan")])
def test_a_first_task_that_is_marked_as_success_before_its_end_fails_the_run(
    run: Watched, task_id: str, next_one: str
) -> None:
    run.mark_task(task_id, "success")
    run.has_ended()
    assert run.state() == "failed"
    run.owes_nothing()
    assert f"{next_one}: Somebody has marked {task_id} before its end." in run.report()
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize("phase", [at_its_beginning, on_hosts, at_the_llm])
def test_a_run_whose_last_task_is_marked_owes_its_books_to_the_next_look(run: Watched, phase: Phase) -> None:
    phase(run)
    run.mark_task("clean_up", "success")
    run.mark("failed")
    run.has_ended()
    assert_it_cannot_lie(run)
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize("phase", [at_its_beginning, on_hosts, at_the_llm, at_settle])
def test_a_run_out_of_time_owes_its_books_to_the_next_look(run: Watched, phase: Phase) -> None:
    phase(run)
    run.time_is_up()
    run.has_ended()
    assert_it_cannot_lie(run)
    assert_the_day_can_be_done(run)


@pytest.mark.parametrize("phase", [on_hosts, at_the_llm])
def test_a_run_that_is_deleted_owes_its_books_all_the_same(run: Watched, phase: Phase) -> None:
    phase(run)
    run.vanishes()
    assert_it_cannot_lie(run, shown=False)
    assert_the_day_can_be_done(run)


def test_a_run_that_is_marked_and_then_deleted(run: Watched) -> None:
    on_hosts(run)
    run.mark("failed")
    run.has_ended()
    run.api.delete(run.run_id)
    assert_it_cannot_lie(run, shown=False)


@pytest.mark.parametrize("phase", [on_hosts, at_the_llm])
def test_a_run_that_is_cleared_while_it_works_does_all_of_it(run: Watched, phase: Phase) -> None:
    phase(run)
    run.api.clear(run.run_id, ["plan"])
    run.has_ended()
    assert run.state() == "success"
    assert_it_cannot_lie(run)
    run.cofi.assert_audited_once(run.day, run.run_id, calls=FEW)


def test_a_failed_run_that_is_cleared_does_what_is_missing(run: Watched) -> None:
    on_hosts(run)
    run.mark("failed")
    run.has_ended()
    run.owes_nothing()
    run.api.clear(run.run_id, ["plan"])
    run.has_ended()
    assert run.state() == "success"
    run.owes_nothing()
    run.cofi.assert_audited_once(run.day, run.run_id, calls=FEW)
    assert "This run failed." not in run.report()


def test_a_failed_run_that_is_marked_as_success_afterwards_says_what_it_is(run: Watched) -> None:
    on_hosts(run)
    run.mark("failed")
    run.has_ended()
    run.owes_nothing()
    run.mark("success")
    until(lambda: run.book.shown_as == "success" and run.book.reported_at, "the next look sees it", 200)
    report = run.report()
    assert "Airflow shows this run as success" in report and "This run failed." in report
    run.mark("failed")
    until(lambda: run.book.shown_as is None and run.book.reported_at, "the next look sees that too", 200)


def test_a_run_that_is_marked_while_the_scheduler_is_dead(run: Watched) -> None:
    on_hosts(run)
    run.cofi.kill_component("scheduler")
    run.mark("failed")
    run.has_ended()
    assert run.state() == "failed"
    assert_it_cannot_lie(run)
    assert_the_day_can_be_done(run)


def test_of_two_runs_of_a_day_one_is_marked_as_failed(run: Watched) -> None:
    other = Watched(run.cofi, run.day, run.cofi.trigger(run.day))
    on_hosts(run)
    other.reaches("settle", "up_for_reschedule")
    run.mark("failed")
    run.has_ended()
    other.has_ended()
    for each in (run, other):
        assert each.state() == "failed"
        assert_it_cannot_lie(each)
    assert_the_day_can_be_done(run)
