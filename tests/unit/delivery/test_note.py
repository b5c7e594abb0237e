"""cofi's part of a run's note, beside what people write there."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.call import CallState
from include.database import owed
from include.delivery.note import LONGEST, begun, ended, written
from tests.unit.delivery.seeding import DAY, SeededDay

RUN = "run-2"
OWN = "[cofi: 2026-03-02 · under way]"
people = st.text(st.characters(exclude_characters="[]"), max_size=600)


def part(day: SeededDay) -> str | None:
    return day.database.read(lambda connection: ended(connection, RUN))


def test_a_run_that_begins_tells_its_day_or_its_days() -> None:
    assert begun(DAY) == OWN
    assert begun(DAY, date(2026, 3, 6)) == "[cofi: 2026-03-02 to 2026-03-06 · under way]"


def test_a_run_that_has_ended_tells_its_ledger(day: SeededDay) -> None:
    day.batch(RUN)
    for n in range(3):
        day.call(RUN, f"{n}.wav")
    day.call(RUN, "lost.wav", CallState.FAILED, reason="stt: broke")
    day.database.write(lambda connection: owed.close(connection, RUN, None))
    assert part(day) == "[cofi: 2026-03-02 · 4 found: 3 audited, 1 failed]"


def test_a_day_without_recordings_and_an_unknown_run(day: SeededDay) -> None:
    assert part(day) is None
    day.batch(RUN)
    assert part(day) == "[cofi: 2026-03-02 · 0 found]"


def test_a_failed_run_tells_why_and_not_more_than_fits(day: SeededDay) -> None:
    reason = "no connection [cofi_llm]\n" + 3_000 * "x"
    day.database.write(lambda connection: owed.close(connection, RUN, reason))
    own = part(day) or ""
    assert own.startswith("[cofi: failed: no connection (cofi_llm) xxx")
    assert own.endswith("…]")
    assert written(written("checked by Ana", own), own) == f"checked by Ana\n{own}"


def test_a_run_whose_books_are_open_says_so(day: SeededDay) -> None:
    day.batch(RUN, wall_s=None)
    day.call(RUN, "a.wav", CallState.PENDING)
    day.database.write(lambda connection: owed.begin(connection, RUN))
    assert part(day) == (
        "[cofi: 2026-03-02 · 1 found: 1 pending · its books were open at its end: "
        "close_runs closes them; see its report]"
    )


@given(people, people)
def test_what_people_wrote_around_it_stays_letter_by_letter(before: str, after: str) -> None:
    new = "[cofi: 2026-03-02 · 4 found: 4 audited]"
    note = written(f"{before}{OWN}{after}", new)
    assert note in (f"{before}{new}{after}", None)
    assert (note is None) == (len(before) + len(new) + len(after) > LONGEST)


@pytest.mark.parametrize("note", [None, "", " \n"])
def test_an_empty_note_becomes_its_part(note: str | None) -> None:
    assert written(note, OWN) == OWN


def test_where_people_left_no_room_nothing_is_written() -> None:
    assert written("x" * LONGEST, OWN) is None
