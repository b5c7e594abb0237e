"""Reads a prompt: the transcript is data between its delimiters, the task stands after it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from include.spoken.folding import Folded, folded

_TRANSCRIPT = re.compile(
    r'\A<transcript language="([^"]*)">\n(.*?)\n?^</transcript>$', re.DOTALL | re.MULTILINE
)
_TURN = re.compile(r"\[(\S+) \| (\S+) \| (\d+):([\d.]+)-(\d+):([\d.]+)\] (.*)")
_BLOCK = r"^<{0}>\n(.*?)\n</{0}>$"
_ROLES = re.compile(r"^Who the speaker labels are: (.*)$", re.MULTILINE)
_ROLE = re.compile(r"(\S+) is (\w+)")


class UnknownPrompt(ValueError):
    """This endpoint answers cofi's prompts and no others."""


@dataclass(frozen=True)
class Line:
    """One turn as the prompt tells it; times in s of the recording."""

    turn_id: str
    speaker: str
    start_s: float
    end_s: float
    text: str
    folded: Folded


@dataclass(frozen=True)
class Prompt:
    """A prompt, read.

    Attributes:
        roles: What the task says about speaker labels; labels that are roles are not in it.
        task: The text after the transcript.
    """

    language: str
    lines: tuple[Line, ...]
    roles: dict[str, str]
    task: str

    def role(self, line: Line) -> str:
        """`agent`, `customer`, or "" when nobody told."""
        role = self.roles.get(line.speaker, line.speaker)
        return role if role in ("agent", "customer") else ""

    def spoken_by(self, role: str) -> list[Line]:
        """The turns of a role; those of nobody in particular count for everybody."""
        return [line for line in self.lines if self.role(line) in (role, "")]

    def block(self, name: str) -> Any:
        """The YAML between `<name>` and `</name>` in the task.

        Raises:
            UnknownPrompt: There is none, or it is not YAML.
        """
        found = re.search(_BLOCK.format(name), self.task, re.DOTALL | re.MULTILINE)
        if found is None:
            raise UnknownPrompt(f"the prompt has no <{name}> block")
        try:
            return _yaml(found.group(1))
        except yaml.YAMLError as error:
            raise UnknownPrompt(f"the <{name}> block is not YAML: {error}") from error


@lru_cache(maxsize=16)
def _yaml(text: str) -> Any:
    """Every call brings the same blocks, and reading YAML takes longer than all else here."""
    return yaml.safe_load(text)


def read_prompt(text: str) -> Prompt:
    """Reads a user message of cofi.

    Raises:
        UnknownPrompt: It does not begin with a transcript.
    """
    found = _TRANSCRIPT.match(text)
    if found is None:
        raise UnknownPrompt("the prompt does not begin with a <transcript> block")
    lines = tuple(_line(turn) for turn in map(_TURN.fullmatch, found.group(2).splitlines()) if turn)
    task = text[found.end() :]
    roles = _ROLES.search(task)
    return Prompt(found.group(1), lines, dict(_ROLE.findall(roles.group(1))) if roles else {}, task)


def _line(turn: re.Match[str]) -> Line:
    turn_id, speaker, min_0, s_0, min_1, s_1, text = turn.groups()
    start_s, end_s = int(min_0) * 60 + float(s_0), int(min_1) * 60 + float(s_1)
    return Line(turn_id, speaker, start_s, end_s, text, folded(text))
