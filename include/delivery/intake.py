"""What came in beside recordings, and who told who speaks on which channel, or with which voice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from include.calls.call import ChannelRole
from include.calls.files import DayFiles
from include.database.models import BatchRow, CallRow, TranscriptRow
from include.delivery.outcome import of_batch
from include.roles.told import ToldBy

# In the words of a report.
TELLERS = {
    ToldBy.MANIFEST: "by the manifest",
    ToldBy.SIDECAR: "by their sidecars",
    ToldBy.RECORDER: "by the recorder's file",
    ToldBy.SETTING: "by [cofi] stereo_roles",
    ToldBy.EARLIER: "before this version",
    ToldBy.CONTENT: "by what is said in them",
}


@dataclass(frozen=True)
class RolesTold:
    """Of the transcribed calls: who told who is on which channel, or who has which voice on the only one.

    Attributes:
        calls: All of them.
        told: By teller, those with at least one known role.
        unknown: Those without.
        doubted: Those in which what is said speaks against what was told.
        examples: Some of the last two: paths by call id.
    """

    calls: int
    told: Mapping[str, int]
    unknown: int
    doubted: int
    examples: Mapping[str, str]

    @property
    def in_words(self) -> str:
        """`13 by the manifest, 1 by what is said in them`."""
        parts = [f"{self.told[one]:,} {words}" for one, words in TELLERS.items() if self.told.get(one)]
        return ", ".join([*parts, *([f"unknown in {self.unknown:,}"] if self.unknown else [])])

    @property
    def worth_a_look(self) -> bool:
        """Whether somebody should say more of the channels."""
        return bool(self.unknown or self.doubted)


_EXAMPLES = 5


def files_of(connection: Connection, batch_id: str) -> DayFiles | None:
    """What discovery counted; None for runs of earlier versions, and for rescores."""
    stored = connection.scalar(select(BatchRow.files).where(BatchRow.batch_id == batch_id))
    return DayFiles.of(stored) if stored else None


def count_roles(connection: Connection, batch_id: str) -> RolesTold:
    """Counts who told the roles of the run's calls."""
    told_roles = TranscriptRow.channel_roles.label("told")
    columns = (CallRow.call_id, CallRow.path, CallRow.channels, CallRow.channel_roles, told_roles)
    query = of_batch(select(*columns), batch_id).join(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
    told: Counter[str] = Counter()
    unknown: list[tuple[str, str]] = []
    doubted: list[tuple[str, str]] = []
    for row in connection.execute(query.order_by(CallRow.path)):
        if (row.channels or 0) < 2 and not row.told:
            continue
        teller = _teller(row.told, row.channel_roles)
        told[teller] += 1
        if teller == ToldBy.NOBODY:
            unknown.append((row.call_id, row.path))
        elif any(one.get("doubted") for one in row.told or ()):
            doubted.append((row.call_id, row.path))
    nobody = told.pop(ToldBy.NOBODY, 0)
    return RolesTold(
        calls=told.total() + nobody,
        told=dict(told),
        unknown=nobody,
        doubted=len(doubted),
        examples=dict([*doubted, *unknown][:_EXAMPLES]),
    )


def _teller(told: Sequence[Mapping[str, Any]] | None, before: Sequence[str]) -> ToldBy:
    """Who told; a transcript of an earlier version has the roles that its call has."""
    if told is None:
        known = [role for role in before if role != ChannelRole.UNKNOWN]
        return ToldBy.EARLIER if known else ToldBy.NOBODY
    tellers = [one["told_by"] for one in told if one["role"] != ChannelRole.UNKNOWN]
    return ToldBy(tellers[0]) if tellers else ToldBy.NOBODY
