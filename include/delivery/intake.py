"""Counts the files beside the recordings, and by which source speakers' roles (agent, customer) are known."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from include.calls.call import ChannelRole
from include.calls.files import DayFiles
from include.database.models import BatchRow, CallRow, TranscriptRow
from include.delivery.outcome import of_batch
from include.roles.speaker_role import RoleSource

# In the words of a report.
SOURCES = {
    RoleSource.MANIFEST: "by the manifest",
    RoleSource.SIDECAR: "by their sidecars",
    RoleSource.RECORDER: "by the recorder's file",
    RoleSource.SETTING: "by [cofi] stereo_roles",
    RoleSource.EARLIER: "before this version",
    RoleSource.CONTENT: "by what is said in them",
}


@dataclass(frozen=True)
class RoleSources:
    """By which source the roles of channels, or of voices on one channel, are known in the transcribed calls.

    Attributes:
        calls: Number of transcribed calls.
        by_source: Calls with at least one known role, by the source of the roles.
        unknown: Calls without a known role.
        doubted: Calls whose content contradicts the roles that their source states.
        examples: Paths of some calls with unknown or doubted roles, by call id.
    """

    calls: int
    by_source: Mapping[str, int]
    unknown: int
    doubted: int
    examples: Mapping[str, str]

    @property
    def in_words(self) -> str:
        """`13 by the manifest, 1 by what is said in them`."""
        known = ((self.by_source.get(one), words) for one, words in SOURCES.items())
        parts = [f"{calls:,} {words}" for calls, words in known if calls]
        return ", ".join([*parts, *([f"unknown in {self.unknown:,}"] if self.unknown else [])])

    @property
    def worth_a_look(self) -> bool:
        """Whether somebody should correct or add roles of channels."""
        return bool(self.unknown or self.doubted)


_EXAMPLES = 5


def files_of(connection: Connection, batch_id: str) -> DayFiles | None:
    """The files that discovery counted; None for runs of earlier versions, and for rescores."""
    stored = connection.scalar(select(BatchRow.files).where(BatchRow.batch_id == batch_id))
    return DayFiles.of(stored) if stored else None


def count_roles(connection: Connection, batch_id: str) -> RoleSources:
    """Counts the run's calls by the source of their roles."""
    found = TranscriptRow.channel_roles.label("found")
    columns = (CallRow.call_id, CallRow.path, CallRow.channels, CallRow.channel_roles, found)
    query = of_batch(select(*columns), batch_id).join(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
    counts: Counter[str] = Counter()
    unknown: list[tuple[str, str]] = []
    doubted: list[tuple[str, str]] = []
    for row in connection.execute(query.order_by(CallRow.path)):
        if (row.channels or 0) < 2 and not row.found:
            continue
        source = _source_of(row.found, row.channel_roles)
        counts[source] += 1
        if source == RoleSource.NOBODY:
            unknown.append((row.call_id, row.path))
        elif any(one.get("doubted") for one in row.found or ()):
            doubted.append((row.call_id, row.path))
    nobody = counts.pop(RoleSource.NOBODY, 0)
    return RoleSources(
        calls=counts.total() + nobody,
        by_source=dict(counts),
        unknown=nobody,
        doubted=len(doubted),
        examples=dict([*doubted, *unknown][:_EXAMPLES]),
    )


def _source_of(roles: Sequence[Mapping[str, Any]] | None, before: Sequence[str]) -> RoleSource:
    """The source of a call's roles; a transcript of an earlier version has the roles that its call has."""
    if roles is None:
        known = [role for role in before if role != ChannelRole.UNKNOWN]
        return RoleSource.EARLIER if known else RoleSource.NOBODY
    sources = [one["source"] for one in roles if one["role"] != ChannelRole.UNKNOWN]
    return RoleSource(sources[0]) if sources else RoleSource.NOBODY
