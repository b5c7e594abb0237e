"""The certified day: the true rate of each criterion over all calls of a day or a week, beside the machine's.

The sample: calls that rules have drawn by chance, as far as somebody has answered them without seeing the
machine's answer. What was found by risk or picked by people tells nothing about the rest, and stays out. So
do decisions of disputes: agents dispute what counts against them only. Calls of before the rules, and those
that the scorecard does not fit at all, are no part of it: `outside`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from include.database.models import (
    AnswerRow,
    AuditRow,
    ReviewAnswerRow,
    ReviewDrawRow,
    ReviewItemRow,
)
from include.review.answering import Kind
from include.review.carrying import recorded, same_question
from include.review.estimates import Estimate, Labelled, answers_for, estimate
from include.review.items import ItemState, Sample
from include.review.machine import FRAME, Machine, read_machine
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.assessment import Standing
from include.scorecards.schema import Criterion, Scorecard

# An interval as narrow as this (± 5 points) needs no further listens.
NARROW = 0.10
_BY_CHANCE = (Sample.RANDOM, Sample.PASSES)


@dataclass(frozen=True)
class CertifiedRate:
    """One criterion: the share of the calls it applies to that meet it, earning all of its points.

    Attributes:
        estimate: The true rate with its interval, and the machine's own.
        unanswerable: Calls of the sample that people could not answer either: they are left out.
        more_answers: About how many further ones make its interval `NARROW`; 0 when it is, or is unknown.
    """

    criterion_id: str
    text: str
    estimate: Estimate
    unanswerable: int
    more_answers: int


@dataclass(frozen=True)
class CertifiedDays:
    """One certified day, or several.

    Attributes:
        scorecard: Version that the calls were audited with, as `id version`; None where there are none.
        calls: That could be drawn; `outside` those that could not.
        drawn: Calls of the random sample; `answered` of them somebody has reviewed, `not_blind` of these not
            blind, `skipped` ended without an answer.
        provisional: Calls of the sample still wait: those answered first need not be like the others.
        rates: By criterion, in the scorecard's order.
        listen_to: Criteria that more listens help most, the most first: unknown ones, then wide intervals.
        least: Answers from which on a rate is shown.
    """

    first: date
    last: date
    scorecard: str | None
    calls: int
    outside: int
    drawn: int
    answered: int
    not_blind: int
    skipped: int
    provisional: bool
    rates: tuple[CertifiedRate, ...]
    listen_to: tuple[str, ...]
    least: int = 0


def certify(
    connection: Connection, first: date, last: date | None = None, *, least: int | Callable[[str], int] = 20
) -> CertifiedDays:
    """Estimates the rates of a day, or of the days up to `last`, as far as they have been counted.

    Six statements, and one for each version of the scorecard.

    Where their calls were audited with several scorecards, of the one with most of them.

    Args:
        connection: For reading.
        first: Day.
        last: Day; None for `first` alone.
        least: Answers from which on a rate is shown (`EstimateRule.least_answers`), or what tells it of a
            scorecard's id.
    """
    last = last or first
    machine = read_machine(connection, first, last)
    if machine is None:
        return CertifiedDays(first, last, None, 0, 0, 0, 0, 0, 0, provisional=False, rates=(), listen_to=())
    scorecard = recorded(connection, machine.scorecard_sha256)
    frame = and_(ReviewItemRow.day.between(first, last), FRAME, AuditRow.scorecard_sha256 == scorecard.sha256)
    predicted, rate_of = _predicted(machine, scorecard)
    sample = _sample(connection, frame, scorecard)
    needed = least if isinstance(least, int) else least(scorecard.id)
    rates = tuple(
        _rate(criterion, predicted.get(criterion.id, {}), rate_of.get(criterion.id), sample, needed)
        for criterion in scorecard.criteria
    )
    items = _items(connection, frame)
    return CertifiedDays(
        first=first,
        last=last,
        scorecard=f"{scorecard.id} {scorecard.version}",
        calls=machine.calls,
        outside=machine.audits - machine.calls,
        drawn=sum(items.values()),
        answered=items.get(ItemState.DONE, 0),
        not_blind=len({row.call_id for row in sample if not row.blind}),
        skipped=items.get(ItemState.SKIPPED, 0),
        provisional=items.get(ItemState.OPEN, 0) + items.get(ItemState.TAKEN, 0) > 0,
        rates=rates,
        listen_to=_wanting(rates),
        least=needed,
    )


def _predicted(machine: Machine, scorecard: Scorecard) -> tuple[dict[str, dict[str, int]], dict[str, float]]:
    """How often the machine gave each answer, by criterion; and which share of those that count meets it."""
    predicted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    known = {criterion.id for criterion in scorecard.criteria}
    for row in machine.answers:
        # PostgreSQL answers sums of integers as Decimal.
        calls = int(row.calls)
        predicted[row.criterion_id][row.answer] += calls
        if row.standing == Standing.COUNTED and row.criterion_id in known:
            met = _met(scorecard.criterion(row.criterion_id), row.answer)
            counted[row.criterion_id][0] += calls * bool(met)
            counted[row.criterion_id][1] += calls
    return predicted, {name: met / all_ for name, (met, all_) in counted.items() if all_}


def _sample(connection: Connection, frame: ColumnElement[bool], scorecard: Scorecard) -> Sequence[Row[Any]]:
    """The last blind answer to each criterion of calls of the random sample, beside the machine's.

    Where none was blind, the last one.
    """
    given, asked = ReviewAnswerRow, aliased(AuditRow)
    # Who has answered blind and thinks again has seen the machine's answer by then.
    newest = select(func.coalesce(func.max(case((given.blind, given.id))), func.max(given.id)))
    newest = newest.join(ReviewItemRow, ReviewItemRow.item_id == given.item_id)
    newest = newest.join(AuditRow, AuditRow.call_id == given.call_id)
    newest = newest.where(frame, given.kind == Kind.REVIEW, given.sample.in_(_BY_CHANCE))
    columns = (given.call_id, given.criterion_id, given.answer, given.blind, ReviewItemRow.probability)
    query = select(*columns, AnswerRow.answer.label("predicted"), asked.scorecard_sha256)
    query = query.join(ReviewItemRow, ReviewItemRow.item_id == given.item_id)
    query = query.join(asked, asked.audit_id == given.audit_id)
    # The call may have been audited anew since.
    query = query.join(AuditRow, and_(AuditRow.call_id == given.call_id, AuditRow.superseded_at.is_(None)))
    query = query.join(
        AnswerRow, and_(AnswerRow.audit_id == AuditRow.audit_id, AnswerRow.criterion_id == given.criterion_id)
    )
    query = query.where(given.id.in_(newest.group_by(given.call_id, given.criterion_id)))
    query = query.where(ReviewItemRow.probability.is_not(None), ReviewItemRow.state == ItemState.DONE)
    rows: Any = connection.execute(query.order_by(given.call_id)).all()
    old = {sha: recorded(connection, sha) for sha in {row.scorecard_sha256 for row in rows}}
    return [row for row in rows if same_question(old[row.scorecard_sha256], scorecard, row.criterion_id)]


def _items(connection: Connection, frame: ColumnElement[bool]) -> dict[str, int]:
    """Calls of the random sample by the state of their item."""
    query = select(ReviewItemRow.state, func.count().label("items"))
    query = query.join(AuditRow, AuditRow.call_id == ReviewItemRow.call_id)
    drawn = exists().where(
        ReviewDrawRow.item_id == ReviewItemRow.item_id, ReviewDrawRow.sample.in_(_BY_CHANCE)
    )
    query = query.where(frame, drawn).group_by(ReviewItemRow.state)
    return {row.state: row.items for row in connection.execute(query)}


def _rate(
    criterion: Criterion,
    predicted: Mapping[str, int],
    machine_rate: float | None,
    rows: Sequence[Row[Any]],
    least: int,
) -> CertifiedRate:
    own = [row for row in rows if row.criterion_id == criterion.id and row.blind]
    answered = [row for row in own if row.answer not in (None, CANNOT_DETERMINE)]
    sample = [Labelled(row.predicted, _met(criterion, row.answer), row.probability) for row in answered]
    always = NOT_APPLICABLE not in criterion.possible_answers
    found = estimate(predicted, machine_rate, sample, least=least, always_applies=always)
    return CertifiedRate(
        criterion.id, criterion.text, found, len(own) - len(answered), answers_for(found, NARROW)
    )


def _met(criterion: Criterion, answer: str) -> bool | None:
    """Whether an answer earns all points; None where it is no option: the criterion does not apply."""
    option = criterion.option(answer)
    return None if option is None else option.score == criterion.potential


def _wanting(rates: Sequence[CertifiedRate]) -> tuple[str, ...]:
    asked = [one for one in rates if one.estimate.interval is not None or one.estimate.answered]
    unknown = [one for one in asked if one.estimate.interval is None]
    wide = sorted((one for one in asked if one.more_answers), key=lambda one: -one.more_answers)
    return tuple(one.criterion_id for one in (*unknown, *wide))
