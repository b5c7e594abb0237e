"""What is private in a text: where it stands, and of which type it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field


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
    for place in sorted(found, key=lambda place: (place.start, -place.end)):
        at = max(place.start, kept[-1].end) if kept else place.start
        rest = text[at : place.end]
        at += len(rest) - len(rest.lstrip(" ,.-"))
        if any(char.isalnum() for char in text[at : place.end]):
            kept.append(Found(at, place.end, place.kind, place.identity))
    return kept
