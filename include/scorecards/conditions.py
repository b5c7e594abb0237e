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
        value = str(self.value).lower() if isinstance(self.value, bool) else self.value
        return f"{self.field} {self.op} {value}"


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
        return f"{self.criterion} = {self.equals}"


Condition = FieldCondition | CriterionCondition
