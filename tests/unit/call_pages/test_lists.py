"""Days and calls in pages: all of them once, whatever the length of a page."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from include.call_pages import days, lists
from include.calls.call import CallMetadata, CallState
from include.database.engine import Database
from include.database.models import BatchDayRow
from tests.unit.database.seeding import DAY, Day, recording


def _found(day: Day, *paths: str, **changes: Any) -> None:
    metadata = CallMetadata(agent=changes.pop("agent", None), agent_id=changes.pop("agent_id", None))
    day.discover(*(recording(path, metadata=metadata, **changes) for path in paths))


@pytest.mark.long
@pytest.mark.parametrize("shown", [1, 2, 3, 10])
def test_every_call_of_a_day_is_on_one_page(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch, shown: int
) -> None:
    monkeypatch.setattr(lists, "CALLS_SHOWN", shown)
    paths = ["b.wav", "a.wav", "sub/c.wav", "ñ d.wav", "B.wav"]
    _found(day, *paths)
    seen, after, more = [], None, True
    while more:
        page = database.read(lambda c, after=after: lists.calls_of_day(c, DAY, after=after, blind=()))
        seen += [one.path for one in page.calls]
        after, more = page.after, page.after is not None
    assert sorted(seen) == sorted(paths)


def test_calls_of_a_day_can_be_narrowed_to_a_state(day: Day, database: Database) -> None:
    _found(day, "a.wav", "b.wav")
    _found(day, "c.wav", state=CallState.SKIPPED, state_reason="too short")
    page = database.read(lambda c: lists.calls_of_day(c, DAY, CallState.SKIPPED, blind=()))
    assert [(one.path, one.reason, one.pct) for one in page.calls] == [("c.wav", "too short", None)]


@pytest.mark.parametrize("shown", [1, 2, 5])
def test_an_agents_calls_are_their_own_and_each_once(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch, shown: int
) -> None:
    monkeypatch.setattr(lists, "CALLS_SHOWN", shown)
    _found(day, "a.wav", "b.wav", agent="Dana")
    _found(day, "c.wav", "d.wav", agent="Dana", agent_id="d-7")
    _found(day, "e.wav", agent_id="d-7")
    _found(day, "x.wav", agent="Kim", agent_id="k-1")
    seen, after = [], None
    while True:
        of_dana = lambda c, after=after: lists.calls_of_agents(c, ["Dana", "d-7"], after, blind=())  # noqa: E731
        calls, after = database.read(of_dana)
        seen += [one.path for one in calls]
        if after is None:
            break
    assert sorted(seen) == ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"]


@pytest.mark.parametrize("shown", [1, 2, 3, 8])
def test_every_day_is_on_one_page_the_newest_first(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch, shown: int
) -> None:
    monkeypatch.setattr(days, "DAYS_SHOWN", shown)
    dates = [DAY + timedelta(days=2 * number) for number in range(5)]
    for one in dates:
        day.discover(recording("a.wav", one), batch_id=f"run-{one}", day=one)
    seen: list[date] = []
    before = None
    while True:
        found, before = database.read(lambda c, before=before: days.list_days(c, before))
        seen += [one.day for one in found]
        if before is None:
            break
    assert seen == dates[::-1]


def test_a_day_says_what_its_last_run_found_missing(day: Day, database: Database) -> None:
    day.discover(recording("a.wav"))
    database.write(lambda c: c.execute(update(BatchDayRow).values(problem="1 recording, 40 expected.")))
    ((one,), _) = database.read(days.list_days)
    assert (one.problem, one.ledger.pending) == ("1 recording, 40 expected.", 1)


def test_a_day_without_recordings_stands_among_the_others_with_what_its_run_says(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "DAYS_SHOWN", 2)
    dates = [DAY + timedelta(days=number) for number in range(4)]
    for one in (dates[0], dates[3]):
        day.discover(recording("a.wav", one), batch_id=f"run-{one}", day=one)
    for one in dates[1:3]:
        day.discover(batch_id=f"run-{one}", day=one)
    database.write(lambda c: c.execute(update(BatchDayRow).values(problem="no folder")))
    newest, before = database.read(days.list_days)
    earlier, end = database.read(lambda c: days.list_days(c, before))
    assert [(one.day, one.ledger.discovered) for one in (*newest, *earlier)] == [
        (dates[3], 1),
        (dates[2], 0),
        (dates[1], 0),
        (dates[0], 1),
    ]
    assert (newest[1].problem, end) == ("no folder", None)
    assert database.read(lambda c: days.problem_of(c, dates[2])) == "no folder"
    assert database.read(lambda c: days.problem_of(c, DAY + timedelta(days=9))) is None
