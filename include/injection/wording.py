"""Reads `wording.yaml`: what a sentence tries with the model that reads it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from include.plain_yaml import read_yaml

_FILE = Path(__file__).with_suffix(".yaml")
_LISTED = re.compile(r"\{([a-z' ]+)\}")
_GAP = r"(?!\w)[^.?!]{0,40}?(?<!\w)"


class Attempt(StrEnum):
    """What the words try."""

    INSTRUCTION = "instruction"
    VERDICT = "verdict"
    ROLE = "role"
    MARKUP = "markup"


@dataclass(frozen=True)
class Tried:
    """What a sentence tries.

    Attributes:
        at: The character at which the words that show the attempt begin.
        goes_on: What follows in the turn belongs to it.
    """

    attempt: Attempt
    at: int
    goes_on: bool


@dataclass(frozen=True)
class _Wording:
    attempt: Attempt
    goes_on: bool
    patterns: Sequence[re.Pattern[str]]
    unless: Sequence[re.Pattern[str]]

    def tried_in(self, sentence: str) -> Tried | None:
        found = next((hit for pattern in self.patterns if (hit := pattern.search(sentence))), None)
        if found is None or any(pattern.search(sentence) for pattern in self.unless):
            return None
        return Tried(self.attempt, found.start(), self.goes_on)


def tried_in(sentence: str) -> Tried | None:
    """What a sentence tries with the model; None for ordinary speech.

    Args:
        sentence: In lower case without accents.
    """
    return next((tried for one in _wordings() if (tried := one.tried_in(sentence))), None)


@cache
def _wordings() -> Sequence[_Wording]:
    content = read_yaml(_FILE.read_text(encoding="utf-8"))
    words = content["words"]
    return [
        _Wording(
            Attempt(group["attempt"]),
            group.get("goes_on", False),
            [_compiled(one, words, group.get("whole_words", True)) for one in group["any"]],
            [_compiled(f"{{{name}}}", words) for name in group.get("unless", ())],
        )
        for group in content["patterns"]
    ]


def _compiled(pattern: str, words: Mapping[str, Sequence[str]], whole_words: bool = True) -> re.Pattern[str]:
    spelled = _spelled(pattern, words)
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)" if whole_words else spelled)


def _spelled(pattern: str, words: Mapping[str, Sequence[str]]) -> str:
    """The pattern with its lists and gaps written out."""

    def alternatives(found: re.Match[str]) -> str:
        return f"(?:{'|'.join(_spelled(str(one), words) for one in words[found[1]])})"

    return _LISTED.sub(alternatives, pattern.replace("...", _GAP))
