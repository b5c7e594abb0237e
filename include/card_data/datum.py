"""What is found of card data in a conversation, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.card_data.cues import CODES, Named
from include.card_data.group import Group

CARD, CVV = "CARD", "CVV"
EXPIRY_OR_CODE = CODES | {Named.EXPIRY}
# A group that is said again, or that the other side repeats, up to so many turns around the number.
ECHO_TURNS = 6


@dataclass(frozen=True)
class Piece:
    """A stretch of characters of one turn; `turn` counts from 0."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True)
class CardDatum:
    """A card number or a security code that someone said.

    Attributes:
        kind: `CARD` or `CVV`.
        digits: All of them; for the shortest time only.
        pieces: Where it was said and repeated; several when it goes over several turns.
        certain: Whether nothing speaks against it; else a person decides.
        reason: Why it is taken for card data, and what is missing when it is not certain.
    """

    kind: str
    digits: str
    pieces: tuple[Piece, ...]
    certain: bool = True
    reason: str = ""


def pieces_of(groups: Iterable[Group]) -> tuple[Piece, ...]:
    """The places of groups, in order."""
    places: dict[int, list[tuple[int, int]]] = {}
    for group in sorted(groups, key=lambda one: (one.turn, one.start)):
        places.setdefault(group.turn, []).append((group.start, group.end))
    return tuple(Piece(turn, start, end) for turn, spans in places.items() for start, end in spans)


def all_twice(groups: Sequence[Group]) -> bool:
    """Whether each group is said again right after, as where nobody knows who speaks."""
    pairs = list(zip(groups[::2], groups[1::2], strict=False))
    return len(groups) % 2 == 0 and len(pairs) > 1 and all(one.digits == two.digits for one, two in pairs)
