"""A rescore beside the audits that its calls had before: by criterion, by call, and in all.

Both as the machine answered: people's answers stand for old and new alike, and would hide what changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select
from sqlalchemy.orm import aliased

from include.database.accounted import accounted_for
from include.database.models import AnswerRow, AuditRow, BatchCallRow, CallRow, LlmResultRow, ScorecardRow
from include.delivery.criteria import Scorecards, percentage

CALLS_SHOWN = 15
CHANGES_SHOWN = 4

_Old, _New = aliased(AuditRow), aliased(AuditRow)
_OldAnswer, _NewAnswer = aliased(AnswerRow), aliased(AnswerRow)
_Rows = Sequence[Row[*tuple[Any, ...]]]


@dataclass(frozen=True)
class Change:
    """How often one answer became another."""

    old: str
    new: str
    calls: int


@dataclass(frozen=True)
class CriterionChange:
    """One criterion over all calls that both audits answered it for.

    Attributes:
        same: Calls with the same answer.
        better: Calls that earn a larger share of its points than before; `worse`: a smaller one.
        old_earned_pct: Points earned of the points to be had.
        changes: The most frequent.
    """

    criterion_id: str
    text: str
    section: str
    calls: int
    same: int
    better: int
    worse: int
    old_earned_pct: float | None
    new_earned_pct: float | None
    changes: tuple[Change, ...]

    @property
    def same_pct(self) -> float:
        """Share of calls with the same answer."""
        return 100 * self.same / self.calls


@dataclass(frozen=True)
class CallChange:
    """A call whose score changed, and the criteria that were answered otherwise."""

    call_id: str
    path: str
    old_pct: float | None
    new_pct: float | None
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """The old audits, or the new ones, of all calls that have both.

    Attributes:
        judged_by: Scorecards with their version, and models, as far as they are known.
    """

    mean_pct: float | None
    passed: int
    auto_failed: int
    needs_review: int
    not_auditable: int
    judged_by: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """A rescore compared with the audits before it.

    Attributes:
        calls: Calls with both audits.
        newly_passed: Calls that pass now and did not before; `newly_failed` the other way round.
        added: Criteria that only the new scorecard has; `dropped`: that only old ones have.
        changed: The calls whose score changed most; `changed_calls` counts all with another answer.
    """

    calls: int
    old: Side
    new: Side
    newly_passed: int
    newly_failed: int
    criteria: tuple[CriterionChange, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    changed_calls: int
    changed: tuple[CallChange, ...]


def compare(connection: Connection, batch_id: str, scorecards: Scorecards) -> Comparison:
    """Compares a rescore with what was there when it took its calls up."""
    pairs = connection.execute(_pairs(batch_id)).all()
    answers = _by_criterion(connection.execute(_answer_pairs(batch_id)).all())
    places = {id_: place for place, (_, id_) in reversed(list(enumerate(scorecards.terms)))}
    ids = sorted(answers, key=lambda id_: (places.get(id_, len(places)), id_))
    new_ids, old_ids = (_criteria(connection, batch_id, side) for side in (_New, _Old))
    other = _other_answers(connection, batch_id)
    return Comparison(
        calls=len(pairs),
        old=_side(connection, batch_id, _Old, [_of(row, "old") for row in pairs]),
        new=_side(connection, batch_id, _New, [_of(row, "new") for row in pairs]),
        newly_passed=sum(bool(row.new_passed) and not row.old_passed for row in pairs),
        newly_failed=sum(bool(row.old_passed) and not row.new_passed for row in pairs),
        criteria=tuple(_criterion(id_, answers[id_], scorecards) for id_ in ids),
        added=tuple(sorted(new_ids - old_ids)),
        dropped=tuple(sorted(old_ids - new_ids)),
        changed_calls=len(other),
        changed=_most_changed(pairs, other),
    )


def _joined(query: Select[*tuple[Any, ...]], batch_id: str) -> Select[*tuple[Any, ...]]:
    """The calls of a rescore with their old and their new audit."""
    return (
        query.select_from(BatchCallRow)
        .join(CallRow, CallRow.call_id == BatchCallRow.call_id)
        .join(_New, (_New.call_id == BatchCallRow.call_id) & (_New.batch_id == BatchCallRow.batch_id))
        .join(_Old, _Old.audit_id == BatchCallRow.old_audit_id)
        .where(accounted_for(batch_id))
    )


def _pairs(batch_id: str) -> Select[*tuple[Any, ...]]:
    names = ("pct", "passed", "auto_failed", "needs_review")
    columns = [
        getattr(side, name).label(f"{label}_{name}")
        for label, side in (("old", _Old), ("new", _New))
        for name in names
    ]
    return _joined(select(CallRow.call_id, CallRow.path, *columns), batch_id)


def _answer_pairs(batch_id: str) -> Select[*tuple[Any, ...]]:
    key = (_NewAnswer.criterion_id, _OldAnswer.answer.label("old"), _NewAnswer.answer.label("new"))
    sums = [
        func.sum(getattr(side, name)).label(f"{label}_{name}")
        for label, side in (("old", _OldAnswer), ("new", _NewAnswer))
        for name in ("earned", "potential")
    ]
    return _with_answers(select(*key, func.count().label("calls"), *sums), batch_id).group_by(*key)


def _with_answers(query: Select[*tuple[Any, ...]], batch_id: str) -> Select[*tuple[Any, ...]]:
    same_criterion = _OldAnswer.criterion_id == _NewAnswer.criterion_id
    return (
        _joined(query, batch_id)
        .join(_NewAnswer, _NewAnswer.audit_id == _New.audit_id)
        .join(_OldAnswer, (_OldAnswer.audit_id == _Old.audit_id) & same_criterion)
    )


def _other_answers(connection: Connection, batch_id: str) -> dict[str, list[str]]:
    """By call, the criteria that are answered otherwise now."""
    query = _with_answers(select(CallRow.call_id, _NewAnswer.criterion_id), batch_id)
    query = query.where(_OldAnswer.answer != _NewAnswer.answer).order_by(_NewAnswer.criterion_id)
    found: dict[str, list[str]] = defaultdict(list)
    for call_id, criterion_id in connection.execute(query):
        found[call_id].append(criterion_id)
    return found


def _by_criterion(rows: _Rows) -> dict[str, _Rows]:
    found: dict[str, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in rows:
        found[row.criterion_id].append(row)
    return dict(found)


def _criterion(criterion_id: str, rows: _Rows, scorecards: Scorecards) -> CriterionChange:
    terms = scorecards.criterion(criterion_id)
    other = [row for row in rows if row.old != row.new]
    other.sort(key=lambda row: (-row.calls, row.old, row.new))
    gains = [(row.calls, _gain(row)) for row in rows]
    return CriterionChange(
        criterion_id=criterion_id,
        text=terms.text,
        section=terms.section,
        calls=sum(row.calls for row in rows),
        same=sum(row.calls for row in rows if row.old == row.new),
        better=sum(calls for calls, gain in gains if gain > 0),
        worse=sum(calls for calls, gain in gains if gain < 0),
        old_earned_pct=_earned_pct(rows, "old"),
        new_earned_pct=_earned_pct(rows, "new"),
        changes=tuple(Change(row.old, row.new, row.calls) for row in other[:CHANGES_SHOWN]),
    )


def _gain(row: Row[*tuple[Any, ...]]) -> float:
    """The share of points won by the change; 0 where one of the two leaves the score."""
    old, new = (_earned_pct([row], side) for side in ("old", "new"))
    return 0.0 if old is None or new is None else new - old


def _earned_pct(rows: _Rows, side: str) -> float | None:
    earned, potential = (
        sum(row._mapping[f"{side}_{name}"] or 0.0 for row in rows) for name in ("earned", "potential")
    )
    return percentage(earned, potential)


def _of(row: Row[*tuple[Any, ...]], side: str) -> dict[str, Any]:
    prefix = f"{side}_"
    return {
        name.removeprefix(prefix): value for name, value in row._mapping.items() if name.startswith(prefix)
    }


def _side(connection: Connection, batch_id: str, audits: Any, rows: Sequence[dict[str, Any]]) -> Side:
    scored = [row["pct"] for row in rows if row["pct"] is not None]
    return Side(
        mean_pct=sum(scored) / len(scored) if scored else None,
        passed=sum(bool(row["passed"]) for row in rows),
        auto_failed=sum(row["auto_failed"] for row in rows),
        needs_review=sum(row["needs_review"] for row in rows),
        not_auditable=len(rows) - len(scored),
        judged_by=_judged_by(connection, batch_id, audits),
    )


def _judged_by(connection: Connection, batch_id: str, audits: Any) -> tuple[str, ...]:
    cards = _joined(select(ScorecardRow.scorecard_id, ScorecardRow.version).distinct(), batch_id)
    cards = cards.join(ScorecardRow, ScorecardRow.sha256 == audits.scorecard_sha256)
    models = _joined(select(LlmResultRow.model).distinct(), batch_id)
    models = models.join(LlmResultRow, LlmResultRow.identity == audits.llm_identity)
    named = [f"{id_} {version}" for id_, version in connection.execute(cards)]
    return (*sorted(named), *sorted(connection.execute(models).scalars()))


def _criteria(connection: Connection, batch_id: str, audits: Any) -> set[str]:
    query = _joined(select(AnswerRow.criterion_id).distinct(), batch_id)
    return set(connection.execute(query.join(AnswerRow, AnswerRow.audit_id == audits.audit_id)).scalars())


def _most_changed(pairs: _Rows, other: dict[str, list[str]]) -> tuple[CallChange, ...]:
    def moved(row: Row[*tuple[Any, ...]]) -> float:
        # A score that comes or goes is as large a change as there is.
        return abs(row.new_pct - row.old_pct) if None not in (row.old_pct, row.new_pct) else 100.0

    changed: Iterable[Row[*tuple[Any, ...]]] = (
        row for row in pairs if row.call_id in other or row.old_pct != row.new_pct
    )
    first = sorted(changed, key=lambda row: (-moved(row), row.path))[:CALLS_SHOWN]
    return tuple(
        CallChange(row.call_id, row.path, row.old_pct, row.new_pct, tuple(other.get(row.call_id, ())))
        for row in first
    )
