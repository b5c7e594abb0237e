"""Tells the agent's channel from the customer's by what is said and played: rules, run after recognition.

An agent greets with the company's name, says that the call is recorded, asks who the other is; a customer
says what is wrong. Announcements and hold music come from the company's side, keyed digits from the other.
Each cue has a weight; the difference between channels gives a confidence, and below `SURE` nobody is named.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.plain_yaml import read_yaml
from include.roles.speaker_role import RoleSource, SpeakerRole
from include.spoken.folding import plain

# A role below this confidence stays unknown; rules are never surer than the other.
SURE, _MOST = 0.9, 0.99
# A company's name as a recogniser may hear it.
_LIKE = 85
_NAME_WEIGHT, _NAMED_WITHIN = 1.5, 2
_ASKED_FOR = re.compile(r"\b(?:is (?:this|that)|am i|speaking (?:to|with)|es (?:esto|usted)|hablo con)\b")
_PLAYED_WEIGHT, _KEYED_WEIGHT = 1.2, -1.2
# With fewer words what is said does not show who speaks.
_FEWEST_WORDS = 4


@dataclass(frozen=True)
class Heard:
    """What is played and keyed on each channel, of an IVR stage's result.

    Attributes:
        played: Channels with announcements or hold music.
        keyed: Channels with keyed digits.
    """

    played: frozenset[int] = frozenset()
    keyed: frozenset[int] = frozenset()


@dataclass
class _Channel:
    weight: float = 0.0
    because: list[str] = field(default_factory=list)
    words: int = 0

    def add(self, weight: float, cue: str) -> None:
        self.weight += weight
        self.because.append(cue)


def roles_by_content(
    turns: Sequence[Turn], channels: int, companies: Sequence[str] = (), heard: Heard | None = None
) -> list[SpeakerRole]:
    """The roles of the channels of a call with two or more.

    Args:
        turns: Of the call.
        channels: How many it has.
        companies: Names of the company, as people say them.
        heard: What is played and keyed.

    Returns:
        One per channel; `unknown` with the best confidence there is where the content does not show it.
    """
    found = [_judged(n, turns, companies, heard or Heard(), channels) for n in range(channels)]
    order = sorted(range(channels), key=lambda n: found[n].weight, reverse=True)
    best = order[0]
    margin = found[best].weight - found[order[1]].weight if channels > 1 else 0.0
    confidence = min(_MOST, round(1 / (1 + math.exp(-margin)), 2))
    silent = [n for n in range(channels) if found[n].words < _FEWEST_WORDS]
    # On a channel with both sides on it, cues of both are found, and the other one tells nothing.
    both = best in silent or (silent and any(cue.startswith("-") for cue in found[best].because))
    sure = confidence >= SURE and found[best].weight >= 0 and not both
    return [
        SpeakerRole(
            channel=n,
            role=_role(n, best, channels, silent) if sure else ChannelRole.UNKNOWN,
            source=RoleSource.CONTENT if sure else RoleSource.NOBODY,
            confidence=confidence if not both else 0.5,
            because=[cue.lstrip("-") for cue in found[n].because],
        )
        for n in range(channels)
    ]


def roles_of_voices(turns: Sequence[Turn], companies: Sequence[str] = ()) -> list[SpeakerRole]:
    """The roles of several voices on one channel, by the same rules; what is played or keyed is nobody's.

    Args:
        turns: Of the call; those of nobody's voice tell nothing.
        companies: Names of the company, as people say them.

    Returns:
        One per voice; none where voices were not distinguished.
    """
    voices = sorted({turn.voice for turn in turns if turn.voice is not None})
    if len(voices) < 2:
        return []
    channel = next(turn.channel for turn in turns if turn.voice is not None)
    of_voice = [
        turn.model_copy(update={"channel": voices.index(turn.voice)})
        for turn in turns
        if turn.voice is not None
    ]
    found = roles_by_content(of_voice, len(voices), companies)
    return [one.model_copy(update={"channel": channel, "voice": voices[one.channel]}) for one in found]


def with_roles(turns: Sequence[Turn], roles_heard: Sequence[SpeakerRole]) -> list[Turn]:
    """The turns with the speakers that their channels tell, or their voices."""
    roles = {(one.channel, one.voice): one.role for one in roles_heard}
    return [
        turn.model_copy(update={"speaker": roles.get((turn.channel, turn.voice), turn.speaker)})
        for turn in turns
    ]


def _role(channel: int, agent: int, channels: int, silent: Sequence[int]) -> ChannelRole:
    if channel == agent:
        return ChannelRole.AGENT
    # Of three and more, nobody says that all the others are customers.
    known = channels == 2 and channel not in silent
    return ChannelRole.CUSTOMER if known else ChannelRole.UNKNOWN


def _judged(
    channel: int, turns: Sequence[Turn], companies: Sequence[str], heard: Heard, channels: int
) -> _Channel:
    said = [plain(turn.text).replace("’", "'") for turn in turns if turn.channel == channel]
    found = _Channel(words=sum(len(text.split()) for text in said))
    for cue, weight, within, pattern in _cues():
        if any(pattern.search(text) for text in said[: within or None]):
            found.add(weight, f"-{cue}" if weight < 0 else cue)
    if any(_names(text, companies) for text in said[:_NAMED_WITHIN]):
        found.add(_NAME_WEIGHT, "names the company")
    if channel in heard.played and len(heard.played) < channels:
        found.add(_PLAYED_WEIGHT, "announcements or music are played on it")
    if channel in heard.keyed and len(heard.keyed) < channels:
        found.add(_KEYED_WEIGHT, "-digits are keyed on it")
    return found


def _names(text: str, companies: Sequence[str]) -> bool:
    """Whether somebody introduces the company, and does not ask whether it is the company."""
    if _ASKED_FOR.search(text):
        return False
    return any(fuzz.partial_ratio(plain(name), text) >= _LIKE for name in companies if len(name) > 3)


@cache
def _cues() -> list[tuple[str, float, int | None, re.Pattern[str]]]:
    listed: list[Mapping[str, Any]] = read_yaml(
        Path(__file__).with_name("cues.yaml").read_text(encoding="utf-8")
    )
    return [(one["cue"], float(one["weight"]), one.get("within"), _any_of(one["phrases"])) for one in listed]


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})")
