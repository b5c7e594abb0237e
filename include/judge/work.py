"""LLM2 with a look at its own answers: others are asked where it pays, before an audit is kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from include.card_data.masking import masked_text
from include.database.answers import stored_answer
from include.database.engine import insert_missing
from include.database.models import LlmResultRow
from include.errors import AnswerInvalid, CofiError, RequestRefused
from include.judge.asking import SECOND_OPINION, ask_again, opinion_identity, opinion_prompt_hash
from include.judge.confidence import ConfidenceFloor
from include.judge.setting import SecondOpinionSetting, Source
from include.llm.client import LlmClient
from include.llm.rows import Rows
from include.llm.stages import Judged, LlmWork
from include.llm.structured import provenance
from include.llm.usage import cost_usd
from include.redaction.redacting import RedactedTranscript, prepared
from include.scorecards.answers import GivenAnswer
from include.scorecards.assessment import Assessment, Opinion
from include.scorecards.judging import EvidenceJudge
from include.scorecards.opinions import to_ask_again, with_doubts, with_opinions
from include.scorecards.schema import Criterion

_FAILURE_CHARS = 300


@dataclass(frozen=True)
class SecondOpinions:
    """The models or connections to ask for second opinions.

    Attributes:
        setting: How often, and on which answers.
        client: That asks; it shares its slots with the first one, and has a payer of its own.
    """

    setting: SecondOpinionSetting
    client: LlmClient

    def by(self, number: int) -> str:
        """What an opinion's giver is called."""
        return f"sample {number}" if self.setting.source is Source.SAMPLES else self.client.settings.model


@dataclass(frozen=True)
class Question:
    """A criterion that is asked again about a call; `number` counts the times from 1."""

    criterion: Criterion
    number: int
    identity: str


@dataclass(frozen=True)
class JudgedWork(LlmWork):
    """Both stages, with second opinions and a floor under confidence.

    Attributes:
        second: None when nobody else is asked.
        floor: Below which an answer waits for a person; None for nowhere.
    """

    second: SecondOpinions | None = None
    floor: ConfidenceFloor | None = None

    async def _looked_over(self, judged: Judged, paid: Rows) -> Assessment:
        """Asks others about answers that fail a call, or about all, and adds why a person should look.

        Whatever was paid for is stored before anything else is asked: a task that ends in between, or an
        opinion that cannot be had for now, costs no answer.

        Raises:
            TransientError, BudgetReached: An opinion cannot be had for now; the call is taken up again.
        """
        assessment = judged.assessment
        if self.second is not None:
            asked_on = self.second.setting.asked_on
            criteria = to_ask_again(self.scorecard, judged.answers, assessment, asked_on)
            if criteria:
                await self._keep(paid)
                opinions = await self._opinions(self.second, judged, criteria)
                assessment = with_opinions(assessment, self.client.settings.model, opinions)
        return with_doubts(assessment, self.floor.doubts(assessment)) if self.floor else assessment

    async def _opinions(
        self, second: SecondOpinions, judged: Judged, criteria: Sequence[Criterion]
    ) -> dict[str, list[Opinion]]:
        questions = [
            Question(criterion, number, self._identity(second, judged, criterion, number))
            for criterion in criteria
            for number in range(1, 1 + second.setting.samples)
        ]
        stored = [await self._stored(question) for question in questions]
        leaving = await self._leaving(judged) if None in stored else None
        # All of them end before an error does: what is being paid for is stored.
        found = await asyncio.gather(
            *(
                self._opinion(second, judged, question, known, leaving)
                for question, known in zip(questions, stored, strict=True)
            ),
            return_exceptions=True,
        )
        opinions: dict[str, list[Opinion]] = {}
        for question, opinion in zip(questions, found, strict=True):
            if isinstance(opinion, BaseException):
                raise _gravest(found)
            opinions.setdefault(question.criterion.id, []).append(opinion)
        return opinions

    async def _opinion(
        self,
        second: SecondOpinions,
        judged: Judged,
        question: Question,
        known: GivenAnswer | None,
        leaving: RedactedTranscript | None,
    ) -> Opinion:
        by = second.by(question.number)
        if known is None:
            assert leaving is not None  # something is to be asked
            try:
                known = await self._ask(second.client, judged, question, leaving)
            except (AnswerInvalid, RequestRefused) as error:
                failure = masked_text(str(error))[:_FAILURE_CHARS]
                return Opinion(by=by, answer=None, failure=failure, llm_identity=question.identity)
        return await asyncio.to_thread(self._checked, judged, question, by, known)

    async def _ask(
        self, client: LlmClient, judged: Judged, question: Question, leaving: RedactedTranscript
    ) -> GivenAnswer:
        answer = await ask_again(
            client, leaving, judged.understanding, question.criterion, wording=self.wording
        )
        made = provenance(answer, opinion_prompt_hash(self.wording), leaving.redaction.counts)
        row = self._llm_row(judged.call, SECOND_OPINION, judged.transcript, question.identity, made) | {
            "cost_usd": cost_usd(made.model, made.usage, self.prices, asked=client.settings.model),
            "scorecard_sha256": self.scorecard.sha256,
            "answer": answer.value.model_dump(mode="json"),
        }
        await self._keep([(LlmResultRow, row)])
        return answer.value

    def _checked(self, judged: Judged, question: Question, by: str, given: GivenAnswer) -> Opinion:
        """With its quotes looked up as those of a first answer are."""
        criterion, roles = question.criterion, judged.understanding.roles
        least, spoken = self.scorecard.min_evidence_confidence, judged.assessment.speaks_to_model
        judge = EvidenceJudge(judged.transcript, roles, spoken, least)
        return Opinion(
            by=by,
            answer=given.answer,
            evidence=[
                judge.judged(criterion.evidence, item, criterion.instructions) for item in given.evidence
            ],
            absence=given.absence,
            justification=given.justification,
            confidence=given.confidence,
            llm_identity=question.identity,
        )

    def _identity(self, second: SecondOpinions, judged: Judged, criterion: Criterion, number: int) -> str:
        return opinion_identity(
            second.client,
            judged.transcript,
            judged.understanding,
            criterion,
            number,
            redact=self.redact,
            wording=self.wording,
        )

    async def _stored(self, question: Question) -> GivenAnswer | None:
        known = await self._read(stored_answer, question.identity)
        return GivenAnswer.model_validate(known) if known else None

    async def _leaving(self, judged: Judged) -> RedactedTranscript:
        known = await self._known(judged.call, judged.transcript)
        return await asyncio.to_thread(prepared, judged.transcript, known, redacted=self.redact)

    async def _keep(self, rows: Rows) -> None:
        """Stores answers that were paid for."""
        answers = [row for table, row in rows if table is LlmResultRow]

        def work(connection: Connection) -> None:
            insert_missing(connection, LlmResultRow, answers)

        if answers:
            await asyncio.to_thread(self.database.write, work)


def _gravest(found: Sequence[Opinion | BaseException]) -> BaseException:
    """What ends the stage, else what comes first."""
    errors = [one for one in found if isinstance(one, BaseException)]
    return next((error for error in errors if isinstance(error, CofiError) and error.of_the_stage), errors[0])
