"""What the LLM stages read: transcripts, GPU results, and answers that were paid for already."""

from typing import Any

from sqlalchemy import Connection, select

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database.models import (
    BatchCallRow,
    LlmResultRow,
    NewTranscriptRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.work import counts_here
from include.gpu.wire import IvrResult


def transcript_of(connection: Connection, call_id: str) -> Transcript:
    """The call's transcript; it has one when STT has succeeded."""
    query = select(TranscriptRow.transcript).where(TranscriptRow.call_id == call_id)
    return Transcript.model_validate(connection.execute(query).scalar_one())


def transcript_for(connection: Connection, call_id: str, batch_id: str) -> Transcript:
    """The transcript that a batch goes on from: what it has heard itself, or else the call's."""
    own = select(NewTranscriptRow.transcript).where(
        NewTranscriptRow.call_id == call_id, NewTranscriptRow.batch_id == batch_id
    )
    new = connection.execute(own).scalar_one_or_none()
    return Transcript.model_validate(new) if new else transcript_of(connection, call_id)


def ivr_result_of(connection: Connection, call_id: str) -> IvrResult:
    """What the IVR stage found in the call."""
    query = select(StageResultRow.result).where(
        StageResultRow.call_id == call_id,
        StageResultRow.stage == Stage.IVR,
        StageResultRow.superseded_at.is_(None),
    )
    return IvrResult.model_validate(connection.execute(query).scalar_one())


def ivr_result_for(connection: Connection, call_id: str, batch_id: str) -> IvrResult:
    """What the IVR stage found in the call, as a batch goes on from it."""
    return IvrResult.model_validate(_result_for(connection, call_id, Stage.IVR, batch_id))


def llm1_identity_for(connection: Connection, call_id: str, batch_id: str) -> str:
    """Which stored answer of LLM1 a batch goes on from: its own, or else the call's current one."""
    return str(_result_for(connection, call_id, Stage.LLM1, batch_id)["identity"])


def stored_answer(connection: Connection, identity: str) -> dict[str, Any] | None:
    """The answer to a request that was made before."""
    query = select(LlmResultRow.answer).where(LlmResultRow.identity == identity)
    return connection.execute(query).scalar_one_or_none()


def _result_for(connection: Connection, call_id: str, stage: Stage, batch_id: str) -> dict[str, Any]:
    query = (
        select(StageResultRow.result)
        .join(BatchCallRow, BatchCallRow.call_id == StageResultRow.call_id)
        .where(
            BatchCallRow.batch_id == batch_id,
            StageResultRow.call_id == call_id,
            StageResultRow.stage == stage,
            counts_here(StageResultRow),
        )
        .order_by(StageResultRow.id.desc())
        .limit(1)
    )
    result: dict[str, Any] = connection.execute(query).scalar_one()
    return result
