"""A manifest is read as people write it: what is wrong in one cell costs that cell alone."""

import csv
import io
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.call import CallMetadata, ChannelRole, ChannelRolesSource
from include.calls.manifest import Manifest, read_manifest
from include.calls.recorders.describing import FIELDS
from include.errors import InvalidInput


def manifest(text: str | bytes) -> Manifest:
    content = text if isinstance(text, bytes) else text.encode()
    return read_manifest(BytesIO(content), "manifest.csv", "Europe/Madrid")


def read(text: str | bytes) -> dict[str, CallMetadata]:
    return {row.file.strip(): row.metadata for row in manifest(text).rows}


def test_every_column_becomes_metadata_and_unknown_ones_are_kept() -> None:
    rows = read(
        "file,agent,queue,direction,customer_ref,started_at,channel_roles,Campaign Name\n"
        "night/a.ogg,Dana,billing,inbound,C-1,2026-11-16T09:12:00+02:00,agent|customer,autumn\n"
    )
    assert rows == {
        "night/a.ogg": CallMetadata(
            agent="Dana",
            queue="billing",
            direction="inbound",
            customer_ref="C-1",
            started_at=datetime(2026, 11, 16, 7, 12, tzinfo=UTC),
            channel_roles=(ChannelRole.AGENT, ChannelRole.CUSTOMER),
            roles_source=ChannelRolesSource.MANIFEST,
            extra={"campaign name": "autumn"},
        )
    }


def test_every_field_of_a_call_may_be_a_column() -> None:
    rows = read(
        "file,agent_name,agent_id,team,caller,called,caller_name,called_name,start_time,end_time,hold_s,"
        "disposition,interaction_id,language,tags,product_name,vocabulary\n"
        "a.wav,Dana Fox,dfox,North,+34 600,101,Ana,Dana,2026-11-16T09:12:00Z,2026-11-16T09:15:30Z,1:05,"
        "resolved,x-1,es,late fee|new,Fibre 300,SuperNet|Ruta Móvil\n"
    )
    assert rows["a.wav"] == CallMetadata(
        agent="Dana Fox",
        agent_id="dfox",
        team="North",
        caller="+34 600",
        called="101",
        caller_name="Ana",
        called_name="Dana",
        started_at=datetime(2026, 11, 16, 9, 12, tzinfo=UTC),
        ended_at=datetime(2026, 11, 16, 9, 15, 30, tzinfo=UTC),
        hold_s=65,
        disposition="resolved",
        interaction_id="x-1",
        language="es",
        tags=("late fee", "new"),
        product="Fibre 300",
        vocabulary=("SuperNet", "Ruta Móvil"),
    )


@given(cell=st.text(max_size=40))
def test_no_cell_stops_a_run(cell: str) -> None:
    written = io.StringIO()
    names = ["file", *sorted(FIELDS)]
    csv.writer(written).writerows([names, ["a.wav", *[cell] * len(FIELDS)]])
    row = read(written.getvalue().encode(errors="replace")).get("a.wav", CallMetadata())
    assert "\0" not in f"{row.agent}{row.extra}"


def test_a_time_without_a_zone_is_the_sites() -> None:
    started_at = read("file,started_at\na.wav,2026-11-16 09:12\n")["a.wav"].started_at
    assert started_at == datetime(2026, 11, 16, 8, 12, tzinfo=UTC)


def test_spreadsheet_habits_do_no_harm() -> None:
    text = " File ,AGENT\n a.wav , Núria \nb.wav,007\nc.wav,NA\nd.wav,\n,Kim\n"
    rows = read("\ufeff".encode() + text.encode())

    assert {path: row.agent for path, row in rows.items()} == {
        "a.wav": "Núria",
        "b.wav": "007",
        "c.wav": "NA",
        "d.wav": None,
    }


def test_a_wrong_cell_loses_that_cell_only() -> None:
    read = manifest("file,agent,started_at,channel_roles\na.wav,Dana,yesterday-ish,left|right\n")
    row = read.rows[0].metadata

    assert (row.agent, row.started_at, row.channel_roles) == ("Dana", None, ())
    assert row.extra == {"started_at": "yesterday-ish", "channel_roles": "left|right"}
    assert read.problems == (
        "row 2 (a.wav): started_at 'yesterday-ish' is not understood; write it like 2026-11-16T09:12:00",
        "row 2 (a.wav): channel_roles 'left|right' is not understood; write it like agent|customer",
    )


def test_a_sentence_is_no_term_of_a_vocabulary() -> None:
    read = manifest(f"file,vocabulary\na.wav,Fibre 300|{'very ' * 13}long\nb.wav,Fibre 300|4711\n")
    assert [row.metadata.vocabulary for row in read.rows] == [(), ()]
    assert [problem.partition(" 'Fibre 300|")[0] for problem in read.problems] == [
        "row 2 (a.wav): vocabulary",
        "row 3 (b.wav): vocabulary",
    ]
    assert all("write it like Fibre 300|SuperNet, each of at most 60" in one for one in read.problems)


def test_a_time_without_a_day_is_not_taken_for_today() -> None:
    row = read("file,started_at\na.wav,09:12\n")["a.wav"]
    assert row.started_at is None
    assert row.extra == {"started_at": "09:12"}


def test_a_comma_at_the_end_of_each_row_shifts_no_column() -> None:
    rows = read("file,agent\na.wav,Dana,\nb.wav,Kim,\n")
    assert {path: row.agent for path, row in rows.items()} == {"a.wav": "Dana", "b.wav": "Kim"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"path,agent\na.wav,Dana\n", "no column 'file' .it has: path, agent.: add one"),
        (b"a.wav;Dana\n", "no column 'file' .it has: a.wav, dana.: add one"),
        (b"", "is no readable CSV: it is empty: write a header with the column 'file'"),
        (b"\xef\xbb\xbf\r\n\r\n", "is no readable CSV: it is empty"),
        (b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", "it is an Excel workbook: save it as CSV .UTF-8."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "it is an old Office document: save it as CSV"),
        (b"<html><body>Sign in</body></html>", "it is an HTML page: save it as CSV"),
        (b'[{"file": "a.wav"}]', "it is a JSON text: save it as CSV"),
        (b"\x1f\x8b\x08" + bytes(99), "it is compressed by gzip: save it as CSV"),
        (bytes(99), "it is nothing but zeros"),
        (b"file" * 99_999, "field larger than field limit"),
    ],
)
def test_what_is_no_manifest_is_refused_by_name(content: bytes, told: str) -> None:
    with pytest.raises(InvalidInput, match=f"Manifest manifest.csv .*{told}"):
        manifest(content)


def test_a_manifest_without_rows_describes_nothing() -> None:
    assert manifest("file,agent\n") == Manifest("manifest.csv", ())
