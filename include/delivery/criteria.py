"""How the criteria of the scorecards were answered over all audited calls of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, tuple_

from include.database import official
from include.database.models import AnswerRow, AuditRow, ScorecardRow
from include.delivery.outcome import of_current_audits
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.assessment import IN_WORDS, Standing
from include.scorecards.weights import shares

_NO_AUTO_FAIL = "none"
_LABELS = {NOT_APPLICABLE: "not applicable", CANNOT_DETERMINE: "could not be determined"}


@dataclass(frozen=True)
class AnswerCount:
    """How often a criterion got an answer.

    Attributes:
        label: In words; answers without sound evidence are counted apart, and say so.
        earned_pct: What the answer earns of the criterion's points; None when it does not count.
        auto_fail: What it fails where it stands: `none`, `section` or `form`.
        standing: Whether it counts (`include.scorecards.assessment.Standing`).
    """

    answer: str
    label: str
    calls: int
    earned_pct: float | None
    auto_fail: str
    standing: str = Standing.COUNTED


@dataclass(frozen=True)
class Criterion:
    """One criterion over all audited calls of the run.

    Attributes:
        earned_pct: Points earned of the points to be had, over the calls whose answer counts.
        answered_by: Who answered (llm, rule, metric, human), and how often.
    """

    criterion_id: str
    section: str
    text: str
    severity: str
    calls: int
    earned_pct: float | None
    answers: tuple[AnswerCount, ...]
    answered_by: dict[str, int]


@dataclass(frozen=True)
class UsedScorecard:
    """A scorecard version that audits of the run stand on."""

    scorecard_id: str
    version: str
    title: str
    sha256: str
    pass_threshold_pct: float | None
    audits: int


@dataclass(frozen=True)
class CriterionTerms:
    """What a scorecard says of a criterion, as far as a report shows it.

    Read from the stored JSON as it is: an old version need not fit today's schema.

    Attributes:
        weight: Its share of the whole scorecard, 0..1.
        labels: Option key to its label.
        auto_fails: Option key to `section` or `form`, for the options that fail one.
    """

    section: str
    text: str
    severity: str
    weight: float
    labels: dict[str, str]
    auto_fails: dict[str, str]

    def label(self, answer: str) -> str:
        """An answer in words."""
        return self.labels.get(answer) or _LABELS.get(answer, answer)

    def auto_fail(self, answer: str) -> str:
        """What an answer fails: `none`, `section` or `form`."""
        return self.auto_fails.get(answer, _NO_AUTO_FAIL)


@dataclass(frozen=True)
class Scorecards:
    """The scorecard versions of a run, the most used first.

    Attributes:
        terms: (sha256 of the version, criterion id) to its terms, in the scorecards' order.
    """

    used: tuple[UsedScorecard, ...]
    terms: dict[tuple[str, str], CriterionTerms]

    def criterion(self, criterion_id: str) -> CriterionTerms:
        """The terms in the most used version that has the criterion."""
        found = (terms for (_, id_), terms in self.terms.items() if id_ == criterion_id)
        return next(found, CriterionTerms("", criterion_id, "", 1.0, {}, {}))

    def auto_failing(self) -> ColumnElement[bool]:
        """Whether an answer (joined with its audit) is one that fails a section or the form, if it stands."""
        pairs = [(sha, id_, key) for (sha, id_), terms in self.terms.items() for key in terms.auto_fails]
        return tuple_(AuditRow.scorecard_sha256, AnswerRow.criterion_id, AnswerRow.answer).in_(pairs)


def load_scorecards(connection: Connection, batch_id: str) -> Scorecards:
    """Reads the scorecards that the run's audits stand on."""
    counted = of_current_audits(select(AuditRow.scorecard_sha256, func.count()), batch_id)
    audits = {row[0]: row[1] for row in connection.execute(counted.group_by(AuditRow.scorecard_sha256))}
    query = select(ScorecardRow.__table__).where(ScorecardRow.sha256.in_(audits))
    rows = sorted(connection.execute(query), key=lambda row: (-audits[row.sha256], row.sha256))
    return Scorecards(
        used=tuple(_used(row, audits[row.sha256]) for row in rows),
        terms={
            (row.sha256, criterion["id"]): _terms(row.scorecard, criterion, weights)
            for row, weights in ((row, _weights(row.scorecard)) for row in rows)
            for criterion in row.scorecard.get("criteria", [])
        },
    )


def count_answers(connection: Connection, batch_id: str, scorecards: Scorecards) -> tuple[Criterion, ...]:
    """Counts answers by criterion, in the order of the scorecards."""
    found: dict[str, list[Row[*tuple[Any, ...]]]] = {}
    for row in connection.execute(_answer_counts(batch_id)):
        found.setdefault(row.criterion_id, []).append(row)
    places = {id_: place for place, (_, id_) in reversed(list(enumerate(scorecards.terms)))}
    ids = sorted(found, key=lambda id_: (places.get(id_, len(places)), id_))
    return tuple(_criterion(id_, scorecards.criterion(id_), found[id_]) for id_ in ids)


def percentage(part: float | None, whole: float | None) -> float | None:
    """100 · part ÷ whole; None when there is no whole."""
    return 100 * (part or 0.0) / whole if whole else None


def _answer_counts(batch_id: str) -> Any:
    key = (
        AnswerRow.criterion_id,
        official.ANSWER.label("answer"),
        official.ANSWERED_BY.label("answered_by"),
        official.STANDING.label("standing"),
    )
    each = of_current_audits(
        select(*key, official.EARNED.label("earned"), official.POTENTIAL.label("potential")), batch_id
    )
    each = each.join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id).outerjoin(*official.ANSWERS)
    # Grouped outside: to a database, an expression with parameters is another one each time.
    found = each.subquery()
    by = [found.c[name] for name in ("criterion_id", "answer", "answered_by", "standing")]
    sums = [func.sum(found.c[name]).label(name) for name in ("earned", "potential")]
    return select(*by, func.count().label("calls"), *sums).group_by(*by).order_by(*by)


def _criterion(id_: str, terms: CriterionTerms, rows: Sequence[Row[*tuple[Any, ...]]]) -> Criterion:
    answered_by: dict[str, int] = {}
    for row in rows:
        answered_by[row.answered_by] = answered_by.get(row.answered_by, 0) + row.calls
    answers = [
        _answer_count(
            answer, standing, terms, [r for r in rows if (r.answer, r.standing) == (answer, standing)]
        )
        for answer, standing in dict.fromkeys((row.answer, row.standing) for row in rows)
    ]
    return Criterion(
        criterion_id=id_,
        section=terms.section,
        text=terms.text,
        severity=terms.severity,
        calls=sum(row.calls for row in rows),
        earned_pct=_earned_pct(rows),
        answers=tuple(sorted(answers, key=_best_first)),
        answered_by=answered_by,
    )


def _answer_count(
    answer: str, standing: str, terms: CriterionTerms, rows: Sequence[Row[*tuple[Any, ...]]]
) -> AnswerCount:
    calls = sum(row.calls for row in rows)
    label = terms.label(answer)
    if standing == Standing.UNSUPPORTED:
        label = f"{label}, {IN_WORDS[Standing.UNSUPPORTED]}"
    return AnswerCount(answer, label, calls, _earned_pct(rows), terms.auto_fail(answer), standing)


def _earned_pct(rows: Sequence[Row[*tuple[Any, ...]]]) -> float | None:
    return percentage(sum(row.earned or 0.0 for row in rows), sum(row.potential or 0.0 for row in rows))


def _best_first(count: AnswerCount) -> tuple[bool, float, str]:
    return count.earned_pct is None, -(count.earned_pct or 0.0), count.answer


def _used(row: Row[*tuple[Any, ...]], audits: int) -> UsedScorecard:
    title = row.scorecard.get("title", row.scorecard_id)
    threshold = row.scorecard.get("pass_threshold_pct")
    return UsedScorecard(row.scorecard_id, row.version, title, row.sha256, threshold, audits)


def _weights(scorecard: dict[str, Any]) -> dict[str, float]:
    sections = {section["id"]: section.get("weight", 1.0) for section in scorecard.get("sections", [])}
    criteria = scorecard.get("criteria", [])
    return shares(sections, ((c["id"], c.get("section", ""), c.get("weight", 1.0)) for c in criteria))


def _terms(scorecard: dict[str, Any], criterion: dict[str, Any], weights: dict[str, float]) -> CriterionTerms:
    sections = {section["id"]: section for section in scorecard.get("sections", [])}
    section = sections.get(criterion.get("section"), {})
    options = criterion.get("options", [])
    auto_fails = {option["key"]: option.get("auto_fail") or _NO_AUTO_FAIL for option in options}
    return CriterionTerms(
        section=section.get("title", ""),
        text=criterion.get("text", criterion["id"]),
        severity=criterion.get("severity") or "",
        weight=weights.get(criterion["id"], 0.0),
        labels={option["key"]: option.get("label") or option["key"] for option in options},
        auto_fails={key: fails for key, fails in auto_fails.items() if fails != _NO_AUTO_FAIL},
    )
