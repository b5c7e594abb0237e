"""A call's score as a sum that one can follow: what each criterion was worth, what it earned, and why.

    points worth  = 100 × share of the criterion ÷ shares of all criteria whose answer counts
    points earned = points worth × earned ÷ potential; none in a section, or a call, that failed as a whole

The points earned add up to the score. The rule itself is `include.scorecards.scoring`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from include.call_pages.remarks import Remark, times
from include.database.models import AnswerRow, AuditRow, ScorecardRow
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE, Absence
from include.scorecards.assessment import IN_WORDS, Opinion, Standing
from include.scorecards.evidence import CheckedEvidence
from include.scorecards.weights import shares

_LABELS = {NOT_APPLICABLE: "does not apply", CANNOT_DETERMINE: "cannot be determined"}


@dataclass(frozen=True)
class Option:
    """An answer that can be given."""

    key: str
    label: str


@dataclass(frozen=True)
class Answered:
    """A criterion of the scorecard, and the machine's answer to it.

    Attributes:
        label: The answer in words.
        standing: Whether it counts; `counts_in_words` says so.
        worth_pct: Points of the whole score; 0 when it does not count.
        earned_pct: Of these; None when it does not count.
        auto_fail: What it fails: `none`, `section` or `form`.
        needs_evidence: Answers that need a quote.
    """

    criterion_id: str
    text: str
    instructions: str
    severity: str
    answer: str
    label: str
    answered_by: str
    justification: str
    confidence: float | None
    standing: Standing
    worth_pct: float
    earned_pct: float | None
    auto_fail: str
    review_reasons: Sequence[str]
    quotes: Sequence[CheckedEvidence]
    absence: Absence | None
    opinions: Sequence[Opinion]
    options: Sequence[Option]

    @property
    def counts_in_words(self) -> str:
        """Whether it counts, in the words that are the same everywhere."""
        return IN_WORDS[self.standing]

    @property
    def look(self) -> str:
        """How it is coloured: by what it did to the score."""
        if self.auto_fail != "none":
            return "worst"
        if self.standing in (Standing.UNDETERMINED, Standing.UNSUPPORTED):
            return "unknown"
        if self.earned_pct is None or self.worth_pct == 0:
            return "outside"
        return "good" if self.earned_pct >= self.worth_pct - 1e-9 else "partly" if self.earned_pct else "bad"


@dataclass(frozen=True)
class Section:
    """A group of criteria, and what it came to."""

    title: str
    pct: float | None
    failed: bool
    answers: Sequence[Answered]


@dataclass(frozen=True)
class Advice:
    """One thing that the agent could do better, as the model sees it."""

    skill: str
    observation: str
    suggestion: str
    starts_ms: Sequence[int]


@dataclass(frozen=True)
class Score:
    """The machine's current audit of a call.

    Attributes:
        why: The score in sentences.
        reasons: Why a person should look at the call.
    """

    audit_id: str
    scorecard_id: str
    scorecard_version: str
    scorecard_title: str
    scorecard_sha256: str
    threshold_pct: float | None
    pct: float | None
    band: str | None
    passed: bool | None
    auto_failed: bool
    needs_review: bool
    reasons: Sequence[str]
    why: Sequence[str]
    sections: Sequence[Section]
    speaks_to_model: Sequence[Remark]
    strengths: Sequence[str]
    coaching: Sequence[Advice]
    comment: str

    @property
    def answers(self) -> list[Answered]:
        """All answers, in the scorecard's order."""
        return [answer for section in self.sections for answer in section.answers]

    @property
    def by_criterion(self) -> dict[str, Answered]:
        """The answer to each criterion."""
        return {answer.criterion_id: answer for answer in self.answers}


def score_of(connection: Connection, call_id: str, starts: Mapping[str, int]) -> Score | None:
    """The current audit; None when the call has none."""
    query = select(AuditRow.__table__, ScorecardRow.scorecard).join(
        ScorecardRow, ScorecardRow.sha256 == AuditRow.scorecard_sha256
    )
    query = query.where(AuditRow.call_id == call_id, AuditRow.superseded_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    answers = connection.execute(select(AnswerRow.__table__).where(AnswerRow.audit_id == row.audit_id))
    sections = sections_of(row, {answer.criterion_id: answer for answer in answers})
    card = row.scorecard
    return Score(
        **{name: getattr(row, name) for name in _SAME_NAME},
        scorecard_id=card["id"],
        scorecard_version=card["version"],
        scorecard_title=card.get("title", card["id"]),
        threshold_pct=card.get("pass_threshold_pct"),
        reasons=row.review_reasons,
        why=why(row, card, sections),
        sections=sections,
        speaks_to_model=[
            Remark(one["quote"], times([one.get("turn_id")], starts)) for one in row.speaks_to_model
        ],
        coaching=[_advice(one, starts) for one in row.coaching],
    )


_SAME_NAME = (
    *("audit_id", "scorecard_sha256", "pct", "band", "passed", "auto_failed", "needs_review"),
    *("strengths", "comment"),
)


def sections_of(row: Any, answers: Mapping[str, Any]) -> list[Section]:
    """The sum's lines, from the stored JSON as it is: an old version need not fit today's schema.

    Args:
        row: With the scorecard, and what its sections came to.
        answers: Rows of answers, by criterion.
    """
    card, stored = row.scorecard, {one["section_id"]: one for one in row.sections}
    share = shares(
        {one["id"]: one["weight"] for one in card["sections"]},
        ((one["id"], one["section"], one["weight"]) for one in card["criteria"]),
    )
    counted = sum(share[id_] for id_, one in answers.items() if one.potential and id_ in share)
    form_failed = any(one.auto_fail == "form" for one in answers.values())
    made = []
    for section in card["sections"]:
        came_to = stored.get(section["id"], {})
        failed = bool(came_to.get("auto_failed"))
        own = [
            _answered(
                one, answers[one["id"]], share[one["id"]] / counted if counted else 0.0, form_failed or failed
            )
            for one in card["criteria"]
            if one["section"] == section["id"] and one["id"] in answers
        ]
        made.append(Section(section["title"], came_to.get("pct"), failed, own))
    return made


def _answered(criterion: Mapping[str, Any], row: Any, part: float, lost: bool) -> Answered:
    counts = bool(row.potential)
    worth = 100 * part if counts else 0.0
    options = options_of(criterion)
    labels = {**_LABELS, **{one.key: one.label for one in options}}
    return Answered(
        criterion_id=criterion["id"],
        text=criterion["text"],
        instructions=criterion.get("instructions", ""),
        severity=criterion.get("severity", ""),
        answer=row.answer,
        label=labels.get(row.answer, row.answer),
        answered_by=row.answered_by,
        justification=row.justification,
        confidence=row.confidence,
        standing=Standing(row.standing),
        worth_pct=worth,
        earned_pct=(0.0 if lost else worth * row.earned / row.potential) if counts else None,
        auto_fail=row.auto_fail,
        review_reasons=row.review_reasons,
        quotes=[CheckedEvidence.model_validate(one) for one in row.evidence],
        absence=None if row.absence is None else Absence.model_validate(row.absence),
        opinions=[Opinion.model_validate(one) for one in row.opinions],
        options=options,
    )


def options_of(criterion: Mapping[str, Any]) -> list[Option]:
    """The answers that a scorecard's criterion can have."""
    options = [Option(one["key"], one.get("label", one["key"])) for one in criterion["options"]]
    may_be_na = criterion.get("na_allowed") or criterion.get("applies_if")
    return [*options, *([Option(NOT_APPLICABLE, _LABELS[NOT_APPLICABLE])] if may_be_na else [])]


def why(row: Any, card: Mapping[str, Any], sections: Sequence[Section]) -> list[str]:
    """The score in sentences: how it came about, and what it would have been."""
    answers = [answer for section in sections for answer in section.answers]
    if row.pct is None:
        return [f"There is no score: {row.review_reasons[-1] if row.review_reasons else 'not auditable'}."]
    said = _failed_as_a_whole(answers, sections)
    counting = [one for one in answers if one.earned_pct is not None and one.worth_pct]
    if not any(one.auto_fail == "form" for one in answers):
        said += [_sum(row.pct, counting), *_lost(counting)]
    said += _left_out(answers)
    threshold = card.get("pass_threshold_pct")
    if threshold is not None:
        verdict = "passes" if row.passed else "does not pass"
        said.append(f"The call {verdict}: {threshold:g} points are needed.")
    return said


def _sum(pct: float, counting: Sequence[Answered]) -> str:
    full = sum(one.earned_pct == one.worth_pct for one in counting)
    return (
        f"{pct:g} of 100 points: {len(counting)} answers count, and {full} of them earned all their points."
    )


def _failed_as_a_whole(answers: Sequence[Answered], sections: Sequence[Section]) -> list[str]:
    said = [
        f"“{one.text}” was answered “{one.label}”, which fails the whole call: its score is 0."
        for one in answers
        if one.auto_fail == "form"
    ]
    if said:
        return said
    return [f"The section {one.title} failed as a whole and earns nothing." for one in sections if one.failed]


def _lost(counting: Sequence[Answered]) -> list[str]:
    losses = [(one.worth_pct - (one.earned_pct or 0.0), one) for one in counting]
    worst = sorted((loss for loss in losses if loss[0] > 0.05), key=lambda loss: -loss[0])
    if not worst:
        return ["No answer lost points."]
    criteria = "; ".join(f"−{lost:.1f} “{one.text}” ({one.label})" for lost, one in worst)
    return [f"Points were lost by {len(worst)}: {criteria}."]


def _left_out(answers: Sequence[Answered]) -> list[str]:
    said = []
    for standing in (Standing.UNSUPPORTED, Standing.UNDETERMINED, Standing.NOT_APPLICABLE):
        own = [one for one in answers if one.standing is standing]
        if own:
            number = "1 answer" if len(own) == 1 else f"{len(own)} answers"
            said.append(f"{number}: {IN_WORDS[standing]}.")
    return said


def _advice(stored: Mapping[str, str], starts: Mapping[str, int]) -> Advice:
    skill, observation, suggestion = (stored.get(name, "") for name in ("skill", "observation", "suggestion"))
    return Advice(skill, observation, suggestion, times([stored.get("turn_id")], starts))
