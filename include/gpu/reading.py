"""Reads what a GPU host answered: a value of the contract, its texts cleaned, or why it is none."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from include.gpu.wire import HostHealth
from include.outside.bodies import Body
from include.outside.jsons import parsed

Answer = TypeVar("Answer")


def read_answer(body: Body, answer: TypeAdapter[Answer]) -> Answer:
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
