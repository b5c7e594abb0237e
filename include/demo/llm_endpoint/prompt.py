"""Reads a prompt: the task stands in the system message, the transcript is data in the user's."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from include.spoken.folding import Folded, folded

_TRANSCRIPT = re.compile(
    r'\A<transcript language="([^"]*)">\n(.*?)\n?^</transcript>$', re.DOTALL | re.MULTILINE
)
_TURN = re.compile(r"\[(\S+) (\S+) (\d+)\] (.*)")
# Lines between turns, such as silences.
_GAP = re.compile(r"-- (\d+) s without speech\b.*")
_BLOCK = r"^<{0}>\n(.*?)\n</{0}>$"
_CRITERION = re.compile(r"^- ([a-z][a-z0-9_]*): ", re.MULTILINE)
_ROLES = re.compile(r"\bSpeaker labels: ([^.]*)\.")
_ROLE = re.compile(r"(\S+) is (\w+)")
# Somebody who speaks until the next turn begins says so many words in a second.
_WORDS_PER_S = 3.0


class UnknownPrompt(ValueError):
    """This endpoint answers cofi's prompts and no others."""


@dataclass(frozen=True)
class Line:
    """One turn as the prompt shows it; times in s of the recording.

    Attributes:
        start_s: To the second.
        end_s: No prompt states it: the start of the next turn, less the silence noted before that turn.
    """

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
        roles: What the closing line says about speaker labels; labels that are roles are not in it.
        task: What is asked: the system message.
        schema: Of the answer.
    """

    language: str
    lines: tuple[Line, ...]
    roles: dict[str, str]
    task: str
    schema: Mapping[str, Any]

    def role(self, line: Line) -> str:
        """`agent`, `customer`, or "" when the role is unknown."""
        role = self.roles.get(line.speaker, line.speaker)
        return role if role in ("agent", "customer") else ""

    def spoken_by(self, role: str) -> list[Line]:
        """The turns of a role; those of nobody in particular count for everybody."""
        return [line for line in self.lines if self.role(line) in (role, "")]

    @property
    def contact_reasons(self) -> list[str]:
        """The reasons to choose from.

        Raises:
            UnknownPrompt: It brings none.
        """
        return self._block("reasons").splitlines()

    @property
    def criteria(self) -> dict[str, list[str]]:
        """Each criterion that is asked, with the answers that it allows.

        Raises:
            UnknownPrompt: It brings no scorecard, or the schema does not know one of the criteria.
        """
        ids = _CRITERION.findall(self._block("scorecard"))
        return {criterion_id: self._allowed(criterion_id) for criterion_id in ids}

    def _block(self, name: str) -> str:
        found = re.search(_BLOCK.format(name), self.task, re.DOTALL | re.MULTILINE)
        if found is None:
            raise UnknownPrompt(f"the prompt has no <{name}> block")
        return found.group(1)

    def _allowed(self, criterion_id: str) -> list[str]:
        try:
            # A second opinion is one answer by itself.
            several = self.schema["properties"].get("answers")
            answer = self._resolved(several["properties"][criterion_id]) if several else self.schema
            return list(answer["properties"]["answer"]["enum"])
        except LookupError as error:
            raise UnknownPrompt(f"the schema does not tell what {criterion_id} may be answered") from error

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema without the detour over a definition, or over what is null or no item elsewhere."""
        if schema.get("type") == "array":
            return self._resolved(schema["items"])
        if "anyOf" in schema:
            return self._resolved(next(one for one in schema["anyOf"] if one != {"type": "null"}))
        if "$ref" in schema:
            return self._resolved(self.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")])
        return schema


def read_prompt(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Prompt:
    """Reads a request of cofi; a repair's further messages do not matter.

    Raises:
        UnknownPrompt: There is no system message, or the user's does not begin with a transcript.
    """
    task, text = (
        next((message["content"] for message in messages if message["role"] == role), "")
        for role in ("system", "user")
    )
    found = _TRANSCRIPT.match(text)
    if found is None or not task:
        raise UnknownPrompt("the user's message does not begin with a <transcript> block")
    lines = tuple(_lines(found.group(2).splitlines()))
    roles = _ROLES.search(text[found.end() :])
    return Prompt(found.group(1), lines, dict(_ROLE.findall(roles.group(1))) if roles else {}, task, schema)


def _lines(texts: Iterable[str]) -> list[Line]:
    """The turns. One that follows a silence tells when the one before it ended."""
    lines: list[Line] = []
    gap_s = 0.0
    for text in texts:
        if turn := _TURN.fullmatch(text):
            line = _line(turn)
            if lines:
                lines[-1] = replace(lines[-1], end_s=max(lines[-1].start_s, line.start_s - gap_s))
            lines.append(line)
            gap_s = 0.0
        elif gap := _GAP.fullmatch(text):
            gap_s = float(gap.group(1))
    return lines


def _line(turn: re.Match[str]) -> Line:
    turn_id, speaker, seconds, text = turn.groups()
    start_s = float(seconds)
    return Line(turn_id, speaker, start_s, start_s + len(text.split()) / _WORDS_PER_S, text, folded(text))
