"""Recordings that may be two sides of a call under names that the recorder's file does not know.

They are audited as a call each, and told: a number behind a name may as well count calls.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from posixpath import splitext

from include.calls.call import Call

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


def lookalikes(calls: Iterable[Call]) -> list[str]:
    """Paths of the first of each two mono recordings that are named like sides, and equally long.

    By words that nobody knows they count when a good part of the day's mono recordings come in such pairs:
    calls of two agents may chance to be equally long.
    """
    known: dict[tuple[str, ...], list[tuple[str, Call]]] = defaultdict(list)
    unknown: dict[int, list[tuple[str, Call]]] = defaultdict(list)  # by hashes: a large day has many names
    mono = 0
    for call in calls:
        if call.channels == 1 and call.duration_s and not call.parts:
            mono += 1
            stem, ending = splitext(call.path.casefold())
            words = _BETWEEN_WORDS.split(stem)
            for at, word in enumerate(words):
                if _may_name_a_side(words, at):
                    known[*words[:at], "*", *words[at + 1 :], ending].append((word, call))
            if len(words) > 1 and words[-2] != "/" and words[-1].isalpha():
                unknown[hash((*words[:-1], ending))].append((words[-1], call))
    found = {first for group in known.values() if len(group) == 2 and (first := _first_side(*group))}
    others = {first for group in unknown.values() if len(group) == 2 and (first := _equally_long(*group))}
    many = 2 * len(others) >= _SHARE_IN_PAIRS * mono
    return sorted(found | others if many else found)


def _may_name_a_side(words: list[str], at: int) -> bool:
    """Letters and digits alone do so only at the end of a name; a third one tells that they count calls."""
    if len(words[at]) > 1:
        return words[at] in _WORDS
    return at == len(words) - 1 and at > 0 and words[at - 1] != "/"


def _first_side(one: tuple[str, Call], other: tuple[str, Call]) -> str | None:
    """The path of the one that is named first; None when they are no two sides."""
    for (word, call), (other_word, _) in ((one, other), (other, one)):
        if (word, other_word) in _PAIRS and _equally_long(one, other):
            return call.path
    return None


def _equally_long(one: tuple[str, Call], other: tuple[str, Call]) -> str | None:
    """The path of the one that comes first in the alphabet; None when they are not."""
    apart_s = abs((one[1].duration_s or 0) - (other[1].duration_s or 0))
    return min(one[1].path, other[1].path) if apart_s <= _ALIKE_S else None
