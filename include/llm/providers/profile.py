"""A provider's profile: what its API takes and how its answers read, from `<name>.yaml` beside this file."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.errors import InvalidInput
from include.plain_yaml import read_yaml

GENERIC = "generic"
_FOLDER = Path(__file__).parent
# Keywords that bound a value, where an API takes them; the others tell of its shape.
BOUNDS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"})


class Api(StrEnum):
    """Which kind of API a provider speaks."""

    CHAT = "chat_completions"
    MESSAGES = "messages"
    GENERATE = "generate_content"


class Nullable(StrEnum):
    """How a schema says that a value may be missing: `anyOf` with null, or a list of at most one."""

    ANY_OF = "any_of"
    LIST = "list"


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Auth(_Facts):
    """The header that carries the key, and what stands before it."""

    header: str = "Authorization"
    prefix: str = "Bearer "


class SchemaRules(_Facts):
    """What a schema may hold.

    Attributes:
        keywords: All that may stand in it; bounds that may not are put into words in its descriptions.
        nullable: How a value may be missing.
        shared: Whether an object that stands in it more than once is defined once.
        refused: Regular expressions over a 400's text that mean: the schema is too much for this API. It is
            then sent in words, in the prompt.
    """

    keywords: frozenset[str]
    nullable: Nullable = Nullable.ANY_OF
    shared: bool = False
    refused: tuple[str, ...] = ()


class Effort(_Facts):
    """Where the reasoning effort stands in a request (`a.b` is b inside a), and its values."""

    field: str
    values: tuple[str, ...]


class Reasons(_Facts):
    """What the API calls the ends of an answer that are no good end."""

    cut_off: frozenset[str] = frozenset()
    filtered: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


class Errors(_Facts):
    """How answers other than 200 read.

    Attributes:
        busy: Statuses that refuse for load.
        passing: Other statuses that pass by themselves, beside all from 500 up.
        filtered: Codes in an error that mean: a content filter stopped the prompt.
        account: Texts in an error that mean the account, and not load or the request, with what to do.
    """

    busy: frozenset[int] = frozenset({429, 503, 529})
    passing: frozenset[int] = frozenset({408, 409, 425})
    filtered: frozenset[str] = frozenset()
    account: Mapping[str, str] = {}


class ModelFacts(_Facts):
    """What is different for some models: `match` is a pattern as in file names."""

    match: str
    facts: Mapping[str, Any]


class Profile(_Facts):
    """One provider.

    Attributes:
        sources: Documents that the facts are from, and when they were read.
        unchecked: Facts that nobody has tried against the real service.
        hosts: Patterns of host names (`host:port` where a port is meant) by which it is guessed.
        path: Of an address without one. `drop` is cut off an address that ends with it.
        headers: Sent with every request.
        body: Fields sent with every request.
        temperature: Sent unless the connection says otherwise; None sends none.
        max_output_tokens: Likewise; more where thinking counts.
        schema_in_words: Whether the schema is written into the prompt: sent apart, it would hold the model to
            nothing.
        cache_marks: Whether the part that all prompts share is marked for the provider's cache.
        request_ids: Headers that name the request, the first that is there.
        resets: Headers that tell when a limit is lifted.
        models: Facts that hold for some models only, the later over the earlier.
    """

    name: str
    api: Api = Api.CHAT
    sources: tuple[str, ...]
    unchecked: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    path: str = ""
    drop: str = ""
    auth: Auth = Auth()
    headers: Mapping[str, str] = {}
    body: Mapping[str, Any] = {}
    output_tokens_field: str = "max_tokens"
    max_output_tokens: int = Field(default=4096, ge=1)
    temperature: float | None = 0.0
    effort: Effort | None = None
    schema_rules: SchemaRules = Field(alias="schema")
    schema_in_words: bool = False
    cache_marks: bool = False
    reasons: Reasons
    errors: Errors = Errors()
    request_ids: tuple[str, ...] = ("x-request-id",)
    resets: tuple[str, ...] = ()
    models: tuple[ModelFacts, ...] = ()

    def of_model(self, model: str) -> "Profile":
        """The profile with what is different for this model."""
        facts = self.model_dump(by_alias=True)
        for other in self.models:
            if fnmatch(model, other.match):
                facts = _merged(facts, other.facts)
        return Profile.model_validate(facts)


def names() -> list[str]:
    """The names of all providers."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@cache
def profile_of(name: str) -> Profile:
    """The profile of this name.

    Raises:
        InvalidInput: There is none; the message lists those that there are.
    """
    if name not in names():
        raise InvalidInput(f"There is no LLM provider {name}: enter one of {', '.join(names())}.")
    path = _FOLDER / f"{name}.yaml"
    try:
        return Profile.model_validate(read_yaml(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(f"provider file {path}: {error}") from error


def guessed(base_url: str) -> str:
    """The provider that an address speaks of; `generic` where it speaks of none."""
    parts = urlsplit(base_url)
    address = parts.netloc.rpartition("@")[2].lower()
    host = (parts.hostname or "").lower()
    for name in names():
        if any(fnmatch(address if ":" in pattern else host, pattern) for pattern in profile_of(name).hosts):
            return name
    return GENERIC


def endpoint(profile: Profile, base_url: str, path: str) -> str:
    """Where requests go: the address, the provider's own path where it has none, and the API's path.

    What stands behind a question mark (Azure's `api-version`) stays at the end.
    """
    parts = urlsplit(base_url)
    base = parts.path.rstrip("/").removesuffix(profile.drop) or profile.path
    return parts._replace(path=base + path).geturl()


def _merged(facts: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Facts inside facts are merged, all others replaced."""
    made = dict(facts)
    for key, value in other.items():
        inner = made.get(key)
        made[key] = (
            _merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
        )
    return made


def first_header(headers: Mapping[str, str], wanted: Sequence[str]) -> str:
    """The first of these headers that is there; empty when none is."""
    return next((headers[name] for name in wanted if headers.get(name)), "")
