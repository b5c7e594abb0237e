"""What a run owes is known from before its batch until nothing is owed, whatever Airflow knows of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from include.calls.stage import Stage
from include.database import batches, owed
from include.database.batches import Batch
from include.database.lanes import count_open, tell
from include.database.models import CallRow, LaneRow
from include.database.work import StageJob
from tests.unit.database.seeding import DAY, HOST, Day, recording


def run_of(day: Day, batch_id: str = "run-1") -> owed.Run:
    run = day.database.read(lambda connection: owed.run_of(connection, batch_id))
    assert run
    return run


def owing(day: Day) -> list[str]:
    return [run.batch_id for run in day.database.read(owed.owing)]


def test_a_run_owes_from_before_it_has_a_batch(day: Day) -> None:
    day.database.write(lambda connection: owed.begin(connection, "run-1"))
    assert owing(day) == ["run-1"]
    assert (run_of(day).day, run_of(day).planned_at) == (None, None)
    day.discover(recording())
    assert (run_of(day).day, run_of(day).location) == (DAY, "file:///calls")


def test_it_owes_until_its_books_its_report_and_its_files_are_done(day: Day) -> None:
    day.planned(recording())
    for done in (
        lambda connection: owed.close(connection, "run-1", "2 calls are open"),
        lambda connection: owed.reported(connection, "run-1"),
        lambda connection: owed.cleaned(connection, "run-1"),
    ):
        assert owing(day) == ["run-1"]
        day.database.write(done)
    assert owing(day) == []
    assert (run_of(day).failed, run_of(day).reason) == (True, "2 calls are open")


def test_a_plan_made_anew_owes_all_of_it_again(day: Day) -> None:
    batch = day.planned(recording())
    planned_at = run_of(day).planned_at
    day.database.write(lambda connection: owed.stopped(connection, "run-1", "plan: no host"))
    day.database.write(lambda connection: owed.close(connection, "run-1", "it failed"))
    day.database.write(lambda connection: owed.cleaned(connection, "run-1"))
    day.plan(batch)
    run = run_of(day)
    assert planned_at and run.planned_at and run.planned_at > planned_at
    assert (run.closed_at, run.failed, run.reason, run.cleaned_at, run.trouble) == (None,) * 5
    assert run.day == DAY


def test_looking_for_calls_anew_forgets_the_plan(day: Day) -> None:
    day.planned(recording())
    day.database.write(lambda connection: owed.reopen(connection, "run-1", planned=False))
    assert run_of(day).planned_at is None


def test_what_airflow_shows_otherwise_has_to_be_reported(day: Day) -> None:
    day.planned(recording())
    day.database.write(lambda connection: owed.close(connection, "run-1", None))
    day.database.write(lambda connection: owed.reported(connection, "run-1"))
    day.database.write(lambda connection: owed.note_airflow_state(connection, "run-1", "failed"))
    assert (run_of(day).failed, run_of(day).shown_as, run_of(day).reported_at) == (False, "failed", None)


def test_a_reason_is_kept_without_what_no_database_takes_and_without_card_numbers(day: Day) -> None:
    told = "host said \0 4111 1111 1111 1111" + 10_000 * "x"
    day.database.write(lambda connection: owed.stopped(connection, "run-1", told))
    kept = run_of(day).trouble or ""
    assert kept.startswith("host said \ufffd")
    assert "4111 1111" not in kept and len(kept) <= 4_000


def test_runs_closed_lately(day: Day) -> None:
    day.planned(recording())
    day.database.write(lambda connection: owed.close(connection, "run-1", None))
    now = datetime.now(UTC)
    for since, found in ((now - timedelta(hours=1), 1), (now + timedelta(hours=1), 0)):
        assert len(day.database.read(lambda c, since=since: owed.closed_since(c, since))) == found


def test_closing_gives_up_what_killed_tasks_hold(day: Day) -> None:
    call = recording()
    batch = day.planned(call)
    job = StageJob("run-1", 0, HOST, Stage.DENOISE)
    day.database.write(lambda connection: tell(connection, job, 1, 1))
    assert day.database.read(lambda connection: count_open(connection, "run-1")) == 1
    day.database.write(lambda connection: batches.close(connection, batch))
    assert day.database.read(lambda connection: count_open(connection, "run-1")) == 0
    (lane,) = day.rows(LaneRow)
    assert (lane["in_flight"], lane["ended_at"]) == (0, lane["seen_at"])


def test_what_a_killed_task_may_have_sent_is_deleted_too(day: Day) -> None:
    call = recording()
    batch: Batch = day.planned(call)

    def held() -> dict[str, list[str]]:
        return day.database.read(lambda connection: batches.held_on_hosts(connection, batch.batch_id))

    assert held() == {}
    job = StageJob("run-1", 0, HOST, Stage.DISTRIBUTE)
    day.database.write(lambda connection: tell(connection, job, 1, 1))
    assert held() == {HOST: [call.call_id]}
    day.audit(batch, call, stages=[Stage.DISTRIBUTE])
    assert held() == {HOST: [call.call_id]}


def test_what_another_run_works_on_now_is_not_deleted(day: Day) -> None:
    kept, taken = recording("kept.wav"), recording("taken.wav")
    batch = day.planned(kept, taken)
    day.audit(batch, kept, taken, stages=[Stage.DISTRIBUTE])
    claimed = update(CallRow).where(CallRow.call_id == taken.call_id).values(claimed_by="run-2")
    day.database.write(lambda connection: connection.execute(claimed))
    held = day.database.read(lambda connection: batches.held_on_hosts(connection, batch.batch_id))
    assert held == {HOST: [kept.call_id]}
