"""Hints: the wording by which the endpoint decides a criterion. Its own files; no scorecard holds them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.errors import InvalidInput
from include.plain_yaml import read_yaml

_FOLDER = Path(__file__).parent
HINTS_FOLDER = _FOLDER / "criteria"
CONTACT_WORDS = _FOLDER / "contact_words.yaml"


def _regexes(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return patterns


Regexes = Annotated[list[str], Field(max_length=60)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HintPattern(_Part):
    """Wording that tells something, as regular expressions over lower-case text without accents.

    Attributes:
        any: One of them must be found.
        gap_s: Instead of words: a stretch of the conversation without speech of at least this length.
        speaker: Whose words.
        after: Only after a place of this other pattern.
        before: Only before a place of this other pattern.
        within_turns: With `after`: at most so many turns later.
        within_s: With `before`: at most so long before.
        first_s: Only this long from the first turn.
        last_s: Only this long before the end of the last turn.
    """

    any: Regexes = []
    gap_s: float | None = None
    speaker: Literal["agent", "customer", "any"] = "agent"
    after: str | None = None
    before: str | None = None
    within_turns: int | None = None
    within_s: float | None = None
    first_s: float | None = None
    last_s: float | None = None

    _compiles = field_validator("any")(_regexes)


class HintRule(_Part):
    """An answer that stands when all its patterns are found as asked.

    Attributes:
        all: Found, each.
        in_order: Found, and each begins no later than the next.
        none: Not found, each.
    """

    answer: str
    all: list[str] = []
    in_order: list[str] = []
    none: list[str] = []


class Hints(_Part):
    """How wording points to an answer.

    Attributes:
        decide: The first rule that stands gives the answer.
        otherwise: The answer when none does.
        quote: By answer, the patterns whose first place is quoted; else those that the rule that stood found.
    """

    patterns: dict[str, HintPattern]
    decide: list[HintRule]
    otherwise: str
    quote: dict[str, list[str]] = {}

    def missing_patterns(self) -> list[str]:
        """Names of patterns that are used and not there."""
        used = {name for rule in self.decide for name in [*rule.all, *rule.in_order, *rule.none]}
        used |= {name for quoted in self.quote.values() for name in quoted}
        used |= {name for p in self.patterns.values() for name in (p.after, p.before) if name}
        return sorted(used - set(self.patterns))


def load_hints(folder: Path) -> Mapping[str, Hints]:
    """Reads the hints of a folder's YAML files, by criterion id.

    Raises:
        InvalidInput: A file is wrong; the message names it, the criterion and what is wrong.
    """
    found: dict[str, Hints] = {}
    for path in sorted(folder.glob("*.yaml")):
        for criterion_id, content in _mapping(path).items():
            if criterion_id in found:
                raise InvalidInput(f"{path}: {criterion_id} has hints in two files: keep one of them.")
            found[criterion_id] = _hints(path, criterion_id, content)
    return found


def load_contact_words(path: Path) -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """Reads the wording of contact reasons, by their code.

    Raises:
        InvalidInput: The file is wrong; the message says where.
    """
    return {code: tuple(_compiled(path, code, words)) for code, words in _mapping(path).items()}


@cache
def shipped_hints() -> Mapping[str, Hints]:
    """The endpoint's own."""
    return load_hints(HINTS_FOLDER)


@cache
def shipped_contact_words() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """The endpoint's own."""
    return load_contact_words(CONTACT_WORDS)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{path} is no mapping: write what each id or code is found by below it.")
    return content


def _hints(path: Path, criterion_id: str, content: Any) -> Hints:
    try:
        hints = Hints.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{path}: {criterion_id}: {problems}") from error
    if missing := hints.missing_patterns():
        raise InvalidInput(
            f"{path}: {criterion_id} uses patterns that are not there: {', '.join(missing)}. Write them."
        )
    return hints


def _compiled(path: Path, code: str, words: Any) -> Iterator[re.Pattern[str]]:
    for regex in words if isinstance(words, list) else [words]:
        try:
            yield re.compile(regex)
        except (re.error, TypeError) as error:
            raise InvalidInput(f"{path}: {code}: {regex!r} is not a regular expression: {error}") from error
