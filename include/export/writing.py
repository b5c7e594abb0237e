"""Rows as CSV, XLSX or JSON.

A cell of a CSV that begins with `=`, `+`, `-`, `@`, a tab or a line break is taken for a formula by
spreadsheets, and what is in it was said or named by people outside: such a text gets an apostrophe before it
(OWASP, CSV Injection). Numbers stay numbers. In XLSX texts are stored as texts, and JSON has no formulas.

Times are UTC and say so in CSV and JSON, which programs read. A cell of XLSX has no room for a zone: there
they are those of the site's clock, and the heading of their column names it.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from include.export.rows import TIMES, Row, Value

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# What a cell of a spreadsheet can hold.
_LONGEST_CELL_CHARS = 32_767
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Format(StrEnum):
    """What a search can be saved as."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The media type for HTTP."""
        return {
            Format.CSV: "text/csv; charset=utf-8",
            Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format.JSON: "application/json",
        }[self]


def write_rows(
    path: Path, into: Format, columns: Sequence[str], rows: Iterable[Row], timezone: str = "UTC"
) -> int:
    """Writes a file; a row at a time, so that memory does not grow with them.

    Args:
        path: Of the file, which is replaced.
        into: Its format.
        columns: In their order; what a row has not stays empty.
        rows: By column; further ones of theirs are left out.
        timezone: The site's, such as Europe/Berlin, whose clock times in a spreadsheet are told by.

    Returns:
        How many rows were written.
    """
    if into is Format.XLSX:
        return _xlsx(path, columns, rows, ZoneInfo(timezone))
    return _csv(path, columns, rows) if into is Format.CSV else _json(path, columns, rows)


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> int:
    # With a byte order mark, without which Excel takes UTF-8 for the code page of its country.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_guarded(column) for column in columns])
        written = 0
        for written, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow([_guarded(_plain(row.get(column))) for column in columns])
    return written


def _guarded(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _plain(value: Value) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else value


def _xlsx(path: Path, columns: Sequence[str], rows: Iterable[Row], zone: ZoneInfo) -> int:
    with closing(Workbook(path, {"constant_memory": True, "remove_timezone": True})) as book:
        sheet = book.add_worksheet("Calls")
        sheet.freeze_panes(1, 1)
        put = _cell_writer(book, sheet, zone)
        headings = [f"{one} ({zone.key})" if one in TIMES else one for one in columns]
        sheet.write_row(0, 0, headings, book.add_format({"bold": True}))
        written = 0
        for written, row in enumerate(rows, 1):
            for at, column in enumerate(columns):
                put(written, at, row.get(column))
        sheet.autofilter(0, 0, max(1, written), max(0, len(columns) - 1))
    return written


def _cell_writer(book: Any, sheet: Any, zone: ZoneInfo) -> Callable[[int, int, Value], None]:
    """By the value's own type: a library that guesses would take a text for a formula or a link."""
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})

    def put(row: int, column: int, value: Value) -> None:
        match value:
            case str():
                sheet.write_string(row, column, _NOT_IN_XML.sub("", value)[:_LONGEST_CELL_CHARS])
            case bool():
                sheet.write_boolean(row, column, value)
            case datetime():
                sheet.write_datetime(row, column, value.astimezone(zone), moment)
            case date():
                sheet.write_datetime(row, column, value, day)
            case int() | float():
                sheet.write_number(row, column, value)

    return put


def _json(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for written, row in enumerate(rows, 1):
            shown = {column: _value(row.get(column)) for column in columns}
            file.write(("," if written > 1 else "") + "\n" + json.dumps(shown, ensure_ascii=False))
        file.write("\n]\n")
    return written


def _value(value: Value) -> Value:
    return value.isoformat() if isinstance(value, date) else value
