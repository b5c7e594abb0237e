"""What must hold in a scorecard beyond the types of its fields."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError

from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.comparisons import condition_problems, figure_problems
from include.scorecards.conditions import CriterionCondition, FieldCondition
from include.scorecards.gold import outside_options
from include.scorecards.languages import ISO_639_1
from include.scorecards.metrics import FIGURES
from include.scorecards.parts import Window
from include.scorecards.problems import Place, Problem
from include.scorecards.rules import RULES
from include.scorecards.schema import NO, YES, AnsweredBy, AutoFail, Criterion, Scorecard

# No call is as long, so a window beyond it is a slip: milliseconds, or a nought too many.
_LONGEST_WINDOW_S = 4 * 60 * 60
_INSTEAD_OF_OPTION = {
    NOT_APPLICABLE: "stands for an answer outside the options: remove it, and write na_allowed and na_rule",
    CANNOT_DETERMINE: "stands for an answer outside the options, always possible: remove it",
}
_FOLDERS = re.compile(r"(prompts|hold-music|learned)/|.*\\|/|\w:|.*(^|/)\.{1,2}(/|$)|.*/$|.*//")
_SUFFIX = re.compile(
    r".*\.(wav|mp3|ogg|oga|opus|flac|gsm|m4a|mp4|wma|aac|aiff?|au|ulaw|alaw|sln\d*|g72\d)$", re.I
)


def problems_of(scorecard: Scorecard) -> list[Problem]:
    """Finds unknown ids, circles, weights and options that give no score."""
    found = [*_head(scorecard), *_ids(scorecard), *_bands(scorecard), *_sections(scorecard)]
    if scorecard.applies_if is not None:
        found += _below(("applies_if",), condition_problems(scorecard.applies_if, metrics_known=False))
    for n, criterion in enumerate(scorecard.criteria):
        found += _below(("criteria", n), _criterion(scorecard, criterion))
    return found or list(_circle(scorecard))


def _below(place: tuple[str | int, ...], found: Iterable[Problem]) -> Iterator[Problem]:
    for problem in found:
        yield Problem((*place, *problem.place), problem.message)


def _head(scorecard: Scorecard) -> Iterator[Problem]:
    if scorecard.language not in ISO_639_1:
        yield Problem(("language",), "write a code of ISO 639-1 in small letters, such as en or es")
    if 0 < scorecard.pass_threshold_pct <= 1:
        yield _share_for_pct(("pass_threshold_pct",), scorecard.pass_threshold_pct)


def _share_for_pct(place: Place, pct: float) -> Problem:
    return Problem(place, f"is in per cent, 0 to 100: write {100 * pct:g}, not {pct:g}")


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
    for n, band in enumerate(scorecard.bands):
        if 0 < band.min_pct < 1:
            yield _share_for_pct(("bands", n, "min_pct"), band.min_pct)
    if min(band.min_pct for band in scorecard.bands) > 0:
        yield Problem(("bands",), "no band begins at 0, so low scores would have no band; add one")
    for pct, times in Counter(band.min_pct for band in scorecard.bands).items():
        if times > 1:
            yield Problem(
                ("bands",), f"{times} bands begin at {pct:g}: keep one, the others are never reached"
            )


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
    if criterion.na_rule and not criterion.na_allowed:
        yield Problem(("na_rule",), "is never used while na_allowed is false: remove one of them")
    yield from _options(criterion)
    yield from _windows(criterion)
    yield from _answerer(criterion)
    yield from _metric(criterion)
    yield from _prompts(criterion)
    yield from _condition(scorecard, criterion)


def _options(criterion: Criterion) -> Iterator[Problem]:
    keys = [option.key for option in criterion.options]
    known = f"options are {', '.join(keys)}"
    yield from _repeated("options", keys)
    for n, option in enumerate(criterion.options):
        if outside := outside_options(option.key):
            yield Problem(("options", n, "key"), f'"{option.key}" {_INSTEAD_OF_OPTION[outside]}')
        if option.auto_fail is not AutoFail.NONE and option.score == criterion.potential:
            yield Problem(("options", n, "auto_fail"), "the answer that earns most cannot fail as well")
    if criterion.potential <= 0:
        yield Problem(("options",), "no option has a score above 0, so nothing can be earned")
    elif len({option.score for option in criterion.options}) == 1:
        yield Problem(("options",), "all options have the same score, so nothing can be lost: correct one")
    for n, key in enumerate(criterion.evidence.required_on):
        if key not in keys:
            yield Problem(("evidence", "required_on", n), f'there is no option "{key}"; {known}')
    settled = criterion.settled_by_prompt
    if settled is not None and settled.answer not in keys:
        yield Problem(("settled_by_prompt", "answer"), f'there is no option "{settled.answer}"; {known}')


def _answerer(criterion: Criterion) -> Iterator[Problem]:
    by = criterion.answered_by
    if by is AnsweredBy.LLM and not criterion.instructions.strip():
        yield Problem((), "instructions are missing: the LLM needs to know how to decide")
    if by is AnsweredBy.RULE and criterion.rule not in RULES:
        yield Problem(("rule",), f'there is no rule "{criterion.rule}"; rules are {", ".join(RULES)}')
    if by is AnsweredBy.METRIC and criterion.metric is None:
        yield Problem((), "metric is missing: give field, op and value")
    for name, owner in (("rule", AnsweredBy.RULE), ("metric", AnsweredBy.METRIC)):
        if getattr(criterion, name) is not None and by is not owner:
            yield Problem((name,), f"is not looked at while answered_by is {by}: write answered_by: {owner}")
    if by is not AnsweredBy.LLM and {option.key for option in criterion.options} != {YES, NO}:
        yield Problem(("options",), "a rule or metric answers yes or no: give exactly these options")
    if by is not AnsweredBy.LLM and criterion.second_opinion is not None:
        yield Problem(("second_opinion",), f"is not looked at while answered_by is {by}: remove it")
    if by is not AnsweredBy.LLM and criterion.settled_by_prompt is not None:
        yield Problem(("settled_by_prompt",), "announcements settle only what the LLM is asked: remove it")


def _windows(criterion: Criterion) -> Iterator[Problem]:
    prompted = criterion.settled_by_prompt
    for owner, window in (
        ("evidence", criterion.evidence.window),
        ("settled_by_prompt", prompted and prompted.window),
    ):
        yield from _below((owner, "window"), _window(window or Window()))


def _window(window: Window) -> Iterator[Problem]:
    for name in ("first_s", "last_s"):
        seconds = getattr(window, name)
        if seconds is not None and seconds > _LONGEST_WINDOW_S:
            yield Problem((name,), f"{seconds:g} s are longer than four hours: write seconds, such as 90")
    if window.first_s is not None and window.last_s is not None:
        yield Problem((), "of a longer call nothing lies in both first_s and last_s: keep one of them")


def _metric(criterion: Criterion) -> Iterator[Problem]:
    metric = criterion.metric
    if metric is not None and metric.field not in FIGURES:
        yield Problem(
            ("metric", "field"), f'there is no metric "{metric.field}"; metrics are {", ".join(FIGURES)}'
        )
    elif metric is not None:
        yield from _below(("metric",), figure_problems(metric.field, metric.op, metric.value))


def _prompts(criterion: Criterion) -> Iterator[Problem]:
    """Names are those of files in the library of known audio, below `prompts`, without their suffix."""
    names = criterion.settled_by_prompt.prompts if criterion.settled_by_prompt else []
    for n, name in enumerate(names):
        place = ("settled_by_prompt", "prompts", n)
        if name in names[:n]:
            yield Problem(place, f'"{name}" stands there twice: keep one')
        if not name or re.search(r"\s", name):
            yield Problem(place, f'"{name}" is no name of a prompt: names have no spaces')
        elif _FOLDERS.match(name):
            yield Problem(place, f'"{name}" is a path: write the name that it has below the folder prompts')
        elif _SUFFIX.match(name):
            bare = name.rpartition(".")[0]
            yield Problem(place, f'"{name}" is a file: write its name without the extension, {bare}')


def _condition(scorecard: Scorecard, criterion: Criterion) -> Iterator[Problem]:
    condition = criterion.applies_if
    if isinstance(condition, FieldCondition):
        yield from _below(("applies_if",), condition_problems(condition, metrics_known=True))
    if isinstance(condition, CriterionCondition):
        other = next((c for c in scorecard.criteria if c.id == condition.criterion), None)
        if other is None:
            yield Problem(("applies_if", "criterion"), f'there is no criterion "{condition.criterion}"')
        elif condition.equals not in (answers := other.possible_answers):
            yield Problem(
                ("applies_if", "equals"),
                f'"{other.id}" has no option "{condition.equals}"; answers are {", ".join(answers)}',
            )


def _circle(scorecard: Scorecard) -> Iterator[Problem]:
    try:
        scorecard.in_order()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        first = next(n for n, c in enumerate(scorecard.criteria) if c.id in error.args[1])
        yield Problem(("criteria", first, "applies_if"), f"conditions go in a circle: {circle}")
