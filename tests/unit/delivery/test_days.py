"""The report tells what became of a run's days: absence on top, late recordings by day."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.calls.call import CallState, call_id_for
from include.calls.days import DayState, Verdict
from include.database import owed
from include.database.models import BatchRow, CallRow
from include.delivery.report import render_html, write_report
from include.delivery.summary import summarise
from include.delivery.table import text_table
from tests.unit.delivery.seeding import DAY, OPENED_AT, SeededDay

RUN, BEFORE = "run-2", "run-1"
YESTERDAY = DAY - timedelta(days=1)


def late_call(day: SeededDay, path: str, state: CallState = CallState.FAILED, *, again: bool = False) -> None:
    """A call of the day before, which the run took up."""
    call_id = call_id_for(YESTERDAY, path)
    described = {"uri": f"file:///calls/{path}", "size_bytes": 1, "channel_roles": [], "extra": {}}
    times = {"discovered_at": OPENED_AT, "changed_at": OPENED_AT}
    reason = {"state": state, "state_reason": "stt: broke"}
    day.insert(CallRow, call_id=call_id, day=YESTERDAY, path=path, **described, **times, **reason)
    day.account(RUN, call_id)
    if again:
        day.account(BEFORE, call_id)


@pytest.fixture
def night(day: SeededDay) -> SeededDay:
    """A run with a call of its own, two late ones, and one that the run before had left."""
    opened = {"opened_at": OPENED_AT - timedelta(days=1), "closed_at": None, "ledger": None}
    day.insert(BatchRow, batch_id=BEFORE, day=YESTERDAY, location="", params={}, **opened)
    day.batch(RUN)
    day.day(RUN, YESTERDAY, recordings=1203)
    day.call(RUN, "own.wav", CallState.FAILED, reason="stt: broke")
    late_call(day, "late-1.wav")
    late_call(day, "late-2.wav", CallState.QUARANTINED)
    late_call(day, "left.wav", again=True)
    return day


def test_late_recordings_are_counted_by_day(night: SeededDay) -> None:
    found = summarise(night.database, RUN)
    [late] = found.late_days
    assert (late.day, late.new, late.again, late.recordings) == (YESTERDAY, 2, 1, 1203)
    assert str(late.ledger) == "0 audited + 2 failed + 0 duplicate + 0 skipped + 1 quarantined = 3 discovered"
    assert found.outcome.ledger.discovered == 4, "the ledger of the run counts them too"
    assert "late recordings: 2 for 2026-03-01, 1 of 2026-03-01 that earlier runs had not ended" in text_table(
        found
    )


def test_the_page_tells_them_and_of_which_day_a_call_is(night: SeededDay) -> None:
    page = render_html(summarise(night.database, RUN))
    [row] = re.findall(r"<tr><td[^>]*>Sun, 1 March 2026.*?</tr>", page, re.DOTALL)
    assert re.sub(r"<[^>]+>|\s+", " ", row).split()[:6] == ["Sun,", "1", "March", "2026", "2", "1"]
    assert "late-1.wav</a> of 2026-03-01<" in re.sub("<!--.*?-->", "", page)
    assert "own.wav<" in page


def test_the_json_has_them(night: SeededDay, tmp_path: Path) -> None:
    write_report(summarise(night.database, RUN), tmp_path)
    days = json.loads((tmp_path / "summary.json").read_text())["days"]
    assert [(day["day"], day["state"], day["new"]) for day in days] == [
        ("2026-03-01", "ok", 2),
        ("2026-03-02", "ok", 0),
    ]


def test_a_run_without_late_recordings_says_nothing_of_them(day: SeededDay) -> None:
    day.batch(RUN)
    day.day(RUN, YESTERDAY, recordings=7)
    found = summarise(day.database, RUN)
    assert found.late_days == ()
    assert "late" not in text_table(found).lower()
    assert "Late recordings" not in render_html(found)


@pytest.mark.long
@pytest.mark.parametrize(
    ("state", "verdict", "title", "notice"),
    [
        (DayState.NO_FOLDER, Verdict.FAIL, "no folder", "No folder: this run counts as failed."),
        (DayState.EMPTY, Verdict.WARN, "no recordings", "No recordings."),
        (DayState.FEW, Verdict.WARN, "few recordings", "Few recordings."),
    ],
)
def test_absence_is_told_on_top(
    day: SeededDay, state: DayState, verdict: Verdict, title: str, notice: str
) -> None:
    day.batch(RUN, looked_for=False)
    day.day(RUN, DAY, state, verdict, told="Why <so> few?")
    page = render_html(summarise(day.database, RUN))
    head = page[page.index("<body>") : page.index('aria-label="Ledger')]
    assert f"{title}</span></h1>" in head
    assert f"<strong>{notice}</strong>" in head
    assert "Why &lt;so&gt; few?" in head, "folder names are anybody's"
    assert f"{title}: Why <so> few?" in text_table(summarise(day.database, RUN))


@pytest.mark.long
def test_what_a_run_failed_of_is_told_once(day: SeededDay) -> None:
    lacks = "/srv/calls has no folder 2026-03-02"
    day.batch(RUN, looked_for=False)
    day.day(RUN, DAY, DayState.NO_FOLDER, Verdict.FAIL, told=lacks)
    day.database.write(lambda connection: owed.begin(connection, RUN))
    day.database.write(lambda connection: owed.close(connection, RUN, f"{lacks}: trigger the day again."))
    assert render_html(summarise(day.database, RUN)).count(lacks) == 1
    day.database.write(lambda connection: owed.close(connection, RUN, "The ledger does not close."))
    assert "<strong>This run failed.</strong> The ledger does not close." in render_html(
        summarise(day.database, RUN)
    )


def test_a_long_sentence_is_told_whole_in_the_table(day: SeededDay) -> None:
    day.batch(RUN, looked_for=False)
    told = "file:///srv/recordings/of/a/site has no folder 2026-03-02; found 2026_03_01: is the layout right?"
    day.day(RUN, DAY, DayState.NO_FOLDER, Verdict.FAIL, told=told)
    table = text_table(summarise(day.database, RUN))
    assert told in " ".join(table.split("\n"))
    assert max(map(len, table.splitlines())) <= 100


def test_what_the_site_calls_all_right_is_no_notice(day: SeededDay) -> None:
    day.batch(RUN, looked_for=False)
    day.day(RUN, DAY, DayState.EMPTY, Verdict.OK, told="No recordings there.")
    page = render_html(summarise(day.database, RUN))
    assert 'class="notice' not in page
    assert "No recordings were found for this day" in page


def test_a_day_before_that_could_not_be_looked_at_is_named(day: SeededDay) -> None:
    day.batch(RUN)
    day.day(RUN, YESTERDAY, DayState.UNREADABLE, Verdict.WARN, told="refuses access (denied)")
    found = summarise(day.database, RUN)
    assert "refuses access (denied)" in render_html(found)
    assert "not looked at again: 2026-03-01" in text_table(found)


@pytest.mark.long
def test_a_run_that_never_looked_for_recordings_is_not_closed(day: SeededDay) -> None:
    day.batch(RUN, wall_s=None, looked_for=False)
    found = summarise(day.database, RUN)
    page = render_html(found)
    assert not found.outcome.closed
    assert "recordings could not be looked for" in page
    assert "ledger closed" not in page
    assert "No recordings were found" not in page
    assert "LEDGER OPEN" in text_table(found)


def test_the_day_of_a_call_is_what_its_id_begins_with() -> None:
    from include.calls.call import call_day

    assert call_day(call_id_for(date(2026, 12, 31), "a.wav")) == date(2026, 12, 31)
