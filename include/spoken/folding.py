"""Text folded for matching: lower case, without accents, with the way back to what was written."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


def plain(text: str) -> str:
    """Lower case without accents; the same length as `text` only for text without ligatures."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@dataclass(frozen=True)
class Folded:
    """A text in lower case without accents.

    Attributes:
        places: For each character of `text`, where it stands in `original`.
    """

    original: str
    text: str
    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the folded characters start..end stand in the original; end exclusive."""
        return self.places[start], self.places[max(start, end - 1)] + 1


def folded(text: str) -> Folded:
    """Folds a text, apostrophes too."""
    if text.isascii():
        return Folded(text, text.lower(), range(len(text)))
    bare = [_bare(char) for char in text]
    return Folded(text, "".join(bare), [at for at, chars in enumerate(bare) for _ in chars])


@lru_cache(maxsize=4096)
def _bare(char: str) -> str:
    """What one character folds into: none, one or several."""
    return plain(char).replace("’", "'")
