"""The day's manifest: a CSV beside the recordings that says what the contact centre knows about each call.

    file,agent,queue,direction,customer_ref,started_at,channel_roles
    call-001.ogg,Dana,billing,inbound,C-1001,2026-11-16T09:12:00+01:00,agent|customer

Only `file` is needed; every field of `CallMetadata` may be a column, and other columns are kept as they come.
What is wrong in a cell loses that cell, what is wrong with a row loses that row, and both are
reported with the row's number as a spreadsheet shows it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from zoneinfo import ZoneInfo

from include.calls.call import CallMetadata, ChannelRolesSource
from include.calls.csv_text import Row, Table, folded, read_table
from include.calls.day_folder import LONGEST_PATH_BYTES, is_too_long
from include.calls.moments import AmbiguousMoment, DateOrder, read_moment
from include.calls.on_disk import DiskList
from include.calls.recorders.describing import (
    HOW,
    LONGEST_NAME,
    MOST_EXTRA,
    TEXTS,
    UNDERSTOOD,
    Times,
    cleaned,
    of_field,
    understood,
)
from include.errors import InvalidInput

_FILE_COLUMNS = frozenset({"file", "filename", "file_name"})
# What else people call columns.
_ALSO = {"agent_name": "agent", "started": "started_at", "start_time": "started_at", "end_time": "ended_at"}
_ALSO |= {"product_name": "product", "products": "product"}
_MOMENTS = frozenset({"started_at", "ended_at"})


@dataclass(frozen=True)
class ManifestRow:
    """What a row says.

    Attributes:
        number: As a spreadsheet shows it.
        file: Its cell of the column `file`, as written.
        metadata: The others.
    """

    number: int
    file: str
    metadata: CallMetadata


@dataclass(frozen=True)
class Manifest:
    """What a manifest says.

    Attributes:
        name: What errors call it.
        rows: In order.
        problems: A sentence for each thing that is wrong, and what to write instead.
    """

    name: str
    rows: DiskList[ManifestRow]
    problems: DiskList[str] = field(default_factory=DiskList)


def read_manifest(file: IO[bytes], name: str, timezone: str, date_order: DateOrder | None = None) -> Manifest:
    """Reads a manifest.

    Args:
        file: The CSV, in any encoding with a byte order mark, UTF-8 or Windows-1252; separated by commas,
            semicolons, tabs or bars.
        name: What errors call it.
        timezone: Of times that state none.
        date_order: What 03/04/2026 means; without it, such a cell is not read.

    Raises:
        InvalidInput: It is no CSV, or has no column `file`.
    """
    try:
        table = read_table(file, _FILE_COLUMNS)
    except InvalidInput as error:
        raise InvalidInput(f"Manifest {name} is no readable CSV: {error}") from error
    columns, of_columns = _columns(table, name)
    reader = _RowReader(columns, timezone, date_order)
    manifest = Manifest(name, DiskList())
    manifest.problems.add_all(("", problem) for problem in of_columns)
    for row in table.rows:
        read, wrong = reader.read(row)
        if read:
            manifest.rows.add("", read)
        which = f"row {row.number} ({read.file})" if read else f"row {row.number}"
        manifest.problems.add_all(("", f"{which}: {problem}") for problem in wrong)
    return manifest


def _columns(table: Table, name: str) -> tuple[list[str], list[str]]:
    """What each column is called, and what is wrong with them; "" for one that is not read."""
    columns = [_column(written) or f"column_{number}" for number, written in enumerate(table.columns, 1)]
    if "file" not in columns:
        raise InvalidInput(
            f"Manifest {name} has no column 'file' (it has: {', '.join(columns)}): add one with each "
            "recording's path below the day's folder."
        )
    twice = [column for column, count in Counter(columns).items() if count > 1]
    problems = [
        *table.problems,
        *(f"column '{column}' is there twice: the first is read" for column in twice),
    ]
    return [column if column not in columns[:at] else "" for at, column in enumerate(columns)], problems


def _column(written: str) -> str:
    name = folded(written)
    if name in _FILE_COLUMNS:
        return "file"
    name = _ALSO.get(name, name)
    return name if name in TEXTS or name in UNDERSTOOD else " ".join(folded(written, keep=True).split())


class _RowReader:
    """Reads rows of one manifest."""

    def __init__(self, columns: Sequence[str], timezone: str, date_order: DateOrder | None) -> None:
        self._columns = columns
        self._site = ZoneInfo(timezone)
        self._times = Times(timezone)
        self._date_order = date_order

    def read(self, row: Row) -> tuple[ManifestRow | None, list[str]]:
        """What a row says, and what is wrong with it."""
        if row.oversized:
            return None, ["one of its cells holds more than 131,072 characters: shorten it. It was not read"]
        texts = [cell.replace("\0", "") for cell in row.cells]
        if any(cell.strip() for cell in texts[len(self._columns) :]):
            return None, [
                f"it has {len(texts)} cells, and the header {len(self._columns)}: put cells that hold a "
                "separator in quotes. Nothing of it was read"
            ]
        cells = {column: cell for column, cell in zip(self._columns, texts, strict=False) if column}
        file = cells.pop("file", "")
        texts_by_column = {column: cell.strip() for column, cell in cells.items() if cell.strip()}
        if not file.strip():
            return None, [
                "it names no file: write the recording's path in the column 'file'"
            ] if texts_by_column else []
        if is_too_long(file):
            return None, [f"its file is no path: it has more than {LONGEST_PATH_BYTES:,} bytes"]
        problems = ["its quotes are not in pairs: it was read without them"] if row.torn else []
        return ManifestRow(row.number, file, self._metadata(texts_by_column, problems)), problems

    def _metadata(self, cells: dict[str, str], problems: list[str]) -> CallMetadata:
        read: dict[str, Any] = {}
        for column in UNDERSTOOD:
            if column not in cells:
                continue
            stated = f"{column} '{cells[column]}'"
            try:
                read[column] = self._understood(column, cells[column])
            except AmbiguousMoment as error:
                problems.append(
                    f"{stated} may be {error}: write it like {HOW[column]}, or set [cofi] manifest_date_order"
                )
            except ValueError:
                problems.append(f"{stated} is not understood; write it like {HOW[column]}")
        if read.get("channel_roles"):
            read["roles_source"] = ChannelRolesSource.MANIFEST
        read |= {column: of_field(cell) for column, cell in cells.items() if column in TEXTS}
        extra = {
            cleaned(column)[:LONGEST_NAME]: cleaned(cell)
            for column, cell in cells.items()
            if column not in read or column == "roles_source"
        }
        return CallMetadata(**read, extra=dict(list(extra.items())[:MOST_EXTRA]))

    def _understood(self, column: str, cell: str) -> object:
        if column in _MOMENTS:
            value: object = read_moment(cell, self._site, self._date_order)
        else:
            value = understood(column, cell, cleaned(cell), self._times)
        if value is None:
            raise ValueError(cell)
        return value
