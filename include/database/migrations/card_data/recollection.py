"""What a call's transcript held before it was masked, to be found again in texts that quote it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from include.calls.transcript import Turn
from include.card_data.masking import Hiding, hidden, masked_text, masked_turns
from include.card_data.masks import MASK
from include.spoken.folding import folded, plain
from include.spoken.numbers import digit_runs

# Fewer digits of a number are met in other numbers too.
_TELLING_DIGITS = 6
# An amount, or the id of a turn.
_OTHER_BEFORE = re.compile(r"\w$|[$€£]\s*$")
# A shorter quote may stand anywhere; such a one is compared with what was masked.
_QUOTE_CHARS = 10


@dataclass(frozen=True)
class _Piece:
    """Words that were masked: `said` folded, without punctuation."""

    said: str
    digits: str
    mask: str

    @property
    def last_digits(self) -> bool:
        """Whether it says no more than its mask does."""
        return self.mask.endswith(f" {self.digits}]")


class Recollection:
    """The masked pieces of one call; of a call without any it masks only what is certainly card data.

    Args:
        turns: Of the transcript as it was stored.

    Attributes:
        turns: The same, masked.
        masks_anything: Whether they differ; also where only words, or marks, do.
    """

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self.turns = masked_turns(turns)
        self.masks_anything = self.turns != list(turns)
        self._places = [
            (before.text, _places(before.text, after.text))
            for before, after in zip(turns, self.turns, strict=True)
            if before.text != after.text
        ]
        pieces = [_piece(text, place) for text, places in self._places for place in places]
        self._pieces = sorted(pieces, key=lambda piece: -len(piece.said))
        # A number in pieces: what the model wrote in one go.
        self._numbers: dict[str, str] = {}
        for piece in pieces:
            self._numbers[piece.mask] = self._numbers.get(piece.mask, "") + piece.digits
        self._exact = {piece.digits: piece.mask for piece in pieces if not piece.last_digits}

    @property
    def empty(self) -> bool:
        """Whether nothing was masked in the turns' texts: there is nothing to be found again."""
        return not self._pieces

    def value(self, value: Any) -> Any:
        """A JSON value with all its texts masked; names stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        return value

    def text(self, text: str) -> str:
        """A text without card data of this call, however it is quoted."""
        if self.empty:
            return masked_text(text)
        told = self._cut_out(text) or text
        while (recalled := self._between_masks(told)) != told:
            told = recalled
        return masked_text(told)

    def _cut_out(self, text: str) -> str | None:
        """A text that stands in a masked turn letter by letter, masked at the same places."""
        for said, places in self._places if len(text) >= _QUOTE_CHARS else ():
            start = said.find(text)
            inside = [place for place in places if place.end > start and place.start < start + len(text)]
            if start >= 0 and inside:
                return hidden(
                    text,
                    [Hiding(max(0, p.start - start), min(len(text), p.end - start), p.mask) for p in inside],
                )
        return None

    def _between_masks(self, text: str) -> str:
        parts, at = [], 0
        for mask in MASK.finditer(text):
            parts += [self._recalled(text[at : mask.start()]), mask.group()]
            at = mask.end()
        return "".join([*parts, self._recalled(text[at:])])

    def _recalled(self, text: str) -> str:
        for piece in self._pieces:
            if _words(text) == piece.said:
                return piece.mask
            if not piece.last_digits and (without := _without_words(text, piece)) != text:
                return without  # masks are not to be looked into: the rest is looked at again
        return hidden(text, self._runs(text))

    def _runs(self, text: str) -> list[Hiding]:
        """Digits, however they are written, that go along one of the numbers far enough."""
        found: list[Hiding] = []
        for run in digit_runs(text):
            if run.digits in self._exact and not _OTHER_BEFORE.search(text[: run.start]):
                found.append(Hiding(run.start, run.end, self._exact[run.digits]))
                continue
            told = ((mask, _longest_common(run.digits, number)) for mask, number in self._numbers.items())
            place = next(((mask, *at) for mask, at in told if at is not None), None)
            if place is not None:
                mask, first, last = place
                found.append(Hiding(run.places[first][0], run.places[last - 1][1], mask))
        return found


def _places(before: str, after: str) -> list[Hiding]:
    """What the masks of a text took the place of."""
    kept, masks = MASK.split(after)[::2], [mask.group() for mask in MASK.finditer(after)]
    match = re.fullmatch("(.+?)".join(map(re.escape, kept)), before, re.DOTALL)
    assert match, "masking changes nothing beside the masks"
    spans = [match.span(n) for n in range(1, len(masks) + 1)]
    return [
        Hiding(start, end, mask)
        for (start, end), mask in zip(spans, masks, strict=True)
        if before[start:end] != mask  # it was masked before
    ]


def _piece(text: str, place: Hiding) -> _Piece:
    said = text[place.start : place.end]
    return _Piece(_words(said), "".join(run.digits for run in digit_runs(said)), place.mask)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", plain(text)))


def _without_words(text: str, piece: _Piece) -> str:
    """The text with a mask wherever the words of a piece stand, unless they are an amount or a time."""
    seen = folded(text)
    words = r"\W+".join(map(re.escape, piece.said.split()))
    places = re.finditer(rf"(?<![\w$€£])(?<!\d[.,:]){words}(?!\w|[.,:]\d|\s*[%€£])", seen.text)
    return hidden(text, [Hiding(*seen.span(place.start(), place.end()), piece.mask) for place in places])


def _longest_common(digits: str, number: str) -> tuple[int, int] | None:
    """The longest stretch of `digits` that is part of `number`, if it tells it."""
    stretches: Iterable[tuple[int, int]] = (
        (first, first + length)
        for length in range(min(len(digits), len(number)), _TELLING_DIGITS - 1, -1)
        for first in range(len(digits) - length + 1)
        if digits[first : first + length] in number
    )
    return next(iter(stretches), None)
