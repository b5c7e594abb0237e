"""One call with all that is known of it, as its page shows it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from include.call_pages.facts import Facts, facts_of
from include.call_pages.hearing import Hearing, hearing_of
from include.call_pages.provenance import Provenance, provenance_of
from include.call_pages.score import Score, score_of
from include.calls.call import CallState
from include.calls.parts import Part, parts_from_json
from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database.models import CallRow, StageResultRow, TranscriptRow
from include.gpu.wire import IvrResult


@dataclass(frozen=True)
class CallHead:
    """What a call is, before anything was heard of it.

    Attributes:
        details: What the recorder says besides, numbers and names of both sides among it.
        parts: Its files when it is not one that says itself what it is.
    """

    call_id: str
    day: date
    path: str
    uri: str
    agent: str | None
    agent_id: str | None
    team: str | None
    queue: str | None
    direction: str | None
    customer_ref: str | None
    language: str | None
    started_at: datetime | None
    duration_s: float | None
    channels: int | None
    sample_rate_hz: int | None
    sha256: str | None
    size_bytes: int
    state: CallState
    state_reason: str | None
    duplicate_of: str | None
    details: Mapping[str, Any]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class CallPage:
    """A call with what came of it; what is None is not there (yet)."""

    head: CallHead
    transcript: Transcript | None
    hearing: Hearing
    score: Score | None
    facts: Facts | None
    provenance: Provenance


_HEAD = tuple(name for name in CallHead.__dataclass_fields__ if name not in ("state", "parts"))


def head_of(connection: Connection, call_id: str) -> CallHead | None:
    """The call itself; None when there is none of this id."""
    return heads_of(connection, [call_id]).get(call_id)


def heads_of(connection: Connection, call_ids: Collection[str]) -> dict[str, CallHead]:
    """The calls themselves, by id; of ids that there are."""
    query = select(CallRow.__table__).where(CallRow.call_id.in_(call_ids))
    return {row.call_id: _head(row) for row in connection.execute(query).all()}


def _head(row: Any) -> CallHead:
    own = {name: getattr(row, name) for name in _HEAD}
    return CallHead(**own, state=CallState(row.state), parts=parts_from_json(row.parts))


def read_call(connection: Connection, head: CallHead) -> CallPage:
    """Reads everything that the page of a call shows."""
    transcript = transcript_of(connection, head.call_id)
    starts = {turn.id: turn.start_ms for turn in transcript.turns} if transcript else {}
    return CallPage(
        head=head,
        transcript=transcript,
        hearing=hearing_of(transcript, ivr_of(connection, head.call_id), head.duration_s),
        score=score_of(connection, head.call_id, starts),
        facts=facts_of(connection, head.call_id, starts),
        provenance=provenance_of(connection, head.call_id),
    )


def transcript_of(connection: Connection, call_id: str) -> Transcript | None:
    """What STT heard; None when it has not heard the call."""
    query = select(TranscriptRow.transcript).where(TranscriptRow.call_id == call_id)
    stored = connection.execute(query).scalar_one_or_none()
    return None if stored is None else Transcript.model_validate(stored)


def ivr_of(connection: Connection, call_id: str) -> IvrResult | None:
    """What is not conversation in it; None when nobody has looked."""
    query = select(StageResultRow.result).where(
        StageResultRow.call_id == call_id,
        StageResultRow.stage == Stage.IVR,
        StageResultRow.superseded_at.is_(None),
    )
    stored = connection.execute(query).scalar_one_or_none()
    return None if stored is None else IvrResult.model_validate(stored)
