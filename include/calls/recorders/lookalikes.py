"""Recordings that may be two sides of a call under names that the recorder's file does not know.

They are audited as a call each, and told: a number behind a name may as well count calls.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from posixpath import splitext
from typing import NamedTuple

from include.calls.call import Call
from include.calls.files import Some
from include.calls.on_disk import DiskDict, DiskList

_PAIRS = (
    *(
        ("in", "out"),
        ("incoming", "outgoing"),
        ("inbound", "outbound"),
        ("received", "sent"),
        ("recv", "sent"),
    ),
    *(("rx", "tx"), ("r", "t"), ("l", "r"), ("left", "right"), ("local", "remote"), ("near", "far")),
    *(("read", "write"), ("mic", "speaker"), ("mic", "spk"), ("caller", "callee"), ("agent", "customer")),
    *(("0", "1"), ("1", "2"), ("a", "b"), ("ch0", "ch1"), ("ch1", "ch2"), ("leg0", "leg1"), ("leg1", "leg2")),
    *(("lega", "legb"), ("aleg", "bleg"), ("channel0", "channel1"), ("channel1", "channel2")),
    *(("track0", "track1"), ("track1", "track2"), ("side1", "side2"), ("sidea", "sideb")),
)
_WORDS = {word for pair in _PAIRS for word in pair}
_BETWEEN_WORDS = re.compile(r"([_\-. /]+)")
# Both sides of a call are recorded from and to the same moments; two calls are seldom so much alike.
_ALIKE_S = 0.25
_SHARE_IN_PAIRS = 0.5


class _Named(NamedTuple):
    """A recording, and the word of its name that may tell its side."""

    word: str
    path: str
    duration_s: float


def lookalikes(calls: Iterable[Call]) -> Some:
    """The first of each two mono recordings that are named like sides, and equally long.

    By words that nobody knows they count when a good part of the day's mono recordings come in such pairs:
    calls of two agents may chance to be equally long.
    """
    known: DiskList[_Named] = DiskList()
    unknown: DiskList[_Named] = DiskList()
    mono = 0
    for call in calls:
        if call.channels == 1 and call.duration_s and not call.parts:
            mono += 1
            stem, ending = splitext(call.path.casefold())
            words = _BETWEEN_WORDS.split(stem)
            for at, word in enumerate(words):
                if _may_name_a_side(words, at):
                    key = "\0".join((*words[:at], "*", *words[at + 1 :], ending))
                    known.add(key, _Named(word, call.path, call.duration_s))
            if len(words) > 1 and words[-2] != "/" and words[-1].isalpha():
                unknown.add("\0".join((*words[:-1], ending)), _Named(words[-1], call.path, call.duration_s))
    found = DiskDict((first, None) for pair in _pairs(known) if (first := _first_side(*pair)))
    others = DiskDict((first, None) for pair in _pairs(unknown) if (first := _equally_long(*pair)))
    many = 2 * len(others) >= _SHARE_IN_PAIRS * mono
    if many:
        found.add_all(others.items())
    return Some.of(found)


def _pairs(named: DiskList[_Named]) -> Iterator[tuple[_Named, _Named]]:
    """Those of the same key, where they are two."""
    for _, group in groupby(named.pairs(), key=lambda pair: pair[0]):
        some = [one for _, one in islice(group, 3)]
        if len(some) == 2:
            yield some[0], some[1]


def _may_name_a_side(words: list[str], at: int) -> bool:
    """Letters and digits alone do so only at the end of a name; a third one tells that they count calls."""
    if len(words[at]) > 1:
        return words[at] in _WORDS
    return at == len(words) - 1 and at > 0 and words[at - 1] != "/"


def _first_side(one: _Named, other: _Named) -> str | None:
    """The path of the one that is named first; None when they are no two sides."""
    for first, second in ((one, other), (other, one)):
        if (first.word, second.word) in _PAIRS and _equally_long(one, other):
            return first.path
    return None


def _equally_long(one: _Named, other: _Named) -> str | None:
    """The path of the one that comes first in the alphabet; None when they are not."""
    return min(one.path, other.path) if abs(one.duration_s - other.duration_s) <= _ALIKE_S else None
