"""Answers one criterion after the other: by the model, a rule or a metric, and checks the answer."""

from collections.abc import Mapping, Sequence

from include.calls.transcript import Transcript
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE, AuditAnswers, GivenAnswer
from include.scorecards.assessment import AssessedAnswer
from include.scorecards.conditions import METRICS_PREFIX, CriterionCondition, FieldCondition
from include.scorecards.evidence import CheckedEvidence, EvidenceChecker, EvidenceStatus
from include.scorecards.injection import SpokenToModel
from include.scorecards.metrics import CallMetrics
from include.scorecards.rules import RULES
from include.scorecards.schema import NO, YES, AnsweredBy, AutoFail, Criterion, EvidenceRule, Scorecard

_GROUNDLESS = "it fails without evidence that counts and without saying what was looked for and not found"


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
        self._checker = EvidenceChecker(transcript)
        self._no_evidence = {one.turn_id for one in speaks_to_model}

    def answer(self, criterion: Criterion, earlier: Mapping[str, AssessedAnswer]) -> AssessedAnswer:
        """Answers a criterion; `earlier` holds those that its condition may ask about."""
        reason = self._why_not(criterion, earlier)
        if reason is not None:
            return self._scored(
                criterion, AssessedAnswer(answer=NOT_APPLICABLE, **self._head(criterion, reason))
            )
        if criterion.answered_by is AnsweredBy.RULE:
            return self._scored(criterion, self._by_rule(criterion))
        if criterion.answered_by is AnsweredBy.METRIC:
            return self._scored(criterion, self._by_metric(criterion))
        announced = self._by_prompt(criterion)
        if announced is not None:
            return self._scored(criterion, announced)
        given = self._given.answers.get(criterion.id)
        if given is None:
            head = self._head(criterion, "The model gave no answer.")
            return self._scored(criterion, AssessedAnswer(answer=CANNOT_DETERMINE, **head))
        return self._scored(criterion, self._by_llm(criterion, given))

    def _why_not(self, criterion: Criterion, earlier: Mapping[str, AssessedAnswer]) -> str | None:
        """Why a criterion does not apply; None when it does."""
        if criterion.id in self._given.not_applicable:
            return self._given.not_applicable[criterion.id]
        if self._given.out_of_scope and criterion.answered_by is AnsweredBy.LLM:
            return self._given.out_of_scope
        condition = criterion.applies_if
        if isinstance(condition, FieldCondition) and condition.about_metrics:
            holds = condition.holds(self._facts)
            return None if holds else f"applies if {condition}; here {self._facts[condition.field]}"
        if isinstance(condition, CriterionCondition):
            other = earlier[condition.criterion].answer
            return None if other == condition.equals else f"applies if {condition}; here {other}"
        return None

    def _head(self, criterion: Criterion, justification: str) -> dict[str, object]:
        return {
            "criterion_id": criterion.id,
            "section_id": criterion.section,
            "answered_by": criterion.answered_by,
            "severity": criterion.severity,
            "justification": justification,
            "weight": self._share(criterion),
        }

    def _share(self, criterion: Criterion) -> float:
        """The criterion's part of the whole: sections share by weight, criteria share their section."""
        sections = self._scorecard.sections
        section = next(s for s in sections if s.id == criterion.section)
        inside = sum(c.weight for c in self._scorecard.criteria if c.section == section.id)
        return section.weight / sum(s.weight for s in sections) * criterion.weight / inside

    def _by_rule(self, criterion: Criterion) -> AssessedAnswer:
        found = RULES[criterion.rule or ""](self._transcript)
        head = self._head(criterion, found.justification)
        return AssessedAnswer(answer=found.answer, evidence=list(found.evidence), **head)

    def _by_prompt(self, criterion: Criterion) -> AssessedAnswer | None:
        """The answer that an announcement settles; None when none was played."""
        rule = criterion.settled_by_prompt
        played = next((a for a in self._announcements if rule and a.name in rule.prompts), None)
        if rule is None or played is None:
            return None
        evidence = CheckedEvidence(
            quote=f'[announcement "{played.name}"]',
            status=EvidenceStatus.VERIFIED,
            turn_id=None,
            speaker="ivr",
            start_ms=played.start_ms,
            end_ms=played.end_ms,
            confidence=played.confidence,
            counts=True,
        )
        head = self._head(criterion, f'The telephone system plays "{played.name}".')
        head["answered_by"] = AnsweredBy.RULE
        return AssessedAnswer(answer=rule.answer, evidence=[evidence], **head)

    def _by_metric(self, criterion: Criterion) -> AssessedAnswer:
        assert criterion.metric is not None  # a loaded scorecard has it
        metric = criterion.metric
        value = self._facts[METRICS_PREFIX + metric.field]
        if value is None:
            head = self._head(criterion, f"{metric.field} is unknown for this call")
            return AssessedAnswer(answer=CANNOT_DETERMINE, **head)
        limit = metric.value
        asked = FieldCondition(field=METRICS_PREFIX + metric.field, op=metric.op, value=limit)
        told = " and ".join(f"{n:g}" for n in (limit if isinstance(limit, list) else [limit]))
        head = self._head(criterion, f"{metric.field} is {value:g}; asked for: {metric.op} {told}")
        return AssessedAnswer(answer=YES if asked.holds(self._facts) else NO, **head)

    def _by_llm(self, criterion: Criterion, given: GivenAnswer) -> AssessedAnswer:
        known = criterion.option(given.answer) is not None or given.answer == CANNOT_DETERMINE
        allowed = known or (given.answer == NOT_APPLICABLE and criterion.na_allowed)
        evidence = [self._checker.check(item.quote, item.turn_id) for item in given.evidence]
        return AssessedAnswer(
            answer=given.answer if allowed else CANNOT_DETERMINE,
            evidence=[self._judged(criterion.evidence, item) for item in evidence],
            absence=given.absence,
            confidence=given.confidence,
            **self._head(criterion, given.justification),
        )

    def _judged(self, rule: EvidenceRule, item: CheckedEvidence) -> CheckedEvidence:
        """Takes away `counts` from words of the wrong speaker or part of the call, or to the model."""
        if not item.counts:
            return item
        if item.turn_id in self._no_evidence:
            return item.model_copy(update={"counts": False, "note": "it may speak to the model"})
        role = self._role(item.speaker or "")
        if rule.speaker != "any" and role not in (rule.speaker, ""):
            return item.model_copy(
                update={"counts": False, "note": f"said by the {role}, not the {rule.speaker}"}
            )
        if not self._in_window(rule, item):
            return item.model_copy(update={"counts": False, "note": "outside the part of the call asked for"})
        return item

    def _role(self, label: str) -> str:
        """The role behind a speaker label; "" when nobody knows."""
        known = self._given.roles.get(label)
        role = known.value if known else label
        return role if role in ("agent", "customer") else ""

    def _in_window(self, rule: EvidenceRule, item: CheckedEvidence) -> bool:
        turns = self._transcript.turns
        start_ms, end_ms = item.start_ms or 0, item.end_ms or 0
        if rule.window.first_s is not None and start_ms > turns[0].start_ms + rule.window.first_s * 1000:
            return False
        last_ms = max(turn.end_ms for turn in turns)
        return rule.window.last_s is None or end_ms >= last_ms - rule.window.last_s * 1000

    def _scored(self, criterion: Criterion, answer: AssessedAnswer) -> AssessedAnswer:
        """Adds score, auto-fail and what needs review."""
        if answer.answer == NOT_APPLICABLE:
            return answer
        if answer.answer == CANNOT_DETERMINE:
            reasons = [f"cannot be determined: {answer.justification}"]
            return answer.model_copy(update={"potential": criterion.potential, "review_reasons": reasons})
        option = criterion.option(answer.answer)
        assert option is not None  # _by_llm, rules and metrics give known keys only
        reasons = self._doubts(criterion, answer, fails=option.auto_fail is not AutoFail.NONE)
        update = {
            "earned": option.score,
            "potential": criterion.potential,
            "auto_fail": AutoFail.NONE if reasons else option.auto_fail,
            "review_reasons": reasons,
        }
        return answer.model_copy(update=update)

    def _doubts(self, criterion: Criterion, answer: AssessedAnswer, *, fails: bool) -> list[str]:
        """What keeps an answer from standing by itself."""
        if answer.answered_by is AnsweredBy.METRIC:
            return []
        counting = [item for item in answer.evidence if item.counts]
        if not (fails or answer.answer in criterion.evidence.required_on):
            return [] if counting or answer.absence or not _lost(criterion, answer) else [_GROUNDLESS]
        if not counting:
            notes = sorted({item.note for item in answer.evidence}) or ["no quote was given"]
            return [f'the answer "{answer.answer}" has no evidence that counts: {"; ".join(notes)}']
        least = self._scorecard.min_evidence_confidence
        best = max(item.confidence or 0 for item in counting)
        if fails and best < least:
            return [f"its evidence was heard with a confidence of {best:.2f}, below {least:.2f}"]
        return []


def _lost(criterion: Criterion, answer: AssessedAnswer) -> bool:
    """Whether an answer of the model earns nothing."""
    option = criterion.option(answer.answer)
    return answer.answered_by is AnsweredBy.LLM and option is not None and option.score == 0
