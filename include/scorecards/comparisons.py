"""Whether a comparison makes sense: what each fact of a call can be, and what may be asked about it.

A comparison with a value that the fact never has holds for no call, or for every call, and nobody would
notice.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from math import ceil, inf
from typing import Any, get_args

from include.calls.vocabulary import CallType, Resolution, SignalKind, contact_reasons
from include.scorecards.conditions import METRICS_PREFIX, FieldCondition
from include.scorecards.languages import ISO_639_1
from include.scorecards.metrics import FIGURES, CallMetrics
from include.scorecards.problems import Problem

FIGURE_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "between")
_COUNTS = frozenset(name for name in FIGURES if CallMetrics.model_fields[name].annotation is int)
_EQUALITY = ("eq", "ne")
_CHOICE = ("eq", "ne", "in", "not_in")
_LIST = ("contains", "not_contains")
_DIRECTIONS = ("inbound", "outbound")

# Says what is wrong with a value; None when it can be.
Check = Callable[[Any], str | None]


@dataclass(frozen=True)
class Fact:
    """What may be asked about a fact, with which values; `known` lists all, where that is possible."""

    operators: tuple[str, ...]
    check: Check
    known: Collection[str] = ()


def condition_problems(condition: FieldCondition, *, metrics_known: bool) -> Iterator[Problem]:
    """What is wrong with a condition; places count from the condition.

    Args:
        condition: The condition.
        metrics_known: Whether the call's figures are known where it is looked at.
    """
    facts = {name: fact for name, fact in known_facts().items() if metrics_known or "." not in name}
    fact = facts.get(condition.field)
    if fact is None:
        yield Problem(("field",), f'there is no field "{condition.field}"; fields are {_listed(facts)}')
        return
    if condition.op not in fact.operators:
        may = ", ".join(fact.operators)
        yield Problem(("op",), f"{condition.op} is not for {condition.field}: write one of {may}")
        return
    name = condition.field.removeprefix(METRICS_PREFIX)
    if name in FIGURES and condition.op in FIGURE_OPERATORS:
        # "agent_talk_share ge 0" may ask whether it is known; what always is known is not asked.
        always_known = type(None) not in get_args(CallMetrics.model_fields[name].annotation)
        yield from figure_problems(name, condition.op, condition.value, differs=always_known)
        return
    for message in _wrong_values(condition, fact):
        yield Problem(("value",), message)


def figure_problems(name: str, op: str, value: Any, *, differs: bool = True) -> Iterator[Problem]:
    """What is wrong with comparing a figure; `name` is one of `FIGURES`.

    Args:
        name: Of the figure.
        op: How it is compared.
        value: A number; for `between` two, the second of which is already too large.
        differs: Whether what holds for every call is wrong too; what holds for none always is.
    """
    if op not in FIGURE_OPERATORS:
        yield Problem(("op",), f"{op} is not for figures: write one of {', '.join(FIGURE_OPERATORS)}")
        return
    numbers = value if isinstance(value, list) else [value]
    if (op == "between") != isinstance(value, list) or (op == "between" and len(numbers) != 2):
        yield Problem(("value",), "between, and only it, compares with two numbers: write [8, 21]")
        return
    message = next((wrong for n in numbers if (wrong := _wrong_number(name, n))), None)
    held = None if message else _held(name, op, numbers)
    if held == "no" or (held and differs):
        shown = " and ".join(f"{n:g}" for n in numbers)
        message = f"{name} {op} {shown} holds for {held} call: correct the operator or the number"
    if message is not None:
        yield Problem(("value",), message)


@cache
def known_facts() -> Mapping[str, Fact]:
    """What conditions may ask for, by the name that they give it."""
    known: dict[str, Fact] = {
        "analysable": Fact(_EQUALITY, _truth),
        "call_type": _listing("call_type", _CHOICE, [*CallType]),
        "resolution": _listing("resolution", _CHOICE, [*Resolution]),
        "language": Fact(_CHOICE, _language),
        "contact_reasons": _listing("contact_reasons", _LIST, list(contact_reasons())),
        "signals": _listing("signals", _LIST, [*SignalKind]),
        METRICS_PREFIX + "direction": _listing("direction", _CHOICE, _DIRECTIONS),
    }
    operators = (*FIGURE_OPERATORS, "in", "not_in")
    return known | {METRICS_PREFIX + name: Fact(operators, partial(_wrong_number, name)) for name in FIGURES}


def _wrong_values(condition: FieldCondition, fact: Fact) -> list[str]:
    several = condition.op in ("in", "not_in")
    if several != isinstance(condition.value, list):
        return [
            f"{condition.op} compares with a list: write [a, b]"
            if several
            else f"{condition.op} compares with one value, not with a list"
        ]
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    if not values:
        return [f"the list of {condition.op} is empty: write what it may be"]
    if condition.op == "not_in" and fact.known and set(fact.known) <= set(values):
        return ["not_in lists everything that it can be, so it holds for no call: leave one out"]
    return [message for value in values if (message := fact.check(value))]


def _truth(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    return f"analysable is true or false, never {_shown(value)}: write true or false, without quotes"


def _listing(name: str, operators: tuple[str, ...], known: Collection[str]) -> Fact:
    def check(value: Any) -> str | None:
        if isinstance(value, str) and value in known:
            return None
        return f"{name} is never {_shown(value)}: write one of {', '.join(known)}"

    return Fact(operators, check, known)


def _language(value: Any) -> str | None:
    if isinstance(value, str) and value in ISO_639_1:
        return None
    return f"language is never {_shown(value)}: write a code of ISO 639-1 in small letters, such as en or es"


def _wrong_number(name: str, value: Any) -> str | None:
    least, most = _bounds(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} is a number, never {_shown(value)}: write a number, without quotes"
    if value < least or (most is not None and value > most):
        between = f"at least {least:g}" if most is None else f"between {least:g} and {most:g}"
        return f"{name} is {between}, never {value:g}: correct the number"
    return None


def _held(name: str, op: str, numbers: list[float]) -> str | None:
    """`no` or `every`: of how many calls it is true, though each number can be; None where calls differ."""
    least, most = _bounds(name)
    top = inf if most is None else most
    first, last = numbers[0], numbers[-1]
    # The day ends before 24; a share can be 1.
    reached = name != "local_hour"
    no_count = name in _COUNTS and ceil(first) != first
    never = {
        "lt": first <= least,
        "gt": first >= top,
        "ge": first >= top and not reached,
        "eq": no_count or (first >= top and not reached),
        "between": first >= last or (name in _COUNTS and ceil(first) >= last),
    }
    always = {
        "ge": first <= least,
        "le": first >= top,
        "lt": first >= top and not reached,
        "ne": no_count or (first >= top and not reached),
        "between": first <= least and last >= top and not reached,
    }
    if never.get(op, False):
        return "no"
    return "every" if always.get(op, False) else None


def _bounds(name: str) -> tuple[float, float | None]:
    """The smallest and the largest that a figure can be; None for no largest."""
    if name.endswith("_share"):
        return 0, 1
    return 0, 24 if name == "local_hour" else None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else f'"{value}"'


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
