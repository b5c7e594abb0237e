"""Reads what a GPU host answered: a value of the contract, its texts cleaned, or why it is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from include.gpu.wire import HostHealth, Problem
from include.outside.bodies import Body
from include.outside.jsons import parsed

Value = TypeVar("Value")
_PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, from the host or from whatever stands before it."""

    status: int
    headers: Mapping[str, str]
    body: Body

    @cached_property
    def problem(self) -> Problem | None:
        """The host's own description of the error, in the contract's form; None when something else answered.

        Gateways send problem details too: only the contract's say whether to try again, under its own status.
        """
        if self.status < 400 or not self.headers.get("Content-Type", "").lower().startswith(_PROBLEM_TYPE):
            return None
        try:
            fields = parsed(self.body.text)
            problem = Problem.model_validate(fields)
        except ValueError:
            return None
        return problem if "retryable" in fields and problem.status == self.status else None


def read_answer(body: Body, answer: TypeAdapter[Value]) -> Value:
    """The value that a body holds.

    Raises:
        ValueError: It holds none of this kind; what was said in a call stands in no message.
    """
    if not body.whole:
        raise ValueError(f"more than {len(body.content):,} bytes")
    try:
        return answer.validate_python(parsed(body.text))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise ValueError(f"{first['msg']} at {first['loc']}") from None


def read_health(body: Body) -> HostHealth:
    """Whatever a host says, it speaks."""
    try:
        return HostHealth.model_validate(parsed(body.text))
    except ValueError:
        return HostHealth()
