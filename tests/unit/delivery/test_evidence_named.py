"""Which call a person means: by id, by path, by the name of its file, by what the recorder calls it."""

import pytest
from sqlalchemy import update

from include.calls.call import CallState
from include.database.models import CallRow
from include.delivery.evidence import evidence_of
from include.errors import InvalidInput
from tests.unit.delivery.seeding import SeededDay

RUN = "manual__1"
FILE = "a1_b2_20260302T14:30_UTC.wav"


def named(day: SeededDay, name: str) -> str:
    return str(day.database.read(lambda connection: evidence_of(connection, name)).call["call_id"])


def test_a_call_is_found_by_whatever_people_have_of_it(day: SeededDay) -> None:
    day.batch(RUN)
    call = day.call(RUN, f"2026/03/02/{FILE}", CallState.PENDING)
    day.call(RUN, "2026/03/02/other.wav", CallState.PENDING)
    with day.database.writing() as connection:
        connection.execute(update(CallRow).where(CallRow.call_id == call).values(interaction_id="contact-7"))
    for name in (call, f"2026/03/02/{FILE}", FILE, "contact-7", f"{RUN}/{FILE}", f"{RUN}/{call}"):
        assert named(day, name) == call


def test_a_path_goes_before_a_name_and_what_several_have_is_asked_back(day: SeededDay) -> None:
    day.batch(RUN)
    top = day.call(RUN, "x.wav", CallState.PENDING)
    day.call(RUN, "a/x.wav", CallState.PENDING)
    day.call(RUN, "a/y.wav", CallState.PENDING)
    day.call(RUN, "b/y.wav", CallState.PENDING)
    assert named(day, "x.wav") == top
    with pytest.raises(InvalidInput, match=r"y.wav names 2 calls .*give one id"):
        named(day, "y.wav")
    for nothing in ("z.wav", ".wav", "_.wav", "%"):
        with pytest.raises(InvalidInput, match="There is no call"):
            named(day, nothing)
