"""Answers one criterion after the other: by the model, a rule or a metric, and checks the answer."""

from collections.abc import Mapping, Sequence

from include.calls.transcript import Transcript
from include.injection.finding import SpokenToModel
from include.scorecards.announcing import settling
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE, AuditAnswers, as_key
from include.scorecards.assessment import AssessedAnswer, Standing
from include.scorecards.conditions import METRICS_PREFIX, CriterionCondition, FieldCondition, in_words, shown
from include.scorecards.evidence import CheckedEvidence, EvidenceSpan, EvidenceStatus, evidence_of
from include.scorecards.judging import EvidenceJudge, proves
from include.scorecards.machines import doubts_about
from include.scorecards.metrics import CallMetrics
from include.scorecards.rules import RULES
from include.scorecards.schema import NO, YES, AnsweredBy, AutoFail, Criterion, Option, Scorecard

_GROUNDLESS = "it fails without evidence that counts and without saying what was looked for and not found"

_NEARLY = "it fails the call on words that are only nearly found in the transcript"
_NEGATED = "it fails the call on words that stand behind a negation"


class Answering:
    """Holds one call's material while its criteria are answered."""

    def __init__(
        self,
        scorecard: Scorecard,
        given: AuditAnswers,
        transcript: Transcript,
        metrics: CallMetrics,
        speaks_to_model: Sequence[SpokenToModel] = (),
    ) -> None:
        self._scorecard = scorecard
        self._given = given
        self._transcript = transcript
        self._facts = {METRICS_PREFIX + name: value for name, value in metrics.model_dump().items()}
        self._announcements = metrics.announcements
        least = scorecard.min_evidence_confidence
        self._metrics = metrics
        self._judge = EvidenceJudge(
            transcript, given.roles, speaks_to_model, least, people_from_ms=metrics.people_from_ms
        )

    def answer(self, criterion: Criterion, earlier: Mapping[str, AssessedAnswer]) -> AssessedAnswer:
        """Answers a criterion; `earlier` holds those that its condition may ask about."""
        reason = self._why_not(criterion, earlier)
        if reason is not None:
            answer = AssessedAnswer(answer=NOT_APPLICABLE, **self._head(criterion, reason))
        elif unknown := _why_unknown(criterion, earlier):
            answer = AssessedAnswer(answer=CANNOT_DETERMINE, **self._head(criterion, unknown))
        elif criterion.answered_by is AnsweredBy.RULE:
            return self._by_rule(criterion)
        elif criterion.answered_by is AnsweredBy.METRIC:
            answer = self._by_metric(criterion)
        else:
            answer = self._by_prompt(criterion) or self._by_llm(criterion)
        doubts = self._doubts(criterion, answer) or doubts_about(criterion, answer, self._metrics)
        return scored(criterion, answer, doubts)

    def _why_not(self, criterion: Criterion, earlier: Mapping[str, AssessedAnswer]) -> str | None:
        """Why a criterion does not apply; None when it does."""
        if criterion.id in self._given.not_applicable:
            return self._given.not_applicable[criterion.id]
        if self._given.out_of_scope and criterion.answered_by is AnsweredBy.LLM:
            return self._given.out_of_scope
        condition = criterion.applies_if
        if isinstance(condition, FieldCondition) and condition.about_metrics:
            holds = condition.holds(self._facts)
            return (
                None if holds else f"applies if {condition}; here it is {shown(self._facts[condition.field])}"
            )
        if isinstance(condition, CriterionCondition):
            other = earlier[condition.criterion]
            if other.answer == condition.equals or does_not_tell(condition, other):
                return None
            return f"applies if {condition}; here it is {other.answer}"
        return None

    def _head(self, criterion: Criterion, justification: str) -> dict[str, object]:
        return {
            "criterion_id": criterion.id,
            "section_id": criterion.section,
            "answered_by": criterion.answered_by,
            "severity": criterion.severity,
            "justification": justification,
            "weight": self._scorecard.share(criterion.id),
        }

    def _by_rule(self, criterion: Criterion) -> AssessedAnswer:
        found = RULES[criterion.rule or ""](self._transcript)
        head = self._head(criterion, found.justification)
        evidence = [self._heard(item) for item in found.evidence]
        answer = AssessedAnswer(answer=found.answer, evidence=evidence, **head)
        badly_heard = bool(evidence) and not any(item.counts for item in evidence)
        notes = dict.fromkeys(item.note for item in evidence if badly_heard and item.note)
        suspected = "; ".join([f"suspected only: {found.justification}", *notes])
        return scored(criterion, answer, [suspected] if badly_heard or not found.certain else [])

    def _heard(self, item: CheckedEvidence) -> CheckedEvidence:
        """Evidence of code counts from the same confidence on as any other."""
        confidence, least = item.confidence or 0.0, self._scorecard.min_evidence_confidence
        if confidence >= least:
            return item
        note = f"heard with a confidence of {confidence:.2f}, below {least:.2f}"
        return item.model_copy(update={"counts": False, "note": note})

    def _by_prompt(self, criterion: Criterion) -> AssessedAnswer | None:
        """The answer that an announcement settles; None when none was played."""
        least = self._scorecard.min_evidence_confidence
        played = settling(criterion, self._announcements, self._transcript.turns, least)
        if played is None or criterion.settled_by_prompt is None:
            return None
        span = EvidenceSpan(
            turn_id="",
            speaker="ivr",
            start_ms=played.start_ms,
            end_ms=played.end_ms,
            confidence=played.confidence,
        )
        evidence = evidence_of(f'[announcement "{played.name}"]', EvidenceStatus.VERIFIED, [span])
        head = self._head(criterion, f'The telephone system plays "{played.name}".')
        head["answered_by"] = AnsweredBy.RULE
        cleared = evidence.model_copy(update={"turn_id": None, "spans": []})
        return AssessedAnswer(answer=criterion.settled_by_prompt.answer, evidence=[cleared], **head)

    def _by_metric(self, criterion: Criterion) -> AssessedAnswer:
        assert criterion.metric is not None  # a loaded scorecard has it
        metric = criterion.metric
        value = self._facts[METRICS_PREFIX + metric.field]
        if value is None:
            head = self._head(criterion, f"{metric.field} is unknown for this call")
            return AssessedAnswer(answer=CANNOT_DETERMINE, **head)
        asked = FieldCondition(field=METRICS_PREFIX + metric.field, op=metric.op, value=metric.value)
        head = self._head(
            criterion, f"{metric.field} is {value:g}; yes when it {in_words(metric.op, metric.value)}"
        )
        return AssessedAnswer(answer=YES if asked.holds(self._facts) else NO, **head)

    def _by_llm(self, criterion: Criterion) -> AssessedAnswer:
        given = self._given.answers.get(criterion.id)
        if given is None:
            head = self._head(criterion, "The model gave no answer.")
            return AssessedAnswer(answer=CANNOT_DETERMINE, **head)
        na = [NOT_APPLICABLE] if criterion.na_allowed else []
        allowed = [*(option.key for option in criterion.options), *na, CANNOT_DETERMINE]
        answer = as_key(given.answer, allowed)
        return AssessedAnswer(
            answer=answer if answer in allowed else CANNOT_DETERMINE,
            evidence=[
                self._judge.judged(criterion.evidence, item, criterion.instructions)
                for item in given.evidence
            ],
            absence=given.absence,
            confidence=given.confidence,
            **self._head(criterion, given.justification),
        )

    def _doubts(self, criterion: Criterion, answer: AssessedAnswer) -> list[str]:
        """Why an answer does not count; nothing when it does."""
        option = criterion.option(answer.answer)
        if option is None or answer.answered_by is not AnsweredBy.LLM:
            return []
        notes = sorted({item.note for item in answer.evidence if item.note}) or ["no quote was given"]
        without = [f'the answer "{answer.answer}" has no evidence that counts: {"; ".join(notes)}']
        if any(item.counts for item in answer.evidence):
            unproven = option.auto_fail is not AutoFail.NONE and not proves(answer.evidence)
            return [_NEGATED if any(e.negated for e in answer.evidence) else _NEARLY] if unproven else []
        if option.auto_fail is not AutoFail.NONE or answer.answer in criterion.evidence.required_on:
            return without
        if _invented(answer):
            return without
        return [] if answer.absence or option.score > 0 else [_GROUNDLESS]


def does_not_tell(condition: CriterionCondition, other: AssessedAnswer) -> bool:
    """Whether an answer that does not count leaves it open if a condition on it holds."""
    if condition.equals == other.answer == CANNOT_DETERMINE:
        return False
    return other.standing in (Standing.UNSUPPORTED, Standing.UNDETERMINED)


def _why_unknown(criterion: Criterion, earlier: Mapping[str, AssessedAnswer]) -> str | None:
    """Why nobody knows whether a criterion applies; None when it is known."""
    condition = criterion.applies_if
    if isinstance(condition, CriterionCondition) and does_not_tell(condition, earlier[condition.criterion]):
        return f"applies if {condition}; the answer to {condition.criterion} does not count"
    return None


def _invented(answer: AssessedAnswer) -> bool:
    """Whether quotes were given and none of them stands in the transcript."""
    return bool(answer.evidence) and all(e.status is EvidenceStatus.NOT_FOUND for e in answer.evidence)


def scored(criterion: Criterion, answer: AssessedAnswer, doubts: list[str]) -> AssessedAnswer:
    """Adds what the answer earns and fails; one that does not count earns and fails nothing.

    Args:
        criterion: The one that is answered.
        answer: Not scored yet.
        doubts: Why it does not count; nothing when it does.
    """
    option = criterion.option(answer.answer)
    if answer.answer == NOT_APPLICABLE:
        return answer.model_copy(update={"standing": Standing.NOT_APPLICABLE})
    if option is None:
        doubts = [f"cannot be determined: {answer.justification}"]
        return answer.model_copy(update={"standing": Standing.UNDETERMINED, "review_reasons": doubts})
    if doubts:
        return answer.model_copy(update={"standing": Standing.UNSUPPORTED, "review_reasons": doubts})
    return answer.model_copy(update=_points(criterion, option))


def _points(criterion: Criterion, option: Option) -> dict[str, object]:
    return {"earned": option.score, "potential": criterion.potential, "auto_fail": option.auto_fail}
