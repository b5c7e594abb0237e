"""Gets an answer that fits its schema: one repair when it does not, more room when it was cut off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from include.errors import AnswerInvalid, RequestRefused
from include.llm.chat_api import JsonSchema, Message
from include.llm.client import Completion, LlmClient
from include.llm.reading import fitted, json_of
from include.llm.usage import Usage

T = TypeVar("T")
_MOST_PROBLEMS_SHOWN = 12


@dataclass(frozen=True)
class Structured(Generic[T]):
    """A valid answer and what it took, over all requests for it."""

    value: T
    model: str
    request_ids: tuple[str, ...]
    usage: Usage
    latency_s: float
    attempts: int
    repaired: bool


@dataclass(frozen=True)
class Provenance:
    """Where a stage's result comes from; kept beside it.

    Attributes:
        model: As the API named it; `none` when nobody had to be asked.
        prompt_sha256: Of the stage's wording.
        latency_s: Sum over the requests that succeeded.
        attempts: All requests, retries and repairs included.
        repaired: The first answer was invalid or cut off, a second was not.
        redactions: Places replaced before the transcript left, by type.
    """

    model: str
    prompt_sha256: str
    request_ids: tuple[str, ...]
    usage: Usage
    latency_s: float
    attempts: int
    repaired: bool
    redactions: dict[str, int]


def provenance(answer: Structured[Any], prompt_sha256: str, redactions: dict[str, int]) -> Provenance:
    """The provenance of an answer that was asked for."""
    return Provenance(
        model=answer.model,
        prompt_sha256=prompt_sha256,
        request_ids=answer.request_ids,
        usage=answer.usage,
        latency_s=answer.latency_s,
        attempts=answer.attempts,
        repaired=answer.repaired,
        redactions=redactions,
    )


def nobody_asked(prompt_sha256: str) -> Provenance:
    """The provenance of a result that code gives because there is nothing to ask."""
    return Provenance("none", prompt_sha256, (), Usage(), 0.0, 0, False, {})


async def structured(
    client: LlmClient,
    messages: Sequence[Message],
    schema: JsonSchema,
    name: str,
    *,
    item: str,
    read: Callable[[Any], T],
) -> Structured[T]:
    """Asks until the answer is valid, at most three times.

    An answer cut off (`finish_reason` is `length`) is asked for once more with twice the room: the same
    request would be cut off again. An invalid one is shown to the model once, with what is wrong with it.

    Args:
        client: The API.
        messages: The prompt.
        schema: Of the answer.
        name: Of the schema.
        item: The call's id, for messages.
        read: Makes the value of the JSON answer; raises ValueError (as pydantic does) when it does not fit.

    Raises:
        AnswerInvalid: Still invalid or cut off; it carries the raw answer.
        TransientError, PermanentError: As `LlmClient.complete`.
    """
    made = [await client.complete(messages, schema, name, item=item)]
    room = client.max_output_tokens
    if made[-1].finish_reason == "length":
        room *= 2
        made.append(await client.complete(messages, schema, name, item=item, max_output_tokens=room))
        _whole(made[-1], item, room)
    try:
        return _result(made, _read(made[-1], schema, read))
    except ValueError as error:
        repair = _repair(messages, made[-1].content, problems_told(error))
    try:
        made.append(await client.complete(repair, schema, name, item=item, max_output_tokens=room))
    except RequestRefused as refused:  # such as a conversation that is too long now
        raise AnswerInvalid(
            f"{item}: the answer to {name} does not fit, and its repair: {refused}",
            raw_answer=made[-1].content,
        ) from refused
    _whole(made[-1], item, room)
    try:
        return _result(made, _read(made[-1], schema, read))
    except ValueError as error:
        raise AnswerInvalid(
            f"{item}: the answer to {name} does not fit, nor after a repair: {problems_told(error)}",
            raw_answer=made[-1].content,
        ) from error


def _whole(completion: Completion, item: str, room: int) -> None:
    if completion.finish_reason == "length":
        raise AnswerInvalid(
            f"{item}: the answer was cut off at {room} output tokens too; raise max_output_tokens",
            raw_answer=completion.content,
        )


def _read(completion: Completion, schema: JsonSchema, read: Callable[[Any], T]) -> T:
    try:
        return read(fitted(json_of(completion.content), schema))
    except (TypeError, LookupError, ArithmeticError) as error:  # an answer so odd that reading it stumbles
        raise ValueError(f"it cannot be read ({type(error).__name__})") from error


def _repair(messages: Sequence[Message], answer: str, problems: str) -> Sequence[Message]:
    message = (
        f"Your answer does not fit: {problems}\nGive the whole answer again, as one JSON object that fits."
    )
    # Some APIs take no empty message, and some templates no two of one role in a row.
    return [
        *messages,
        {"role": "assistant", "content": answer or "(nothing)"},
        {"role": "user", "content": message},
    ]


def problems_told(error: ValueError) -> str:
    """What is wrong with an answer, in a form that a model can act on; without its private content."""
    if not isinstance(error, ValidationError):
        return str(error)
    listed = error.errors(include_url=False, include_input=False)
    lines = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in listed]
    more = f"; and {len(lines) - _MOST_PROBLEMS_SHOWN} more" if len(lines) > _MOST_PROBLEMS_SHOWN else ""
    return "; ".join(lines[:_MOST_PROBLEMS_SHOWN]) + more


def _result(made: Sequence[Completion], value: T) -> Structured[T]:
    return Structured(
        value=value,
        model=made[-1].model,
        request_ids=tuple(completion.request_id for completion in made),
        usage=sum((completion.usage for completion in made), Usage()),
        latency_s=round(sum(completion.latency_s for completion in made), 3),
        attempts=sum(completion.attempts for completion in made),
        repaired=len(made) > 1,
    )
