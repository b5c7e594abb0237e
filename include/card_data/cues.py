"""What a number is called by those who ask for it or say it.

The nearest name before a number tells what it is: "your card number?", "the order number is".
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from include.card_data import names
from include.spoken.folding import folded, plain


class Named(Enum):
    """What a number is called. Where one name lies in another, the one that stands first here is meant."""

    CODE_OF_CARD = auto()
    OTHER_CARD = auto()
    CARD_NUMBER = auto()
    OTHER = auto()
    CODE = auto()
    CARD = auto()


@dataclass(frozen=True)
class Cue:
    """A name of a number, at characters start..end of a turn's text."""

    named: Named
    start: int
    end: int


def _any_of(listed: str) -> re.Pattern[str]:
    lines = sorted(listed.split("\n"), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(filter(None, lines))})\b")


_NAMES = {named: _any_of(getattr(names, named.name)) for named in Named}
_PAYMENT, _CORRECTION = _any_of(names.PAYMENT), _any_of(names.CORRECTION)
_WARNED = re.compile(rf"{_any_of(names.WARNING).pattern}[^.?!]*$")


def cues_in(text: str) -> list[Cue]:
    """The names of numbers in a turn's text, in order; of names that overlap, the most telling."""
    said = folded(text)
    kept: list[tuple[int, int, Named]] = []
    for named, pattern in _NAMES.items():
        for match in pattern.finditer(said.text):
            if not any(match.start() < end and start < match.end() for start, end, _ in kept):
                kept.append((*match.span(), named))
    return [
        Cue(named, *said.span(start, end))
        for start, end, named in sorted(kept, key=lambda one: one[0])
        if not (named in (Named.CODE, Named.CODE_OF_CARD) and _WARNED.search(said.text[:start]))
    ]


def speaks_of_payment(text: str) -> bool:
    """Whether somebody pays, or a payment card is named."""
    return _PAYMENT.search(_NAMES[Named.OTHER_CARD].sub(" ", plain(text))) is not None


def corrects(text: str) -> bool:
    """Whether words between two groups of digits take the first back."""
    return _CORRECTION.search(plain(text)) is not None
