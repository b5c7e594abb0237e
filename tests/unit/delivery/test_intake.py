"""The report says what lay beside recordings, and who told who speaks on which channel."""

import json
from typing import Any

import pytest

from include.calls.files import DayFiles
from include.database.models import BatchRow, CallRow, TranscriptRow
from include.delivery.report import render_html, render_json
from include.delivery.summary import RunSummary, summarise
from include.delivery.table import text_table
from tests.unit.delivery.seeding import OPENED_AT, SeededDay

RUN = "run-2"


def told(by: str, *roles: str, doubted: bool = False) -> list[dict[str, Any]]:
    return [
        {"channel": n, "role": role, "source": by, "confidence": 1, "because": [], "doubted": doubted}
        for n, role in enumerate(roles)
    ]


def heard(day: SeededDay, path: str, channels: int, roles: list[dict[str, Any]] | None, *before: str) -> None:
    call = day.call(RUN, path)
    row = {"sha256": "t" * 64, "language": "en", "transcript": {}, "created_at": OPENED_AT}
    day.insert(TranscriptRow, call_id=call, channel_roles=roles, **row)
    with day.database.writing() as connection:
        changed = CallRow.__table__.update().where(CallRow.call_id == call)
        connection.execute(changed.values(channels=channels, channel_roles=list(before)))


def summary_of(day: SeededDay, files: DayFiles | None = None) -> RunSummary:
    if files:
        with day.database.writing() as connection:
            connection.execute(BatchRow.__table__.update().values(files=files.as_json()))
    return summarise(day.database, RUN)


@pytest.mark.long
def test_calls_are_counted_by_who_told_their_roles(day: SeededDay) -> None:
    day.batch(RUN)
    heard(day, "a.wav", 2, told("recorder", "customer", "agent"))
    heard(day, "b.wav", 2, told("recorder", "customer", "agent", doubted=True))
    heard(day, "c.wav", 2, told("content", "agent", "customer"))
    heard(day, "d.wav", 2, told("nobody", "unknown", "unknown"))
    heard(day, "e.wav", 2, told("manifest", "unknown", "agent"))
    heard(day, "mono.wav", 1, [])
    heard(day, "old.wav", 2, None, "agent", "customer")
    heard(day, "older.wav", 2, None)
    roles = summary_of(day).roles
    assert dict(roles.by_source) == {"recorder": 2, "content": 1, "manifest": 1, "earlier version": 1}
    assert (roles.calls, roles.unknown, roles.doubted) == (7, 2, 1)
    assert tuple(roles.examples.values()) == ("b.wav", "d.wav", "older.wav")
    table = text_table(summary_of(day))
    assert "roles     of 7 calls known: 1 by the manifest, 2 by the recorder's file" in table
    assert "in 1 call what is said speaks against them" in table
    page = " ".join(render_html(summary_of(day)).split())
    assert "is known for 5 of 7 calls:" in page
    assert "In 1 call, what is said contradicts the roles that their source states." in page


@pytest.mark.long
def test_where_all_is_told_and_nothing_lies_beside_the_table_is_as_short_as_before(day: SeededDay) -> None:
    day.batch(RUN)
    heard(day, "a.wav", 2, told("manifest", "customer", "agent"))
    table = text_table(summary_of(day, DayFiles(recordings=1)))
    assert "roles " not in table and "beside " not in table
    assert "is known for 1 of 1 call" in " ".join(render_html(summary_of(day)).split())


def test_what_lies_beside_is_in_table_page_and_json(day: SeededDay) -> None:
    day.batch(RUN)
    day.call(RUN, "a.wav")
    files = DayFiles(
        recordings=1,
        sidecars=1,
        sidecars_alone=2,
        ignored={".txt": 1, ".log": 2},
        problems=("no recording for 2 sidecars, such as <b>.json: copy the recordings",),
    )
    summary = summary_of(day, files)
    assert summary.files == files
    told_as = "1 sidecar, 2 sidecars without their recordings, 3 ignored files (1 .txt, 2 .log)"
    assert f"beside    {told_as}" in text_table(summary)
    page = render_html(summary)
    assert told_as in page
    assert "&lt;b&gt;.json" in page and "<b>.json" not in page
    assert json.loads(render_json(summary))["files"]["ignored"] == {".txt": 1, ".log": 2}


def test_a_run_of_an_earlier_version_has_counted_nothing(day: SeededDay) -> None:
    day.batch(RUN)
    day.call(RUN, "a.wav")
    summary = summary_of(day)
    assert (summary.files, summary.roles.calls) == (None, 0)
    assert "What came in" not in render_html(summary)


def test_counts_are_told_in_words() -> None:
    assert str(DayFiles()) == "nothing"
    everything = DayFiles(
        sides=1,
        sidecars=24,
        sidecars_alone=1,
        sidecars_unread=1,
        without_sidecar=2,
        ignored={".wav": 1},
        unknown={"(none)": 2},
        other_days=3,
    )
    assert str(everything) == (
        "1 second side of a call, 24 sidecars, 1 sidecar without its recording, "
        "1 sidecar that cannot be read, 2 recordings without a sidecar, 1 ignored file (1 .wav), "
        "2 unknown files (2 (none)), 3 recordings of other days"
    )
    assert DayFiles.of({**everything.as_json(), "of a later version": 1}) == everything
