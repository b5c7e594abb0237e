"""Digits that somebody says in one go."""

from dataclasses import dataclass

from include.card_data.cues import Named


@dataclass(frozen=True)
class Group:
    """Digits that somebody says in one go.

    Attributes:
        turn: 0-based number of the turn.
        places: For each digit the (start, end) of the characters that say it.
        named: What it is called by the nearest name before it; None when nobody names it.
        turns_since: How many turns before it the name stands.
        corrects: Whether words right before it take back what was said.
    """

    turn: int
    digits: str
    places: tuple[tuple[int, int], ...]
    named: Named | None
    turns_since: int = 0
    corrects: bool = False

    @property
    def start(self) -> int:
        """Position of the first character."""
        return self.places[0][0]

    @property
    def end(self) -> int:
        """Position after the last character."""
        return self.places[-1][1]
