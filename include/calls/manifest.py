"""The day's manifest: a CSV beside the recordings that says what the contact centre knows about each call.

    file,agent,queue,direction,customer_ref,started_at,channel_roles
    call-001.ogg,Dana,billing,inbound,C-1001,2026-11-16T09:12:00+01:00,agent|customer

Only `file` is needed; every field of `CallMetadata` may be a column, and other columns are kept as they come.
A wrong cell loses that cell, not the row.
"""

from collections.abc import Hashable, Mapping
from typing import IO, Any

from include.calls.call import CallMetadata, RolesToldBy
from include.calls.recorders.describing import Times, described
from include.errors import InvalidInput

# What people call columns.
_ALSO = {"agent_name": "agent", "started": "started_at", "start_time": "started_at", "end_time": "ended_at"}


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
    told = {_ALSO.get(str(column), str(column)): cell for column, cell in row.items() if column != "file"}
    return described(told, where, Times(timezone), RolesToldBy.MANIFEST)
