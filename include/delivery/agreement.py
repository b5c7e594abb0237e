"""A run's answers beside the gold labels of its calls, and as lines of text."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from include.database.models import AuditRow, BatchCallRow, BatchRow
from include.database.scorecards import given_answers, scorecard_of
from include.database.work import BatchKind
from include.delivery.wording import DASH
from include.review.labels import are_reviewed, reviewed_labels, together
from include.scorecards.agreement import Agreement, Agreements, measure
from include.scorecards.bootstrap import Interval
from include.scorecards.certainty import RULE
from include.scorecards.gold import Labels
from include.scorecards.schema import Scorecard


@dataclass(frozen=True)
class GoldAgreement:
    """How far a run agrees with the labels.

    Attributes:
        now: With the audits that the run accounts for.
        before: For a rescore, with the audits that its labelled calls had; as far as both scorecards have the
            same criteria.
    """

    now: Agreements
    before: Agreements | None


def agreement_of(connection: Connection, batch_id: str, labels: Labels) -> GoldAgreement | None:
    """Compares a run with the labels; None when none of its audited calls is labelled.

    What people answered to random calls in reviews, blind, are labels too; a file's come first.

    Raises:
        InvalidInput: A label is no answer of the run's scorecard.
    """
    batch = connection.execute(
        select(BatchRow.kind, BatchRow.scorecard_sha256, BatchRow.day, BatchRow.last_day).where(
            BatchRow.batch_id == batch_id
        )
    ).one()
    if batch.scorecard_sha256 is None:
        return None
    days = {"first": batch.day, "last": batch.last_day or batch.day}
    if not labels and not are_reviewed(connection, **days):
        return None
    scorecard = scorecard_of(connection, batch_id)
    labels = together(labels, reviewed_labels(connection, scorecard, unbiased=True, **days))
    if not labels:
        return None
    accounted = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch_id)
    old_audits = select(BatchCallRow.old_audit_id).where(BatchCallRow.batch_id == batch_id)
    if batch.kind == BatchKind.AUDIT:
        current = (AuditRow.superseded_at.is_(None), AuditRow.scorecard_sha256 == scorecard.sha256)
        now = _measured(connection, labels, scorecard, AuditRow.call_id.in_(accounted), *current)
        return GoldAgreement(now, None) if now.calls else None
    now = _measured(connection, labels, scorecard, AuditRow.batch_id == batch_id)
    before = _measured(connection, labels, scorecard, AuditRow.audit_id.in_(old_audits))
    return GoldAgreement(now, before) if now.calls else None


def _measured(
    connection: Connection, labels: Labels, scorecard: Scorecard, *where: ColumnElement[bool]
) -> Agreements:
    return measure(labels, given_answers(connection, labels, *where), scorecard)


def agreement_lines(found: Agreements) -> list[str]:
    """For a terminal or a log: a line for each criterion, then all.

    Beside kappa and AC1 stand their intervals, or that there are too few labels to tell. Beside the fails and
    auto-fails found stand the false ones: `4/5 +2` is four of five, and two false.
    """
    head = f"{'agreement with gold labels':<29}{'agree':>8}{'accuracy':>9}{'kappa (95 %)':>17}"
    head += f"{'AC1 (95 %)':>17}{'fails':>9}{'auto-fails':>11}"
    rows = [_line(name, one) for name, one in found.by_criterion.items()]
    total = _line(f"all of {found.calls} calls", found.total)
    return [head, *rows, total, *(f"  {sentence}" for sentence in RULE), *_left_out(found)]


def _left_out(found: Agreements) -> list[str]:
    named = ", ".join(f"{name} ({labels})" for name, labels in sorted(found.left_out.items()))
    return [f"  labels of criteria that the scorecard does not have: {named}"] if named else []


def _line(name: str, one: Agreement) -> str:
    agreed = f"{one.agreed}/{one.labelled}"
    fails = _found(one.fails_found, one.fails, one.false_fails)
    auto_fails = _found(one.auto_fails_found, one.auto_fails, one.false_auto_fails)
    kappa, ac1 = _sure(one.kappa, one.certainty.kappa), _sure(one.ac1, one.certainty.ac1)
    accuracy = f"{one.accuracy:.1%}" if one.accuracy is not None else DASH
    return f"  {name[:27]:<27}{agreed:>8}{accuracy:>9}{kappa:>17}{ac1:>17}{fails:>9}{auto_fails:>11}"


def _sure(value: float | None, interval: Interval | None) -> str:
    """`0.86 0.60..1.00`; `0.37 too few` where nobody can tell how far it is off."""
    if value is None:
        return "unknown"
    return f"{value:.2f} " + (f"{interval.low:.2f}..{interval.high:.2f}" if interval else "too few")


def _found(found: int, labelled: int, false: int) -> str:
    share = f"{found}/{labelled}" if labelled else DASH
    return f"{share} +{false}" if false else share
