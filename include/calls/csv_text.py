"""Reads CSV as spreadsheets and recorders write it: any encoding, separator and line end.

A broken row loses only itself.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from include.audio_files.kinds import kind_of
from include.errors import InvalidInput

_SEPARATORS = ",;\t|"
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Excel's own line before the header.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
# A cell may go on over so many lines; a quote that is never closed goes on to the end.
_LONGEST_CELL_LINES = 50
_BEGIN_BYTES = 64 * 1024
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\u2060\0"))


@dataclass(frozen=True)
class Row:
    """A row as a spreadsheet shows it.

    Attributes:
        number: From 1, the first line of the file; lines without a cell count.
        cells: As they are written.
        torn: Its quotes do not fit: it was read without them.
        oversized: It holds a cell of more characters than any has, and was not read.
    """

    number: int
    cells: list[str]
    torn: bool = False
    oversized: bool = False


@dataclass(frozen=True)
class Table:
    """A header and rows.

    Attributes:
        columns: Names as they are written.
        rows: Those that hold anything.
        problems: What may have been misread.
    """

    columns: list[str]
    rows: list[Row]
    problems: list[str]


def read_table(content: bytes, needed: frozenset[str]) -> Table:
    """Reads a CSV with a header.

    Args:
        content: Of the file.
        needed: Names of a column that it must have: they tell which separator is the right one.

    Raises:
        InvalidInput: It is no CSV; the message says what it is.
    """
    text, problems = _decoded(content)
    lines = _as_lines(text.splitlines(keepends=True))
    separator_line = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    first = 1 if separator_line else 0
    while first < len(lines) and not lines[first].strip(" ,;\t\r\n"):
        first += 1
    try:
        separator = (
            separator_line[1]
            if separator_line
            else _separator(lines[first] if first < len(lines) else "", needed)
        )
        rows = list(_rows(lines, first, separator))
    except csv.Error as error:
        raise InvalidInput(f"{error}: save it as CSV (UTF-8)") from error
    if not rows:
        raise InvalidInput(f"it is empty: write a header with the column '{min(needed)}'")
    return Table(rows[0].cells, rows[1:], problems)


def folded(column: str, *, keep: bool = False) -> str:
    """A column's name without what people vary: case, spaces, hyphens, quotes; the inner ones may be kept."""
    name = column.translate(_INVISIBLE).strip(" \t\r\n'\"\xa0").lower()
    return name if keep else re.sub(r"[\s_\-]+", "_", name)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace"), []
    if b"\0" in content[:200]:
        # UTF-16 without a mark: every second byte of a Latin text is 0.
        order = "le" if content[1:2] == b"\0" else "be"
        text = content.decode(f"utf-16-{order}", "replace")
        halves = content[1 if order == "le" else 0 : 200 : 2]
        # A NUL that strayed into UTF-8 makes signs of Chinese of all that is around it.
        if 2 * halves.count(0) > len(halves) and all(
            letter.isprintable() or letter in "\t\r\n" for letter in text[:200]
        ):
            return text, []
    kind = kind_of(content[:_BEGIN_BYTES])
    if kind and kind.what != "a text":
        what = "an Excel workbook" if b"xl/" in content else kind.what
        raise InvalidInput(f"it is {what}: save it as CSV (UTF-8)")
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    # One wrong line must not spoil the others.
    lines = content.split(b"\n")
    decoded = [_decoded_line(line) for line in lines]
    numbers = [number for number, (_, foreign) in enumerate(decoded, 1) if foreign]
    rows = ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
    problem = f"line {rows}: not UTF-8, so read as Windows-1252; save it as CSV UTF-8 if letters are wrong"
    return "\n".join(line for line, _ in decoded), [problem]


def _decoded_line(line: bytes) -> tuple[str, bool]:
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return "".join(_windows_1252(byte) for byte in line), True


def _windows_1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def _as_lines(pieces: Iterable[str]) -> list[str]:
    """Lines end where spreadsheets end them: not at form feeds, or line separators of Unicode."""
    lines: list[str] = []
    for piece in pieces:
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += piece
        elif piece:
            lines.append(piece)
    return lines


def _separator(header: str, needed: frozenset[str]) -> str:
    """The separator by which the header has most columns, the needed one among them."""

    def fits(separator: str) -> tuple[bool, int]:
        columns = [folded(column) for column in next(csv.reader([header], delimiter=separator))]
        return not needed.isdisjoint(columns), len(columns)

    return max(_SEPARATORS, key=fits)


def _rows(lines: list[str], first: int, separator: str) -> Iterator[Row]:
    """Rows that hold anything, the header first."""
    at, number, width = first, first + 1, 0
    while at < len(lines):
        row, consumed = _row(lines, at, number, separator, width)
        width = width or len(row.cells)
        if row.oversized or any(cell.strip() for cell in row.cells):
            yield row
        at, number = at + consumed, number + 1


def _row(lines: list[str], at: int, number: int, separator: str, width: int) -> tuple[Row, int]:
    """The row that begins at a line, and over how many lines it goes."""
    block = lines[at : at + _LONGEST_CELL_LINES]
    reader = csv.reader(block, delimiter=separator, skipinitialspace=True)
    try:
        cells, consumed = next(reader), reader.line_num
    except csv.Error:  # a cell of more than 128 KiB: in one line, or because a quote is not closed
        if len(lines[at]) > csv.field_size_limit():
            return Row(number, [], oversized=True), 1
        cells, consumed = [], len(block)
    if not _swallows(block[:consumed], cells, separator, width):
        return Row(number, cells), consumed
    return Row(number, [cell.strip().strip('"') for cell in _unquoted(lines[at], separator)], torn=True), 1


def _swallows(block: list[str], cells: list[str], separator: str, width: int) -> bool:
    """Whether a quote that nobody closed has made one row of several, or one cell."""
    open_ended = sum(line.count('"') for line in block) % 2 == 1
    if len(block) == 1:
        return open_ended and len(cells) < width
    if open_ended or not cells:
        return True
    # Two such quotes are a pair; but the second opens a cell, where one that ends a cell would close it.
    before, _, behind = block[-1].partition('"')
    opens = not before.strip() or before.rstrip(" ").endswith(separator)
    closes = behind[:1] in {"", separator, '"', "\r", "\n"}
    rows = width > 1 and all(len(_unquoted(line, separator)) >= width for line in block)
    return rows and opens and not closes


def _unquoted(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE), [])
