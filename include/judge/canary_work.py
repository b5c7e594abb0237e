"""Asks both LLM stages about canaries: anew in each night, once in a night, beside all accounts of calls."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, select

from include.calls.call import call_id_for
from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.card_data.masking import masked_text
from include.concurrency import for_each
from include.database import answers as stored
from include.database.engine import insert_missing
from include.database.models import CallRow, LlmResultRow, TranscriptRow
from include.database.work import PendingCall, has_result
from include.errors import CallsPutOff, CofiError, InvalidInput, TransientError
from include.judge import nights
from include.judge.canaries import CANARY_LLM1, CANARY_LLM2, canary_identity
from include.llm.audit import answer_scorecard, audit_identity
from include.llm.budget import Payer
from include.llm.client import LlmClient
from include.llm.facts import Understanding
from include.llm.stages import LlmWork
from include.llm.structured import Provenance
from include.llm.understanding import understand, understanding_identity
from include.scorecards.answers import AuditAnswers
from include.scorecards.gold import CallKey
from include.scorecards.metrics import CallMetrics, call_metrics
from include.scorecards.scoring import assess

log = logging.getLogger(__name__)
_FAILURE_CHARS = 300
_OF_CALL = (
    "call_id",
    "uri",
    "size_bytes",
    "channel_roles",
    "agent",
    "customer_ref",
    "direction",
    "started_at",
)


@dataclass(frozen=True)
class Heard:
    """A canary as it lies in the database: its GPU work was done when its day was audited."""

    call: PendingCall
    transcript: Transcript
    metrics: CallMetrics


@dataclass(frozen=True)
class CanaryWork(LlmWork):
    """Both LLM stages over calls of other days.

    Attributes:
        night: Whose answers these are.
    """

    night: date = field(default_factory=lambda: datetime.now(UTC).date())

    async def ask_all(self, calls: Sequence[CallKey], width: int) -> int:
        """Asks about all of them, `width` at a time, and writes what came of each.

        Returns:
            How many were answered.

        Raises:
            CallsPutOff: Some could not be asked for now.
            CofiError: One that is of the stage; what is left is noted as failed for it.
        """
        done: dict[CallKey, dict[str, Any]] = {}
        put_off: list[TransientError] = []

        async def each() -> AsyncIterator[CallKey]:
            for key in calls:
                yield key

        async def one(key: CallKey) -> None:
            try:
                row = await self._row(key)
            except CofiError as error:
                if error.of_the_stage:
                    raise
                put_off.extend([error] if isinstance(error, TransientError) else [])
                row = self._failed(key, error)
            done[key] = row
            await asyncio.to_thread(self.database.write, lambda connection: nights.keep(connection, [row]))

        try:
            await for_each(each(), one, width)
        except CofiError as error:
            left = [self._failed(key, error) for key in calls if key not in done]
            await asyncio.to_thread(self.database.write, lambda connection: nights.keep(connection, left))
            raise
        if put_off:
            raise CallsPutOff(f"{len(put_off)} of {len(calls)} canaries are put off: {put_off[0]}")
        return sum(row["answers"] is not None for row in done.values())

    async def _row(self, key: CallKey) -> dict[str, Any]:
        """What a canary answers tonight.

        Raises:
            InvalidInput: Nothing is stored of the call that could be asked about.
            TransientError, PermanentError: As both stages.
        """
        heard = await asyncio.to_thread(self.database.read, lambda connection: self._heard(connection, key))
        understanding = await self._understood(heard)
        answers, model = await self._answered(heard, understanding)
        assessment = await asyncio.to_thread(assess, self.scorecard, answers, heard.transcript, heard.metrics)
        given = {answer.criterion_id: answer.answer for answer in assessment.answers}
        return self._blank(key) | {"answers": given, "model": model}

    async def _understood(self, heard: Heard) -> Understanding:
        client = self._paying(CANARY_LLM1)
        model, redact, wording = client.settings.model, self.redact, self.wording
        identity = self._tonights(
            understanding_identity(model, heard.transcript, redact=redact, wording=wording)
        )
        if known := await self._read(stored.stored_answer, identity):
            return Understanding.model_validate(known)
        private = await self._known(heard.call, heard.transcript)
        made = await understand(client, heard.transcript, redact=redact, known=private, wording=wording)
        answer = made.understanding.model_dump(mode="json")
        await self._keep_answer(heard, CANARY_LLM1, identity, made.provenance, answer)
        return made.understanding

    async def _answered(self, heard: Heard, understanding: Understanding) -> tuple[AuditAnswers, str]:
        """The answers, and the model that gave them."""
        client = self._paying(CANARY_LLM2)
        how: dict[str, Any] = {"metrics": heard.metrics, "redact": self.redact, "wording": self.wording}
        named = await asyncio.to_thread(
            audit_identity, client.settings.model, heard.transcript, understanding, self.scorecard, **how
        )
        identity = self._tonights(named)
        if known := await self._read(stored.stored_answer, identity):
            return AuditAnswers.model_validate(known), await self._read(_model_of, identity)
        private = await self._known(heard.call, heard.transcript)
        made = await answer_scorecard(
            client, heard.transcript, understanding, self.scorecard, known=private, **how
        )
        answer = made.answers.model_dump(mode="json")
        await self._keep_answer(heard, CANARY_LLM2, identity, made.provenance, answer)
        return made.answers, made.provenance.model

    async def _keep_answer(
        self, heard: Heard, stage: str, identity: str, made: Provenance, answer: dict[str, Any]
    ) -> None:
        row = self._llm_row(heard.call, stage, heard.transcript, identity, made)
        row |= {"answer": answer, "scorecard_sha256": None if stage == CANARY_LLM1 else self.scorecard.sha256}
        await asyncio.to_thread(
            self.database.write, lambda connection: insert_missing(connection, LlmResultRow, [row])
        )

    def _paying(self, stage: str) -> LlmClient:
        return self.client.asking(Payer(self.job.batch_id, stage, self.client.settings.model))

    def _tonights(self, identity: str) -> str:
        return canary_identity(identity, self.night)

    def _heard(self, connection: Connection, key: CallKey) -> Heard:
        """Reads what the GPU stages found.

        Raises:
            InvalidInput: They found nothing, or nothing is known of the call.
            TransientError: They are at work on it again.
        """
        call_id, wanted = call_id_for(*key), [CallRow.__table__.c[name] for name in _OF_CALL]
        of_call = select(*wanted).join(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
        row = connection.execute(of_call.where(CallRow.call_id == call_id)).mappings().first()
        if row is None:
            raise InvalidInput("it has no transcript: audit its day, or take it off [cofi] canary_calls")
        if not connection.execute(select(has_result(Stage.IVR)).where(CallRow.call_id == call_id)).scalar():
            raise TransientError("another run is auditing it from the recording")
        transcript, call = stored.transcript_of(connection, call_id), PendingCall(**row)
        if not transcript.turns:
            raise InvalidInput("nobody speaks in it: take it off [cofi] canary_calls")
        ivr = stored.ivr_result_of(connection, call_id)
        metrics = call_metrics(
            transcript, ivr, started_at=call.started_at, timezone=self.timezone, direction=call.direction
        )
        return Heard(call, transcript, metrics)

    def _blank(self, key: CallKey) -> dict[str, Any]:
        return {
            "batch_id": self.job.batch_id,
            "call_id": call_id_for(*key),
            "day": key[0],
            "path": key[1],
            "night": self.night,
            "scorecard_sha256": self.scorecard.sha256,
            "model": None,
            "answers": None,
            "failure": None,
            "asked_at": datetime.now(UTC),
        }

    def _failed(self, key: CallKey, error: CofiError) -> dict[str, Any]:
        message = masked_text(f"{error.kind}: {error}")[:_FAILURE_CHARS]
        log.warning("canary %s/%s: %s", *key, message)
        return self._blank(key) | {"failure": message}


def _model_of(connection: Connection, identity: str) -> str:
    """Which model gave a stored answer."""
    query = select(LlmResultRow.model).where(LlmResultRow.identity == identity)
    return str(connection.execute(query).scalar_one())
