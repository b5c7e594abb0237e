"""What the LLM stages read: transcripts, GPU results, and answers that were paid for already."""

from typing import Any

from sqlalchemy import Connection, select

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database.models import LlmResultRow, StageResultRow, TranscriptRow
from include.database.work import BatchKind, StageJob
from include.gpu.wire import IvrResult


def transcript_of(connection: Connection, call_id: str) -> Transcript:
    """The call's transcript; it has one when STT has succeeded."""
    query = select(TranscriptRow.transcript).where(TranscriptRow.call_id == call_id)
    return Transcript.model_validate(connection.execute(query).scalar_one())


def ivr_result_of(connection: Connection, call_id: str) -> IvrResult:
    """What the IVR stage found in the call."""
    return IvrResult.model_validate(_current_result(connection, call_id, Stage.IVR))


def llm1_identity_of(connection: Connection, call_id: str, job: StageJob) -> str:
    """Which stored answer of LLM1 a job goes on from: the call's current one, or that of its own rescore."""
    if job.kind is BatchKind.AUDIT:
        return str(_current_result(connection, call_id, Stage.LLM1)["identity"])
    query = select(StageResultRow.result).where(
        StageResultRow.call_id == call_id,
        StageResultRow.stage == Stage.LLM1,
        StageResultRow.batch_id == job.batch_id,
    )
    newest = connection.execute(query.order_by(StageResultRow.id.desc()).limit(1)).scalar_one()
    return str(newest["identity"])


def stored_answer(connection: Connection, identity: str) -> dict[str, Any] | None:
    """The answer to a request that was made before."""
    query = select(LlmResultRow.answer).where(LlmResultRow.identity == identity)
    return connection.execute(query).scalar_one_or_none()


def _current_result(connection: Connection, call_id: str, stage: Stage) -> dict[str, Any]:
    query = select(StageResultRow.result).where(
        StageResultRow.call_id == call_id,
        StageResultRow.stage == stage,
        StageResultRow.superseded_at.is_(None),
    )
    result: dict[str, Any] = connection.execute(query).scalar_one()
    return result
