"""A text whose numbers are marked, so that one pattern reads `9:00`, `nine o'clock` and `las nueve`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.spoken.folding import plain
from include.spoken.numbers import Number, numbers_in

# Stands for a number; a `#` that was written becomes a space.
MARK = "#"


@dataclass(frozen=True)
class Marked:
    """A text folded, each of its numbers one `#`: `from the #th of march, # euros`.

    Attributes:
        text: Lower case, without accents.
        spans: For each character of `text`, start and end of what it stands for in the original.
        numbers: The number of each mark, by the mark's place in `text`.
    """

    text: str
    spans: Sequence[tuple[int, int]]
    numbers: Mapping[int, Number]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters start..end stand in the original; end exclusive."""
        return self.spans[start][0], self.spans[end - 1][1]

    def numbers_of(self, match: re.Match[str], group: str | int = 0) -> list[Number]:
        """The numbers that a match of a pattern on `text` holds, in order."""
        start, end = match.span(group)
        return [self.numbers[at] for at in range(start, end) if at in self.numbers]


def marked(text: str) -> Marked:
    """Marks the numbers of a text, in figures and in words, English and Spanish."""
    chars: list[str] = []
    spans: list[tuple[int, int]] = []
    numbers: dict[int, Number] = {}
    at = 0
    for number in [*numbers_in(text), None]:
        until = number.start if number else len(text)
        for place in range(at, until):
            for bare in plain(text[place]).replace("’", "'").replace(MARK, " "):
                chars.append(bare)
                spans.append((place, place + 1))
        if number:
            numbers[len(chars)] = number
            chars.append(MARK)
            spans.append((number.start, number.end))
            at = number.end
    return Marked("".join(chars), spans, numbers)
