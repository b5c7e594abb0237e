"""What all emulated providers have: requests are checked, answers and refusals are written."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from include.emulation.providers.schemas import SchemaLaw
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

_CHARS_PER_TOKEN = 4
# A schema that is given in the prompt stands at its end, on a line of its own.
_IN_WORDS = re.compile(r"JSON schema:\n(\{.*\})\s*\Z", re.DOTALL)


class Refused(Exception):
    """A request that the provider does not take.

    Args:
        status: Of the answer.
        message: As the provider would say it.
        kind: The provider's word for it.
        field: Of the request, where it is about one.
    """

    def __init__(self, status: int, message: str, kind: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.field = field


@dataclass(frozen=True)
class Asked:
    """A request, in the same form whatever the provider.

    Attributes:
        name: The schema's.
        messages: Role and text.
        room: Most tokens of the answer.
        is_sampled: At a temperature above 0: each answer to the same words is another.
    """

    name: str
    schema: Mapping[str, Any]
    messages: Sequence[Mapping[str, str]]
    model: str
    room: int
    is_sampled: bool = False

    @property
    def prompt_tokens(self) -> int:
        """About four characters each."""
        sent = sum(len(each["content"]) for each in self.messages) + len(json.dumps(self.schema))
        return -(-sent // _CHARS_PER_TOKEN)


@dataclass(frozen=True)
class Answer:
    """What is answered, in the same form whatever the provider.

    Attributes:
        end: `stop`, `length`, `refusal` or `filter`.
    """

    content: str
    end: str = "stop"
    cached: int = 0
    refusal: str = "I'm sorry, but I can't help with that."

    @property
    def completion_tokens(self) -> int:
        """About four characters each."""
        return -(-len(self.content or self.refusal) // _CHARS_PER_TOKEN)


class ProviderApi(ABC):
    """One provider's API."""

    paths: ClassVar[tuple[str, ...]]
    law: ClassVar[SchemaLaw]

    @abstractmethod
    def key_of(self, headers: Mapping[str, str]) -> str:
        """The key that a request carries."""

    @abstractmethod
    def asked(self, body: Mapping[str, Any], headers: Mapping[str, str], path: Mapping[str, str]) -> Asked:
        """Reads and checks a request.

        Raises:
            Refused: The provider does not take it.
        """

    @abstractmethod
    def answer(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        """The body of a 200."""

    @abstractmethod
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        """The body of any other status."""

    def broken(self, asked: Asked) -> dict[str, Any]:
        """The body of a 200 that holds an error: the provider broke off while the model wrote."""
        return self.refusal(Refused(502, "Upstream error: the model broke off", "upstream_error"), 0)

    def headers(self, status: int, retry_after_s: int) -> dict[str, str]:
        """The headers of an answer."""
        return {"Retry-After": str(retry_after_s)} if status in (429, 503) else {}


def name_of(schema: Mapping[str, Any]) -> str:
    """Which of cofi's schemas it is, for APIs that do not get its name."""
    return AUDIT_SCHEMA if "answers" in schema.get("properties", {}) else FACTS_SCHEMA


def schema_in_prompt(messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The schema that a prompt gives in words.

    Raises:
        Refused: It tells none: this provider answers with a schema only.
    """
    found = _IN_WORDS.search(messages[-1]["content"] if messages else "")
    if found is None:
        raise Refused(400, "this emulated provider answers to a schema only", "invalid_request_error")
    return dict(json.loads(found.group(1)))


def unknown_field(body: Mapping[str, Any], known: frozenset[str]) -> str | None:
    """The first field that an API does not know."""
    return next(iter(sorted(set(body) - known)), None)


def text_of(content: object) -> str:
    """The text of a message's content."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))
