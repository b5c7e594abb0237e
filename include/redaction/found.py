"""What is private in a text: where it stands, and of which type it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

_JOINS = " ,.-"
# What is left of one place stands behind all that were found as they are.
_AFTER_ALL = 1_000_000


@dataclass(frozen=True, order=True)
class Found:
    """Something private in a turn.

    Attributes:
        start: First character.
        end: One past the last.
        kind: Its type, in capitals: `NAME`.
        identity: The same for the same thing said in another way.
    """

    start: int
    end: int
    kind: str = field(compare=False)
    identity: str = field(compare=False)


def disjoint(text: str, found: Iterable[Found]) -> list[Found]:
    """In order of place; of two that overlap the one that begins first, and the rest of the other.

    Of two that begin at one place the longer, of two alike the first given.
    """
    kept: list[Found] = []
    waiting = [(place.start, -place.end, n, place) for n, place in enumerate(found)]
    heapify(waiting)
    while waiting:
        start, _, n, place = heappop(waiting)
        if kept and start < kept[-1].end:
            rest = text[kept[-1].end : place.end]
            start = place.end - len(rest.lstrip(_JOINS))
            if any(char.isalnum() for char in text[start : place.end]):
                heappush(waiting, (start, -place.end, n + _AFTER_ALL, place))
        else:
            kept.append(Found(start, place.end, place.kind, place.identity))
    return kept
