"""What a number is called by those who ask for it or say it.

The nearest name before a number tells what it is: "your card number?", "the order number is".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from include.card_data import european_names, names
from include.card_data.spoken_digits import SENTENCE_ENDS, sentence_start
from include.spoken.folding import folded, plain


class Named(Enum):
    """What a number is called. Where one name lies in another, the one that stands first here is meant."""

    CODE_OF_CARD = auto()
    CODE_ON_BACK = auto()
    OTHER_CARD = auto()
    CARD_NUMBER = auto()
    EXPIRY = auto()
    OTHER = auto()
    CODE = auto()
    CARD = auto()


CODES = frozenset({Named.CODE_OF_CARD, Named.CODE_ON_BACK, Named.CODE})
OTHERS = frozenset({Named.OTHER, Named.OTHER_CARD})
CARDS = frozenset({Named.CARD, Named.CARD_NUMBER})
# How many digits a card's security code has.
CODE_LENGTHS = (3, 4)


@dataclass(frozen=True)
class Cue:
    """A name of a number, at characters start..end of a turn's text."""

    named: Named
    start: int
    end: int


def _any_of(listed: str) -> re.Pattern[str]:
    lines = sorted(listed.split("\n"), key=len, reverse=True)
    # Each begins with a word: where one ends, none of hundreds is tried.
    return re.compile(rf"\b(?=\w)(?:{'|'.join(filter(None, lines))})\b")


def _listed(name: str) -> re.Pattern[str]:
    """A list of names, in all languages."""
    return _any_of(getattr(names, name) + getattr(european_names, name, ""))


_NAMES = {named: _listed(named.name) for named in Named}
_PAYMENT, _CORRECTION = _listed("PAYMENT"), _listed("CORRECTION")
_NUMBER, _ASKS, _KEYED = _listed("NUMBER"), _listed("ASKS"), _listed("KEYED")
_ALWAYS_NUMBER = _listed("ALWAYS_NUMBER")
_IS = re.compile(rf"\W*(?:(?:{_listed('IS').pattern}|\b[a-z]{{1,2}}\b)\W*)*")
_THE_NUMBER = re.compile(r"\b(?:(?:the|that|its|full|whole) (?:number|digits)|(?:el|su) numero|go ahead)\b")
_NAMES_BEFORE = re.compile(rf",? ?{_listed('NAMES_BEFORE').pattern} ")
_WARNED = re.compile(
    rf"(?:{_listed('WARNING').pattern}"
    rf"|{_listed('DENIAL').pattern}[^.?!;]*{_listed('DONE_WITH_CODES').pattern})[^.?!;]*$"
)
_WARNED_AFTER = re.compile(
    r"[^.?!;]*\b(?:never|nobody|no one|secret|with any(?:one|body)|to yourself|a nadie|nunca|secreto"
    r"|jamais|personne|niemals|niemandem|nessuno|ninguem|никому|никогда)\b"
)
# What joins a number's name to that of the card.
_OF = re.compile(
    r"[ ,]*(?:(?:is|on|of|from|for|at|de|del|en|con|por|para|que (?:hay|aparece|sale|viene)n?) ?)*"
    r"(?: ?(?:the|your|my|that|this|same|back|la|el|su|mi|tu|esa|esta|misma|parte de atras de))* "
)


def cues_in(text: str) -> list[Cue]:
    """The names of numbers in a turn's text, in order; of names that overlap, the most specific."""
    said = folded(text)
    keyed = _KEYED.search(said.text) is not None
    kept: list[tuple[int, int, Named]] = []
    for named, pattern in _NAMES.items():
        for match in pattern.finditer(said.text):
            if not any(match.start() < end and start < match.end() for start, end, _ in kept):
                kept.append((*match.span(), named))
    return [
        Cue(Named.CARD if keyed and named is Named.CARD_NUMBER else named, *said.span(start, end))
        for start, end, named in _whole_names(said.text, sorted(kept, key=lambda one: one[0]))
        if not (named in CODES and (keyed or _is_warning(said.text, start, end)))
    ]


class CuesOfTurns(dict[int, list[Cue]]):
    """By number of a turn, from 0; looked for when they are asked for: most turns have no digits near.

    Args:
        texts: Of all turns.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, turn: int) -> list[Cue]:
        return self.setdefault(turn, cues_in(self._texts[turn]))


def _is_warning(text: str, start: int, end: int) -> bool:
    return bool(_WARNED.search(text[:start]) or _WARNED_AFTER.match(text[end:]))


def _whole_names(text: str, found: list[tuple[int, int, Named]]) -> list[tuple[int, int, Named]]:
    """Joins a number's name with the card it is of: "the security code of your card" is one name."""
    whole: list[tuple[int, int, Named]] = []
    for start, end, named in found:
        if whole and named is Named.CARD and _OF.fullmatch(text[whole[-1][1] : start]):
            first, _, owner = whole.pop()
            of_card = owner in (Named.CODE, Named.CODE_ON_BACK)
            whole.append((first, end, Named.CODE_OF_CARD if of_card else owner))
        else:
            whole.append((start, end, named))
    return whole


def speaks_of_payment(text: str) -> bool:
    """Whether somebody pays, or a payment card is named."""
    return _PAYMENT.search(_NAMES[Named.OTHER_CARD].sub(" ", plain(text))) is not None


def corrects(text: str) -> bool:
    """Whether words between two groups of digits take the first back."""
    return _CORRECTION.search(plain(text)) is not None


def asks(text: str) -> bool:
    """Whether somebody asks for something."""
    return "?" in text or _ASKS.search(plain(text)) is not None


def asks_for_the_number(text: str) -> bool:
    """Whether somebody asks for "the number", without a name."""
    return _THE_NUMBER.search(plain(text)) is not None


def asks_for(text: str, cue: Cue) -> bool:
    """Whether the sentence that names a card asks for it, or a later one for "the number"."""
    end = SENTENCE_ENDS.search(text, cue.end)
    sentence = text[sentence_start(text, cue.start) : end.end() if end else len(text)]
    return asks(sentence) or asks_for_the_number(text[cue.end :])


def names_a_number(text: str, cue: Cue) -> bool:
    """Whether a name says that it is a number's: "order number"."""
    return (
        _NUMBER.match(plain(text[cue.end :]).lstrip()) is not None
        or _NUMBER.search(plain(text[cue.start : cue.end])) is not None
    )


def leads_to(text: str, cue: Cue, start: int) -> bool:
    """Whether nothing but words such as "number is" stands between a name and the digits at a place."""
    return _IS.fullmatch(plain(text[cue.end : start])) is not None


def code_after(text: str, end: int, cues: Iterable[Cue]) -> Named | None:
    """The name of a security code that comes right after digits that end at a place: "123 is the CVV"."""
    for cue in cues:
        if cue.start >= end and cue.named in CODES:
            return cue.named if _NAMES_BEFORE.fullmatch(plain(text[end : cue.start])) else None
    return None
