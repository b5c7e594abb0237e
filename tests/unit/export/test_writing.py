"""A file holds what was found, opens in a spreadsheet, and runs nothing there."""

import csv
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.export.writing import Format, write_rows

COLUMNS = ("call_id", "day", "started_at", "pct", "passed", "agent")
ROW = {
    "call_id": "c1",
    "day": date(2026, 11, 16),
    "started_at": datetime(2026, 11, 16, 9, 30, tzinfo=UTC),
    "pct": 87.5,
    "passed": True,
    "agent": "Zoë Núñez",
    "left_out": 1,
}
FORMULAS = ("=1+1", "+49 30 1234", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '=HYPERLINK("x")')
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def cells(path: Path) -> list[ElementTree.Element]:
    with zipfile.ZipFile(path) as book:
        return list(ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml")).iter(f"{SHEET}c"))


def test_a_csv_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    assert write_rows(path, Format.CSV, COLUMNS, [ROW, {"call_id": "c2"}]) == 2
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert csv_rows(path) == [
        list(COLUMNS),
        ["c1", "2026-11-16", "2026-11-16T09:30:00+00:00", "87.5", "yes", "Zoë Núñez"],
        ["c2", "", "", "", "", ""],
    ]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_csv_is_taken_for_a_formula(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calls.csv"
    write_rows(path, Format.CSV, ("agent", "pct"), [{"agent": text, "pct": -1.5}])
    assert csv_rows(path)[1] == [f"'{text}", "-1.5"]


@given(text=st.text(max_size=20))
def test_whatever_was_said_begins_no_cell_of_a_csv_as_a_formula(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "calls.csv"
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    write_rows(path, Format.CSV, ("agent",), [{"agent": text}])
    ((_,), *rest) = csv_rows(path)
    written = "".join(cell for row in rest for cell in row)
    assert not written.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_spreadsheet_holds_values_of_their_types_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    rows = [ROW, *({"call_id": text, "pct": -1.5} for text in (*FORMULAS, "https://x.example", "a\x00b"))]
    assert write_rows(path, Format.XLSX, COLUMNS, rows) == len(rows)
    found = cells(path)
    assert not [cell for cell in found if cell.find(f"{SHEET}f") is not None]
    texts = [cell.findtext(f"{SHEET}is/{SHEET}t") for cell in found if cell.get("t") == "inlineStr"]
    assert {*FORMULAS[:2], "https://x.example", "ab", "Zoë Núñez"} <= set(texts)
    by_place = {cell.get("r"): cell for cell in found}
    assert by_place["D2"].findtext(f"{SHEET}v") == "87.5"
    assert by_place["E2"].get("t") == "b"
    assert by_place["B2"].get("t") is None  # a number of days with the format of a date


def test_times_in_a_spreadsheet_are_those_of_the_site_and_their_heading_says_so(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    summer = {**ROW, "started_at": datetime(2026, 7, 16, 9, 30, tzinfo=UTC)}
    write_rows(path, Format.XLSX, COLUMNS, [ROW, summer], "Europe/Madrid")
    by_place = {cell.get("r"): cell for cell in cells(path)}
    assert by_place["C1"].findtext(f"{SHEET}is/{SHEET}t") == "started_at (Europe/Madrid)"
    # Days since the end of 1899 with their fractions: 09:30 UTC is 10:30 in winter, and 11:30 in summer.
    hours = [float(by_place[place].findtext(f"{SHEET}v") or 0) % 1 * 24 for place in ("C2", "C3")]
    assert hours == pytest.approx([10.5, 11.5])


def test_json_is_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    assert write_rows(path, Format.JSON, COLUMNS, [ROW, {"call_id": "=1"}]) == 2
    first, second = json.loads(path.read_text())
    assert first == {
        "call_id": "c1",
        "day": "2026-11-16",
        "started_at": "2026-11-16T09:30:00+00:00",
        "pct": 87.5,
        "passed": True,
        "agent": "Zoë Núñez",
    }
    assert second["call_id"] == "=1"


@pytest.mark.parametrize("into", list(Format))
def test_nothing_found_is_a_file_without_rows(tmp_path: Path, into: Format) -> None:
    path = tmp_path / f"calls.{into}"
    assert write_rows(path, into, COLUMNS, iter([])) == 0
    assert path.stat().st_size > 0
