"""LLM1 and LLM2 for one call: a stored answer is used again, a new one is stored."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection

from include.calls.call import CallMetadata, CallState
from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database import answers as stored
from include.database.engine import Database
from include.database.models import LlmResultRow
from include.database.outcomes import Ended, Success
from include.database.work import PendingCall, StageJob
from include.llm.audit import answer_scorecard, audit_identity
from include.llm.client import LlmClient
from include.llm.facts import Understanding
from include.llm.rows import Rows, audit_rows, facts_rows
from include.llm.structured import Provenance
from include.llm.understanding import understand, understanding_identity
from include.llm.usage import Prices, cost_usd
from include.llm.wording import SHIPPED_WORDING, Wording
from include.redaction.known import Known
from include.redaction.known_numbers import numbers_in_metadata
from include.redaction.names import names_in_metadata
from include.scorecards.answers import AuditAnswers
from include.scorecards.assessment import Assessment
from include.scorecards.metrics import call_metrics
from include.scorecards.schema import Scorecard
from include.scorecards.scoring import assess

if TYPE_CHECKING:
    from include.redaction.recognition import NameRecogniser

T = TypeVar("T")


@dataclass(frozen=True)
class Judged:
    """A call with its answers, before they are kept."""

    call: PendingCall
    transcript: Transcript
    understanding: Understanding
    answers: AuditAnswers
    assessment: Assessment


@dataclass(frozen=True)
class LlmWork:
    """The clients, settings and tables that both LLM stages need.

    Attributes:
        job: Which stage of which batch: it pays.
        endpoint: What results and failures call the API.
        scorecard: LLM2's.
        redact: Whether private data is replaced before a transcript leaves.
        recogniser: Finds names beside those that rules find; None without a model.
        names_kept: Names that are nobody's and stay.
        timezone: Of the site: calling hours are hours of its clock.
        wording: Which prompts.
    """

    database: Database
    client: LlmClient
    job: StageJob
    endpoint: str
    scorecard: Scorecard
    prices: Prices
    redact: bool
    recogniser: "NameRecogniser | None" = None
    names_kept: tuple[str, ...] = ()
    timezone: str = "UTC"
    wording: Wording = SHIPPED_WORDING

    async def understand(self, call: PendingCall) -> Success | Ended:
        """LLM1: the facts of a call. A call in which nobody speaks ends here.

        Raises:
            AnswerInvalid, TransientError, PermanentError: See `include.llm.understanding.understand`.
        """
        transcript = await self._read_here(stored.transcript_for, call)
        if not transcript.turns:
            return Ended(call.call_id, CallState.SKIPPED, "nobody speaks in it")
        ivr = await self._read_here(stored.ivr_result_for, call)
        identity = understanding_identity(
            self.client.settings.model, transcript, ivr=ivr, redact=self.redact, wording=self.wording
        )
        known = await self._read(stored.stored_answer, identity)
        if known:
            understanding, provenance, rows = Understanding.model_validate(known), None, Rows()
        else:
            made = await understand(
                self.client,
                transcript,
                ivr=ivr,
                redact=self.redact,
                known=await self._known(call, transcript),
                wording=self.wording,
            )
            understanding, provenance = made.understanding, made.provenance
            row = self._llm_row(call, Stage.LLM1, transcript, identity, provenance)
            content = {"scorecard_sha256": None, "answer": understanding.model_dump(mode="json")}
            rows = [(LlmResultRow, {**row, **content})]
        rows += facts_rows(understanding, call.call_id, self.job.batch_id, identity)
        return self._success(call, identity, provenance, rows)

    async def audit(self, call: PendingCall) -> Success:
        """LLM2 and the score: the call is audited.

        Raises:
            AnswerInvalid, TransientError, PermanentError: See `include.llm.audit.answer_scorecard`.
        """
        transcript = await self._read_here(stored.transcript_for, call)
        understanding = await self._understanding(call)
        ivr = await self._read_here(stored.ivr_result_for, call)
        metrics = call_metrics(
            transcript, ivr, started_at=call.started_at, timezone=self.timezone, direction=call.direction
        )
        # What goes through the whole call is work for a thread: requests in flight would wait for it.
        identity = await asyncio.to_thread(
            audit_identity,
            self.client.settings.model,
            transcript,
            understanding,
            self.scorecard,
            metrics=metrics,
            ivr=ivr,
            redact=self.redact,
            wording=self.wording,
        )
        known = await self._read(stored.stored_answer, identity)
        if known:
            answers, provenance, rows = AuditAnswers.model_validate(known), None, Rows()
        else:
            made = await answer_scorecard(
                self.client,
                transcript,
                understanding,
                self.scorecard,
                metrics=metrics,
                ivr=ivr,
                redact=self.redact,
                known=await self._known(call, transcript),
                wording=self.wording,
            )
            answers, provenance = made.answers, made.provenance
            row = self._llm_row(call, Stage.LLM2, transcript, identity, provenance)
            content = {"scorecard_sha256": self.scorecard.sha256, "answer": answers.model_dump(mode="json")}
            rows = [(LlmResultRow, {**row, **content})]
        assessment = await asyncio.to_thread(assess, self.scorecard, answers, transcript, metrics)
        assessment = await self._looked_over(
            Judged(call, transcript, understanding, answers, assessment), rows
        )
        rows += audit_rows(self.scorecard, assessment, self.job.batch_id, identity)
        return self._success(call, identity, provenance, rows, state=CallState.AUDITED)

    async def _looked_over(self, judged: Judged, paid: Rows) -> Assessment:
        """The assessment as it is kept; `include.judge` asks others about it first.

        Args:
            judged: The call, and what came of it.
            paid: Rows of an answer that was paid for just now, and is not stored yet.
        """
        return judged.assessment

    async def _understanding(self, call: PendingCall) -> Understanding:
        identity = await self._read_here(stored.llm1_identity_for, call)
        return Understanding.model_validate(await self._read(stored.stored_answer, identity))

    async def _known(self, call: PendingCall, transcript: Transcript) -> Known:
        """What is known of the call, or recognised in it."""
        metadata = CallMetadata(
            agent=call.agent,
            customer_ref=call.customer_ref,
            caller=call.details.get("caller"),
            called=call.details.get("called"),
            caller_name=call.details.get("caller_name"),
            called_name=call.details.get("called_name"),
        )
        known = Known(
            names_in_metadata(metadata), kept=self.names_kept, numbers=numbers_in_metadata(metadata)
        )
        if not self.redact or self.recogniser is None:
            return known
        return await asyncio.to_thread(self.recogniser.recognise, transcript, known)

    async def _read(self, query: Callable[[Connection, str], T], key: str) -> T:
        return await asyncio.to_thread(self.database.read, lambda connection: query(connection, key))

    async def _read_here(self, query: Callable[[Connection, str, str], T], call: PendingCall) -> T:
        """What the batch goes on from: its own, where it does the stage again."""
        return await self._read(lambda c, call_id: query(c, call_id, self.job.batch_id), call.call_id)

    def _llm_row(
        self, call: PendingCall, stage: str, transcript: Transcript, identity: str, made: Provenance
    ) -> dict[str, Any]:
        return {
            "identity": identity,
            "call_id": call.call_id,
            "stage": stage,
            "model": made.model,
            "prompt_sha256": made.prompt_sha256,
            "transcript_sha256": transcript.sha256,
            "prompt_tokens": made.usage.prompt_tokens,
            "completion_tokens": made.usage.completion_tokens,
            "cached_tokens": made.usage.cached_tokens,
            "cost_usd": cost_usd(made.model, made.usage, self.prices, asked=self.client.settings.model),
            "latency_s": made.latency_s,
            "attempts": made.attempts,
            "repaired": made.repaired,
            "redactions": made.redactions,
            "batch_id": self.job.batch_id,
            "created_at": datetime.now(UTC),
        }

    def _success(
        self,
        call: PendingCall,
        identity: str,
        made: Provenance | None,
        rows: Rows,
        *,
        state: CallState | None = None,
    ) -> Success:
        return Success(
            call_id=call.call_id,
            worker=self.endpoint,
            engine=made.model if made else "stored answer",
            seconds=made.latency_s if made else 0.0,
            result={"identity": identity},
            rows=rows,
            state=state,
        )
