"""Conditions: when a criterion, or a whole scorecard, applies to a call."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

# What LLM1 found out about a call, as far as conditions may ask for it.
UNDERSTANDING_FIELDS = frozenset(
    {"analysable", "call_type", "language", "resolution", "contact_reasons", "signals"}
)
METRICS_PREFIX = "metrics."

Operator = Literal["eq", "ne", "in", "not_in", "contains", "not_contains", "lt", "le", "gt", "ge", "between"]
Facts = Mapping[str, Any]

_OPERATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda fact, value: fact == value,
    "ne": lambda fact, value: fact != value,
    "in": lambda fact, value: fact in value,
    "not_in": lambda fact, value: fact not in value,
    "contains": lambda fact, value: value in fact,
    "not_contains": lambda fact, value: value not in fact,
    "lt": lambda fact, value: fact < value,
    "le": lambda fact, value: fact <= value,
    "gt": lambda fact, value: fact > value,
    "ge": lambda fact, value: fact >= value,
    "between": lambda fact, value: value[0] <= fact < value[1],
}

_WORDS: dict[str, str] = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "contains": "has",
    "not_contains": "does not have",
    "lt": "is below",
    "le": "is at most",
    "gt": "is above",
    "ge": "is at least",
    "between": "is between",
}


def in_words(op: Operator, value: Any) -> str:
    """A comparison as people read it: `is at least 20`."""
    return f"{_WORDS[op]} {shown(value, ' and ' if op == 'between' else ', ')}"


def shown(fact: Any, separator: str = ", ") -> str:
    """A fact, or what it is compared with, as people read it."""
    if fact is None:
        return "unknown"
    if isinstance(fact, bool):
        return str(fact).lower()
    if isinstance(fact, list | tuple | set | frozenset):
        return separator.join(shown(one) for one in fact) or "none"
    return f"{fact:g}" if isinstance(fact, float) else str(fact)


class FieldCondition(BaseModel):
    """Holds when a fact of the call compares as asked.

    Attributes:
        field: A fact of the call, or `metrics.` and a figure (below); a scorecard's own `applies_if` knows no
            figures.
        op: How it is compared.
        value: With what; a list for `in` and `not_in`, two numbers for `between`, which includes the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    field: str
    op: Operator
    value: str | float | bool | list[str | float]

    def holds(self, facts: Facts) -> bool:
        """Compares. A fact that is unknown (None) makes no condition hold."""
        fact = facts.get(self.field)
        return fact is not None and _OPERATIONS[self.op](fact, self.value)

    @property
    def about_metrics(self) -> bool:
        """Whether it needs `CallMetrics`."""
        return self.field.startswith(METRICS_PREFIX)

    def __str__(self) -> str:
        return f"{self.field.removeprefix(METRICS_PREFIX)} {in_words(self.op, self.value)}"


class CriterionCondition(BaseModel):
    """Holds when another criterion was answered so; unknown where that answer does not count.

    Attributes:
        criterion: The id of the other one.
        equals: The key of its answer, or NA.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    criterion: str
    equals: str

    def __str__(self) -> str:
        return f"the answer to {self.criterion} is {self.equals}"


Condition = FieldCondition | CriterionCondition
