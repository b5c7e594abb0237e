"""What must hold in a scorecard beyond the types of its fields."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError

from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.conditions import (
    METRICS_PREFIX,
    UNDERSTANDING_FIELDS,
    CriterionCondition,
    FieldCondition,
    is_range,
)
from include.scorecards.metrics import FIGURES
from include.scorecards.rules import RULES
from include.scorecards.schema import NO, YES, AnsweredBy, Criterion, Scorecard

_LIST_FIELDS = {"contact_reasons", "signals"}


@dataclass(frozen=True)
class Problem:
    """Something wrong, at a place of the file: keys and 0-based positions from the top."""

    place: tuple[str | int, ...]
    message: str


def problems_of(scorecard: Scorecard) -> list[Problem]:
    """Finds unknown ids, circles, weights and options that give no score."""
    found = [*_ids(scorecard), *_bands(scorecard), *_sections(scorecard)]
    if scorecard.applies_if is not None:
        found += _field_condition(("applies_if",), scorecard.applies_if, metrics_known=False)
    for n, criterion in enumerate(scorecard.criteria):
        found += [Problem(("criteria", n, *p.place), p.message) for p in _criterion(scorecard, criterion)]
    return found or list(_circle(scorecard))


def _repeated(place: str, ids: Iterable[str]) -> Iterator[Problem]:
    listed = list(ids)
    for name, times in Counter(listed).items():
        if times > 1:
            last = len(listed) - 1 - listed[::-1].index(name)
            yield Problem((place, last), f'the id "{name}" stands {times} times; ids are unique')


def _ids(scorecard: Scorecard) -> Iterator[Problem]:
    yield from _repeated("sections", (section.id for section in scorecard.sections))
    yield from _repeated("criteria", (criterion.id for criterion in scorecard.criteria))


def _bands(scorecard: Scorecard) -> Iterator[Problem]:
    yield from _repeated("bands", (band.name for band in scorecard.bands))
    if min(band.min_pct for band in scorecard.bands) > 0:
        yield Problem(("bands",), "no band begins at 0, so low scores would have no band; add one")


def _sections(scorecard: Scorecard) -> Iterator[Problem]:
    for n, section in enumerate(scorecard.sections):
        weight = sum(c.weight for c in scorecard.criteria if c.section == section.id)
        if weight <= 0:
            yield Problem(("sections", n), f'section "{section.id}" has no criterion with a weight above 0')


def _criterion(scorecard: Scorecard, criterion: Criterion) -> Iterator[Problem]:
    if criterion.section not in {section.id for section in scorecard.sections}:
        yield Problem(("section",), f'there is no section "{criterion.section}"')
    if criterion.na_allowed and not criterion.na_rule and criterion.answered_by is AnsweredBy.LLM:
        yield Problem(("na_allowed",), "na_rule is missing: say when the answer is NA")
    yield from _options(criterion)
    yield from _answerer(criterion)
    yield from _condition(scorecard, criterion)


def _options(criterion: Criterion) -> Iterator[Problem]:
    keys = [option.key for option in criterion.options]
    yield from _repeated("options", keys)
    if criterion.potential <= 0:
        yield Problem(("options",), "no option has a score above 0, so nothing can be earned")
    for key in criterion.evidence.required_on:
        if key not in keys:
            yield Problem(("evidence", "required_on"), f'there is no option "{key}"')
    settled = criterion.settled_by_prompt
    if settled is not None and settled.answer not in keys:
        yield Problem(("settled_by_prompt", "answer"), f'there is no option "{settled.answer}"')


def _answerer(criterion: Criterion) -> Iterator[Problem]:
    by = criterion.answered_by
    if by is AnsweredBy.LLM and not criterion.instructions.strip():
        yield Problem((), "instructions are missing: the LLM needs to know how to decide")
    if by is AnsweredBy.RULE and criterion.rule not in RULES:
        yield Problem(("rule",), f'there is no rule "{criterion.rule}"; rules are {", ".join(RULES)}')
    if by is AnsweredBy.METRIC and criterion.metric is None:
        yield Problem((), "metric is missing: give field, op and value")
    if criterion.metric and criterion.metric.field not in FIGURES:
        known = ", ".join(FIGURES)
        yield Problem(
            ("metric", "field"), f'there is no metric "{criterion.metric.field}"; metrics are {known}'
        )
    if criterion.metric and (criterion.metric.op == "between") != isinstance(criterion.metric.value, list):
        yield Problem(("metric", "value"), "between, and only it, compares with two numbers: write [8, 21]")
    if by is not AnsweredBy.LLM and {option.key for option in criterion.options} != {YES, NO}:
        yield Problem(("options",), "a rule or metric answers yes or no: give exactly these options")


def _condition(scorecard: Scorecard, criterion: Criterion) -> Iterator[Problem]:
    condition = criterion.applies_if
    if isinstance(condition, FieldCondition):
        yield from _field_condition(("applies_if",), condition, metrics_known=True)
    if isinstance(condition, CriterionCondition):
        other = next((c for c in scorecard.criteria if c.id == condition.criterion), None)
        if other is None:
            yield Problem(("applies_if", "criterion"), f'there is no criterion "{condition.criterion}"')
        elif other.option(condition.equals) is None and condition.equals not in (
            NOT_APPLICABLE,
            CANNOT_DETERMINE,
        ):
            yield Problem(("applies_if", "equals"), f'"{other.id}" has no option "{condition.equals}"')


def _field_condition(
    place: tuple[str, ...], condition: FieldCondition, *, metrics_known: bool
) -> Iterator[Problem]:
    known = set(UNDERSTANDING_FIELDS)
    if metrics_known:
        known |= {METRICS_PREFIX + name for name in (*FIGURES, "direction")}
    if condition.field not in known:
        yield Problem(
            (*place, "field"), f'there is no field "{condition.field}"; fields are {_listed(known)}'
        )
    if condition.op in ("in", "not_in") and not isinstance(condition.value, list):
        yield Problem((*place, "value"), f"{condition.op} compares with a list: write [a, b]")
    if (condition.op in ("contains", "not_contains")) != (condition.field in _LIST_FIELDS):
        lists = _listed(_LIST_FIELDS)
        yield Problem(
            (*place, "op"), f"contains and not_contains are for the lists {lists}, and only they are"
        )
    if condition.op in ("lt", "le", "gt", "ge") and not isinstance(condition.value, float | int):
        yield Problem((*place, "value"), f"{condition.op} compares with a number")
    if condition.op == "between" and not is_range(condition.value):
        yield Problem((*place, "value"), "between compares with two numbers: write [8, 21]")
    if condition.op in ("lt", "le", "gt", "ge") and not condition.about_metrics:
        yield Problem((*place, "op"), f"{condition.op} is for figures, which {condition.field} is not")


def _circle(scorecard: Scorecard) -> Iterator[Problem]:
    try:
        scorecard.in_order()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        first = next(n for n, c in enumerate(scorecard.criteria) if c.id in error.args[1])
        yield Problem(("criteria", first, "applies_if"), f"conditions go in a circle: {circle}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
