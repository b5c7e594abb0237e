"""The day's manifest: a CSV beside the recordings that says what the contact centre knows about each call.

    file,agent,queue,direction,customer_ref,started_at,channel_roles
    call-001.ogg,Dana,billing,inbound,C-1001,2026-11-16T09:12:00+01:00,agent|customer

Only `file` is needed; other columns are kept as they come. A wrong cell loses that cell, not the row.
"""

import logging
from collections.abc import Hashable, Mapping
from dataclasses import fields
from typing import IO, Any

import pendulum
from pendulum.parsing.exceptions import ParserError

from include.calls.call import CallMetadata, ChannelRole
from include.errors import InvalidInput

log = logging.getLogger(__name__)

_KNOWN = {field.name for field in fields(CallMetadata)} - {"extra"}


def read_manifest(file: IO[bytes], name: str, timezone: str) -> dict[str, CallMetadata]:
    """Reads a manifest.

    Args:
        file: The CSV, UTF-8 with or without a byte order mark.
        name: What errors call it.
        timezone: Of `started_at` where it states none.

    Returns:
        Metadata by path below the day's folder; where a file is listed twice, the later row.

    Raises:
        InvalidInput: It is no CSV, or has no column `file`.
    """
    import pandas as pd  # noqa: PLC0415 - a second to load, which no other task should pay

    try:
        table = pd.read_csv(
            file,
            dtype=str,
            keep_default_na=False,
            index_col=False,
            encoding="utf-8-sig",
            skipinitialspace=True,
        )
    except (ValueError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
        raise InvalidInput(f"Manifest {name} is no readable CSV ({error}): save it as UTF-8 CSV.") from error
    table.columns = [str(column).strip().lower() for column in table.columns]
    if "file" not in table.columns:
        raise InvalidInput(
            f"Manifest {name} has no column 'file' (it has: {', '.join(table.columns)}): add one with each "
            "recording's path below the day's folder."
        )
    rows = {str(row["file"]).strip(): row for row in table.to_dict("records")}
    return {path: _metadata(row, f"{name}, file {path}", timezone) for path, row in rows.items() if path}


def _metadata(row: Mapping[Hashable, Any], where: str, timezone: str) -> CallMetadata:
    told = {str(column): str(cell).replace("\0", "").strip() for column, cell in row.items()}
    cells = {column: cell for column, cell in told.items() if cell}
    plain = {name: cells.get(name) for name in ("agent", "queue", "direction", "customer_ref")}
    started_at = channel_roles = None
    extra = {name: cell for name, cell in cells.items() if name not in _KNOWN and name != "file"}
    if "started_at" in cells:
        started_at = _time(cells["started_at"], timezone)
        if started_at is None:
            extra["started_at"] = _not_understood(where, "started_at", cells, "2026-11-16T09:12:00")
    if "channel_roles" in cells:
        try:
            channel_roles = tuple(ChannelRole(role.strip()) for role in cells["channel_roles"].split("|"))
        except ValueError:
            extra["channel_roles"] = _not_understood(where, "channel_roles", cells, "agent|customer")
    return CallMetadata(
        **plain,
        started_at=started_at,
        channel_roles=channel_roles or (),
        extra=extra,
    )


def _time(text: str, timezone: str) -> pendulum.DateTime | None:
    """A day with a time; a time alone is none, though a lenient reader would take it for today's."""
    try:
        moment = pendulum.parse(text, tz=timezone, exact=True)
    except ParserError:
        return None
    return moment if isinstance(moment, pendulum.DateTime) else None


def _not_understood(where: str, column: str, cells: Mapping[str, str], example: str) -> str:
    log.warning("%s: %s '%s' is not understood; write it like %s", where, column, cells[column], example)
    return cells[column]
