"""What a batch found of its days, what it took of days before, and what is usual on a weekday."""

from datetime import date, timedelta

from sqlalchemy import update

from include.calls.call import Call, CallState
from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.ledger import Ledger
from include.database import batches, calls, days
from include.database.batches import Batch
from include.database.days import LateCalls
from include.database.models import BatchRow, OutboxRow
from include.database.work import BatchKind
from tests.unit.database.seeding import DAY, Day, recording

NEXT = DAY + timedelta(days=1)
LOCATION = "file:///calls"


def taken_late(day: Day, *found: Call, batch_id: str = "run-2") -> Batch:
    """A batch of the next day without calls of its own, which takes these into the day before."""
    batch = day.discover(batch_id=batch_id, day=NEXT)
    with day.database.writing() as connection:
        known = {call.path: call for call in calls.calls_of_day(connection, DAY)}
        calls.record_discovery(connection, batch_id, found, known)
    return batch


class TestDaysOfABatch:
    def test_they_are_kept_in_order_and_told_anew_when_it_looks_again(self, day: Day) -> None:
        batch = day.discover()
        before = JudgedDay(DAY - timedelta(days=1), DayState.UNREADABLE, Verdict.WARN, 3, "denied")
        again = JudgedDay(DAY, DayState.FEW, Verdict.FAIL, 2, "2 of 3")
        with day.database.writing() as connection:
            for judged in (again, before):
                days.record_day(connection, batch.batch_id, judged)
            assert days.days_of(connection, batch.batch_id) == [before, again]
            assert days.own_day(connection, batch.batch_id) == again
            days.forget_days(connection, batch.batch_id)
            assert days.days_of(connection, batch.batch_id) == []

    def test_each_day_has_a_ledger_of_its_own(self, day: Day) -> None:
        day.audit(day.planned(recording("a.wav")), recording("a.wav"))
        late, broken = recording("late.wav"), recording("broken.wav", state=CallState.QUARANTINED)
        batch = taken_late(day, late, broken)
        own = recording("b.wav", day=NEXT)
        with day.database.writing() as connection:
            calls.record_discovery(connection, batch.batch_id, [own], {})
            assert days.ledgers_by_day(connection, batch.batch_id) == {
                DAY: Ledger(quarantined=1, pending=1),
                NEXT: Ledger(pending=1),
            }

    def test_late_calls_are_audited_by_the_run_that_took_them_and_its_ledger_closes(self, day: Day) -> None:
        first = day.planned(recording("a.wav"))
        day.audit(first, recording("a.wav"))
        late = recording("late.wav")
        batch = taken_late(day, late)
        assert day.plan(batch) == [late.call_id]
        day.audit(batch, late)

        ledgers = [day.database.write(lambda c, b=b: batches.close(c, b))[0] for b in (first, batch)]

        assert ledgers == [Ledger(audited=1), Ledger(audited=1)], "the ledger of the day's own run stays"
        with day.database.reading() as connection:
            assert [call.state for call in calls.calls_of_day(connection, DAY)] == ["audited"] * 2

    def test_what_came_late_is_told_from_what_was_left(self, day: Day) -> None:
        left, new = recording("left.wav"), recording("new.wav")
        day.discover(left)
        batch = taken_late(day, left, new)
        day.discover(left, new, batch_id="run-3")  # a later run knows both: that says nothing of this one
        with day.database.reading() as connection:
            assert days.late_calls(connection, batch.batch_id) == {DAY: LateCalls(new=1, again=1)}
            assert days.late_calls(connection, "run-1") == {}


class TestClosing:
    def events(self, day: Day) -> dict[str, dict]:
        return {row["event_type"]: row["payload"]["data"] for row in day.rows(OutboxRow, call_id=None)}

    def test_the_event_of_a_run_tells_its_days(self, day: Day) -> None:
        day.discover(recording("left.wav"))
        batch = taken_late(day, recording("left.wav"), recording("new.wav"))
        empty = JudgedDay(NEXT, DayState.EMPTY, Verdict.WARN, 0, "The folder holds no recordings.")
        with day.database.writing() as connection:
            days.record_day(connection, batch.batch_id, empty)
        day.plan(batch)
        day.audit(batch, recording("left.wav"), recording("new.wav"))

        day.database.write(lambda c: batches.close(c, batch))

        told = self.events(day)["run.completed"]
        assert (told["day_state"], told["day_problem"]) == ("empty", "The folder holds no recordings.")
        assert told["day_told"] == told["day_problem"], "receivers may know the older name"
        assert told["late"] == [{"day": "2026-11-16", "new": 1, "again": 1}]

    def test_a_run_that_never_looked_for_recordings_is_not_complete(self, day: Day) -> None:
        batch = Batch("run-1", DAY, LOCATION, {})
        day.database.write(lambda c: batches.open_batch(c, batch))

        ledger, _ = day.database.write(lambda c: batches.close(c, batch))

        assert ledger == Ledger()
        (row,) = day.rows(BatchRow)
        assert row["closed_at"] is None
        assert row["ledger"] is not None, "it is no open run either"
        assert (
            self.events(day)["run.incomplete"] | {"closed": False, "day_state": None}
            == self.events(day)["run.incomplete"]
        )

    def test_a_day_without_calls_is_complete(self, day: Day) -> None:
        batch = day.discover()
        day.database.write(lambda c: batches.close(c, batch))
        assert self.events(day)["run.completed"]["day_state"] == "ok"

    def test_the_end_is_told_again_when_the_day_is_another(self, day: Day) -> None:
        batch = day.discover()
        for state in (DayState.NO_FOLDER, DayState.NO_FOLDER, DayState.OK):
            with day.database.writing() as connection:
                days.record_day(connection, batch.batch_id, JudgedDay(DAY, state, Verdict.OK, 0))
                batches.close(connection, batch)
        told = [row["payload"]["data"]["day_state"] for row in day.rows(OutboxRow)]
        assert sorted(told) == ["no_folder", "ok"]

    def test_a_rescore_has_no_day_of_recordings(self, day: Day) -> None:
        batch = Batch("run-1", DAY, "stored transcripts", {}, BatchKind.RESCORE)
        day.database.write(lambda c: batches.open_batch(c, batch))
        day.database.write(lambda c: batches.close(c, batch))
        assert self.events(day)["run.completed"]["late"] == []


class TestWhatIsUsual:
    def weeks(self, day: Day, *sizes: int | None, **changes: object) -> list[int]:
        """History after weeks with so many calls; None for one that nobody audited."""
        for week, size in enumerate(sizes, 1):
            if size is not None:
                when = DAY - timedelta(weeks=week)
                found = (recording(f"{n}.wav", day=when) for n in range(size))
                batch = day.discover(*found, batch_id=f"w{week}", day=when)
                if changes:
                    with day.database.writing() as connection:
                        of_batch = update(BatchRow).where(BatchRow.batch_id == batch.batch_id)
                        connection.execute(of_batch.values(**changes))
        return day.database.read(lambda c: days.weekday_history(c, DAY, LOCATION))

    def test_days_that_were_audited_count_with_none_too(self, day: Day) -> None:
        assert self.weeks(day, 3, 0, None, 2) == [2, 0, 3]

    def test_no_more_than_eight_weeks_and_no_other_weekday_count(self, day: Day) -> None:
        day.discover(recording("a.wav", day=NEXT), batch_id="other", day=NEXT - timedelta(weeks=1))
        assert self.weeks(day, *range(1, 11)) == [8, 7, 6, 5, 4, 3, 2, 1]

    def test_trials_rescores_and_other_sites_do_not(self, day: Day) -> None:
        assert self.weeks(day, 3, params={"limit": 3}) == []
        assert self.weeks(day, 3, kind="rescore") == []
        assert self.weeks(day, 3, location="file:///elsewhere") == []

    def test_a_day_counts_once_however_many_runs_it_had(self, day: Day) -> None:
        self.weeks(day, 2)
        week_ago = DAY - timedelta(weeks=1)
        day.discover(*(recording(f"{n}.wav", day=week_ago) for n in range(2)), batch_id="again", day=week_ago)
        assert day.database.read(lambda c: days.weekday_history(c, DAY, LOCATION)) == [2]


class TestLeftOpen:
    def test_pending_calls_are_told_with_the_audits_that_account_for_them(self, day: Day) -> None:
        done, open_call = recording("done.wav"), recording("open.wav")
        batch = day.planned(done, open_call)
        day.audit(batch, done)
        day.discover(open_call, batch_id="run-2")
        day.discover(recording("c.wav", day=NEXT), batch_id="run-3", day=NEXT)
        with day.database.reading() as connection:
            assert days.batches_of_pending(connection, DAY) == {"run-1", "run-2"}
            assert days.batches_of_pending(connection, date(2026, 1, 1)) == set()
            assert list(days.pending_without(connection, DAY, ["run-3"])) == [open_call.call_id]
            assert list(days.pending_without(connection, DAY, [])) == [open_call.call_id]
            for batch_id in ("run-1", "run-2"):
                assert not list(days.pending_without(connection, DAY, [batch_id]))
