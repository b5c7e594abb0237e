"""The calls table: what discovery reads of it and writes to it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, literal, select, union

from include.calls.call import Call, CallMetadata, CallState, ChannelRole, ChannelRolesSource
from include.calls.parts import parts_as_json, parts_from_json
from include.calls.stage import STAGES
from include.database.engine import chunks, insert_found, insert_missing, upsert
from include.database.given import among
from include.database.locking import lock_calls
from include.database.models import BatchCallRow, CallRow, StageResultRow
from include.database.outbox import announce
from include.database.superseding import supersede

_METADATA = (
    *("agent", "agent_id", "team", "queue", "direction", "customer_ref", "interaction_id", "language"),
    *("started_at", "ended_at", "extra"),
)
# In one column, because nobody filters by them.
DETAILS = (
    "caller",
    "called",
    "caller_name",
    "called_name",
    "hold_s",
    "disposition",
    "product",
    "tags",
    "vocabulary",
)
_LISTS = ("tags", "vocabulary")
# A call's row takes more memory than the call: a day's rows would be the most that discovery holds.
_ROWS_AT_ONCE = 1000
# What a listing may change of a call without making it another recording.
_DESCRIPTION = (
    *("uri", "modified_at", "channel_roles", "roles_source", "duration_s", "sample_rate_hz", "channels"),
    *("parts", "details", *_METADATA),
)
# What judging it anew does; when it was discovered first stays.
_JUDGED = (
    *_DESCRIPTION,
    *("size_bytes", "sha256", "sample_sha256", "state", "state_reason", "duplicate_of", "changed_at"),
)


def calls_of_day(connection: Connection, day: date) -> Iterator[Call]:
    """All calls known of a day, read some at a time."""
    query = select(CallRow.__table__).where(CallRow.day == day)
    rows = connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}).mappings()
    return map(_call, rows)


def originals_of_other_days(connection: Connection, day: date, calls: Collection[Call]) -> list[Call]:
    """Calls of other days of which some may be copies: the same sample or hash. The oldest first.

    Copies themselves are left out, and what is no recording.
    """
    samples = {call.sample_sha256 for call in calls if call.sample_sha256}
    hashes = {call.sha256 for call in calls if call.sha256}
    alike = union(
        select(CallRow.call_id).where(among(connection, CallRow.sample_sha256, samples)),
        select(CallRow.call_id).where(among(connection, CallRow.sha256, hashes)),
    )
    query = select(CallRow.__table__).where(
        CallRow.call_id.in_(select(alike.subquery().c.call_id)),
        CallRow.day != day,
        CallRow.state.not_in([CallState.DUPLICATE, CallState.QUARANTINED]),
    )
    found = [_call(row) for row in connection.execute(query).mappings()] if calls else []
    return sorted(found, key=lambda call: (call.day, call.path))


def record_discovery(
    connection: Connection, batch_id: str, calls: Sequence[Call], known: Mapping[str, Call]
) -> None:
    """Writes what discovery found, and makes the batch account for it.

    A recording that has changed since it was found is a new one: its results become history. Of the others,
    the state changes only where it is still the one that discovery was told of: a call that another run
    finishes meanwhile stays so. What is as it was is not written.

    Args:
        connection: In a transaction.
        batch_id: An open batch.
        calls: What was found.
        known: The day's calls by path, as discovery was told.
    """
    now = datetime.now(UTC)
    changed = [call for call in calls if known.get(call.path) != call]
    states = _states(connection, changed)
    new = [call for call in changed if call.call_id not in states]
    there = [call for call in changed if call.call_id in states]
    replaced = {call.call_id for call in there if call.path in known and _replaced(known[call.path], call)}
    judged = [c for c in there if c.call_id in replaced or _may_be_judged(c, known, states[c.call_id])]
    judged_ids = {call.call_id for call in judged}
    same = [call for call in there if call.call_id not in judged_ids]
    if replaced:
        supersede(connection, among(connection, StageResultRow.call_id, replaced), STAGES, now)
    for some in chunks(new, _ROWS_AT_ONCE):
        insert_missing(connection, CallRow, [_row(call, now) for call in some])
    for which, update in ((judged, _JUDGED), (same, _DESCRIPTION)):
        for some in chunks(which, _ROWS_AT_ONCE):
            upsert(connection, CallRow, [_row(call, now) for call in some], ["call_id"], update=update)
    _account_for(connection, batch_id, calls)
    ended = [call.call_id for call in [*new, *judged] if call.state is not CallState.PENDING]
    announce(connection, batch_id, ended, now)


def _states(connection: Connection, calls: Sequence[Call]) -> dict[str, str]:
    """The states of those that are there, which nobody changes from now on."""
    ids = [call.call_id for call in calls]
    lock_calls(connection, ids)
    query = select(CallRow.call_id, CallRow.state).where(among(connection, CallRow.call_id, ids))
    return {row.call_id: row.state for row in connection.execute(query)}


def _account_for(connection: Connection, batch_id: str, calls: Sequence[Call]) -> None:
    wanted = among(connection, CallRow.call_id, [call.call_id for call in calls])
    insert_found(
        connection,
        BatchCallRow,
        ["batch_id", "call_id"],
        select(literal(batch_id), CallRow.call_id).where(wanted),
    )


def _may_be_judged(call: Call, known: Mapping[str, Call], state: str) -> bool:
    """Whether a call has another state now, and the one that discovery was told of is still its state."""
    before = known.get(call.path)
    return before is not None and before.state == state and call.state is not before.state


def _replaced(before: Call, now: Call) -> bool:
    return before.size_bytes != now.size_bytes or (
        now.sha256 is not None and before.sha256 is not None and now.sha256 != before.sha256
    )


def _call(row: Mapping[Any, Any]) -> Call:
    metadata = CallMetadata(
        channel_roles=tuple(ChannelRole(role) for role in row["channel_roles"]),
        roles_source=row["roles_source"] and ChannelRolesSource(row["roles_source"]),
        **{name: row[name] for name in _METADATA},
        **{**row["details"], **{name: tuple(row["details"].get(name, ())) for name in _LISTS}},
    )
    return Call(
        **{name: row[name] for name in _COLUMNS},
        parts=parts_from_json(row["parts"]),
        state=CallState(row["state"]),
        metadata=metadata,
    )


def _row(call: Call, now: datetime) -> dict[str, Any]:
    row, metadata = dict(vars(call)), dict(vars(call.metadata))
    del row["metadata"]
    told = {name: value for name in DETAILS if (value := metadata.pop(name)) not in (None, ())}
    return {
        **row,
        **metadata,
        "details": told,
        "parts": parts_as_json(call.parts),
        "channel_roles": list(metadata["channel_roles"]),
        "discovered_at": now,
        "changed_at": now,
    }


_COLUMNS = [
    "call_id",
    "day",
    "path",
    "uri",
    "size_bytes",
    "modified_at",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "sha256",
    "sample_sha256",
    "state_reason",
    "duplicate_of",
]


def ids_of(connection: Connection, recordings: Iterable[tuple[date, str]]) -> dict[str, tuple[date, str]]:
    """The calls of some recordings, by call id: of a long history, only they are looked at.

    Args:
        connection: For reading.
        recordings: Day and path of each.
    """
    paths: dict[date, list[str]] = defaultdict(list)
    for day, path in recordings:
        paths[day].append(path)
    found: dict[str, tuple[date, str]] = {}
    for day, of_day in paths.items():
        query = select(CallRow.call_id, CallRow.path)
        query = query.where(CallRow.day == day, among(connection, CallRow.path, of_day))
        found.update((row.call_id, (day, row.path)) for row in connection.execute(query))
    return found
