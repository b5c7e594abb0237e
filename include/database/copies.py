"""Copies that are found late: when a host has hashed what it received, and before it works on it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.columns import CURRENT
from include.database.finishing import Ending
from include.database.given import among, given
from include.database.models import CallRow, StageResultRow
from include.database.work import BatchKind, StageJob

# Of calls that failed, or are tried again, nobody knows here whether their files are still there: the
# same content under another name would never be audited.
_RECEIVED = (
    select(StageResultRow.call_id)
    .where(StageResultRow.call_id == CallRow.call_id, StageResultRow.stage == Stage.DISTRIBUTE, CURRENT)
    .correlate(CallRow)
    .exists()
)
_IS_ORIGINAL = or_(CallRow.state == CallState.AUDITED, and_(CallRow.state == CallState.PENDING, _RECEIVED))


def late_copies(connection: Connection, job: StageJob, hashes: Mapping[str, str]) -> list[Ending]:
    """Which of some calls are copies of others, as hosts have received them; marks what they are copies of.

    Of two that are received together, the earlier one is the original; else the one that was received first.
    A call that was audited before is no copy of what came later, and none is a copy of a call that failed,
    or of one that no host has received since it is tried again.

    Args:
        connection: In a transaction that has locked contents and calls.
        job: Distribution.
        hashes: sha256 of what was received, by call id.
    """
    if job.kind is not BatchKind.AUDIT or not hashes:
        return []
    columns = (CallRow.call_id, CallRow.day, CallRow.path, CallRow.state, CallRow.sha256)
    own = select(*columns).where(among(connection, CallRow.call_id, hashes))
    same = select(*columns).where(among(connection, CallRow.sha256, set(hashes.values())), _IS_ORIGINAL)
    originals: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(same.order_by(CallRow.day, CallRow.path)):
        if row.call_id not in hashes:
            originals[row.sha256].append(row)
    copies = {}
    for row in connection.execute(own.order_by(CallRow.day, CallRow.path)):
        alike = originals[hashes[row.call_id]]
        if alike and row.state == CallState.PENDING:
            copies[row.call_id] = alike[0]
        else:
            alike.append(row)
    _mark(connection, {call_id: original.call_id for call_id, original in copies.items()})
    reasons = {call_id: f"same content as {one.day} {one.path}" for call_id, one in copies.items()}
    return [(call_id, CallState.DUPLICATE, reason) for call_id, reason in reasons.items()]


def _mark(connection: Connection, originals: Mapping[str, str]) -> None:
    if originals:
        rows = [{"call_id": copy, "original": original} for copy, original in originals.items()]
        found = given(connection, rows, ["call_id", "original"])
        of_call = update(CallRow).where(CallRow.call_id == found.c.call_id)
        connection.execute(of_call.values(duplicate_of=found.c.original))
