"""Reads CSV as spreadsheets and recorders write it: any encoding, separator and line end.

A broken row loses only itself; of a large table, rows lie on disk.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import IO

from include.audio_files.kinds import kind_of
from include.calls.on_disk import DiskList
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
_PIECE_BYTES = 64 * 1024
# So many lines are named in a problem of several.
_NAMED = 5
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
    rows: DiskList[Row]
    problems: list[str]


def read_table(file: IO[bytes], needed: frozenset[str]) -> Table:
    """Reads a CSV with a header, some lines at a time.

    Args:
        file: The CSV, from its beginning.
        needed: Names of a column that it must have: they tell which separator is the right one.

    Raises:
        InvalidInput: It is no CSV; the message says what it is.
    """
    foreign: list[int] = []
    lines = _as_lines(_decoded(file, foreign))
    line, number = next(lines, ""), 1
    stated = _SEPARATOR_LINE.fullmatch(line)
    while line and ((stated and number == 1) or not line.strip(" ,;\t\r\n")):
        line, number = next(lines, ""), number + 1
    try:
        separator = stated[1] if stated else _separator(line, needed)
        rows = _rows(chain(filter(None, [line]), lines), number, separator)
        header = next(rows, None)
        kept = DiskList(("", row) for row in rows)
    except csv.Error as error:
        raise InvalidInput(f"{error}: save it as CSV (UTF-8)") from error
    if not header:
        raise InvalidInput(f"it is empty: write a header with the column '{min(needed)}'")
    return Table(header.cells, kept, _foreign_lines(foreign))


def folded(column: str, *, keep: bool = False) -> str:
    """A column's name without what people vary: case, spaces, hyphens, quotes; the inner ones may be kept."""
    name = column.translate(_INVISIBLE).strip(" \t\r\n'\"\xa0").lower()
    return name if keep else re.sub(r"[\s_\-]+", "_", name)


def _decoded(file: IO[bytes], foreign: list[int]) -> Iterator[str]:
    """The text of a file in pieces, each of whole lines of it where it is UTF-8.

    Args:
        file: To read.
        foreign: Takes the numbers of lines that are not UTF-8.
    """
    begin = file.read(_PIECE_BYTES)
    pieces = iter(lambda: file.read(_PIECE_BYTES), b"")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if begin.startswith(mark):
            return _in_encoding(encoding, chain([begin[len(mark) :]], pieces))
    if unmarked := _unmarked_utf_16(begin):
        return _in_encoding(unmarked, chain([begin], pieces))
    kind = kind_of(begin)
    if kind and kind.what != "a text":
        what = "an Excel workbook" if b"xl/" in begin else kind.what
        raise InvalidInput(f"it is {what}: save it as CSV (UTF-8)")
    return _line_by_line(chain([begin], pieces), foreign)


def _unmarked_utf_16(begin: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of a Latin text is 0."""
    if b"\0" not in begin[:200]:
        return None
    order = "le" if begin[1:2] == b"\0" else "be"
    text = begin.decode(f"utf-16-{order}", "replace")
    halves = begin[1 if order == "le" else 0 : 200 : 2]
    # A NUL that strayed into UTF-8 makes signs of Chinese of all that is around it.
    is_latin = 2 * halves.count(0) > len(halves)
    reads = all(letter.isprintable() or letter in "\t\r\n" for letter in text[:200])
    return f"utf-16-{order}" if is_latin and reads else None


def _in_encoding(encoding: str, pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _line_by_line(pieces: Iterable[bytes], foreign: list[int]) -> Iterator[str]:
    """UTF-8; one wrong line must not spoil the others."""
    numbers, begun = count(1), list[bytes]()
    for piece in pieces:
        # Joined at its end only: of a file without such ends, all is one line.
        *ended, rest = piece.split(b"\n")
        for end in ended:
            yield _decoded_line(b"".join([*begun, end, b"\n"]), next(numbers), foreign)
            begun = []
        begun.append(rest)
    yield _decoded_line(b"".join(begun), next(numbers), foreign)


def _foreign_lines(numbers: Sequence[int]) -> list[str]:
    if not numbers:
        return []
    rows = ", ".join(map(str, numbers[:_NAMED])) + (", …" if len(numbers) > _NAMED else "")
    return [f"line {rows}: not UTF-8, so read as Windows-1252; save it as CSV UTF-8 if letters are wrong"]


def _decoded_line(line: bytes, number: int, foreign: list[int]) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        if len(foreign) <= _NAMED:
            foreign.append(number)
        return "".join(_windows_1252(byte) for byte in line)


def _windows_1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def _as_lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines end where spreadsheets end them: not at form feeds, or line separators of Unicode."""
    line = ""
    for piece in (piece for text in texts for piece in text.splitlines(keepends=True)):
        # A text may end between the two signs of a line's end.
        if line.endswith("\n") or (line.endswith("\r") and piece != "\n"):
            yield line
            line = ""
        line += piece
    if line:
        yield line


def _separator(header: str, needed: frozenset[str]) -> str:
    """The separator by which the header has most columns, the needed one among them."""

    def fits(separator: str) -> tuple[bool, int]:
        columns = [folded(column) for column in next(csv.reader([header], delimiter=separator))]
        return not needed.isdisjoint(columns), len(columns)

    return max(_SEPARATORS, key=fits)


def _rows(lines: Iterator[str], number: int, separator: str) -> Iterator[Row]:
    """Rows that hold anything, the header first."""
    ahead, width = deque(islice(lines, _LONGEST_CELL_LINES)), 0
    while ahead:
        row, consumed = _row(list(ahead), number, separator, width)
        width = width or len(row.cells)
        if row.oversized or any(cell.strip() for cell in row.cells):
            yield row
        for _ in range(consumed):
            ahead.popleft()
        ahead.extend(islice(lines, consumed))
        number += 1


def _row(block: list[str], number: int, separator: str, width: int) -> tuple[Row, int]:
    """The row that begins at the first of some lines, and over how many of them it goes."""
    reader = csv.reader(block, delimiter=separator, skipinitialspace=True)
    try:
        cells, consumed = next(reader), reader.line_num
    except csv.Error:  # a cell of more than 128 KiB: in one line, or because a quote is not closed
        if len(block[0]) > csv.field_size_limit():
            return Row(number, [], oversized=True), 1
        cells, consumed = [], len(block)
    if not _swallows(block[:consumed], cells, separator, width):
        return Row(number, cells), consumed
    return Row(number, [cell.strip().strip('"') for cell in _unquoted(block[0], separator)], torn=True), 1


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
