"""Text folded for matching, with the way back to what was written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from include.scorecards.digits import plain

QUOTE_CHARS = 300
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


@dataclass(frozen=True)
class Folded:
    """A text in lower case without accents.

    Attributes:
        places: For each character of `text`, where it stands in `original`.
    """

    original: str
    text: str
    places: Sequence[int]

    def quote(self, start: int, end: int) -> str:
        """The original sentences around the folded characters start..end, at most 300 characters."""
        first, last = self.places[start], self.places[max(start, end - 1)] + 1
        ends = [match.end() for match in _SENTENCE_END.finditer(self.original)]
        begin = max((at for at in ends if at <= first), default=0)
        finish = min((at for at in ends if at >= last), default=len(self.original))
        if last - begin > QUOTE_CHARS:
            begin = first
        return clipped_at_word(self.original[begin:finish].strip(), QUOTE_CHARS)


def folded(text: str) -> Folded:
    """Folds a text."""
    chars: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        for bare in plain(char).replace("’", "'"):
            chars.append(bare)
            places.append(at)
    return Folded(text, "".join(chars), places)


def clipped_at_word(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words."""
    return text if len(text) <= limit else text[: limit + 1].rsplit(" ", 1)[0][:limit]
