"""Hot words: names and terms given to a recogniser as hints, and what must not come of it.

A model that continues text, as Whisper does, may repeat its hints where it hears little.
"""

import logging
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from threading import Lock

from include.spoken.folding import plain

log = logging.getLogger(__name__)

# Lists whose cutting was logged already: a site's vocabulary comes with every call.
_MOST_REMEMBERED = 1000
_BETWEEN = ", "
_WORD = re.compile(r"[^\W_]+")


class HotWords:
    """What of a vocabulary a model takes, and the words as it takes them.

    Args:
        most: Of `measure`'s units.
        measure: How long a text is to the model.
        name: Of the model, for the log.
    """

    def __init__(self, most: int, measure: Callable[[str], int], name: str) -> None:
        self._most = most
        self._measure = measure
        self._name = name
        self._reported: set[tuple[str, ...]] = set()
        self._lock = Lock()

    def fitting(self, vocabulary: Sequence[str]) -> tuple[str, ...]:
        """The terms that fit, from the first on; what is left out is logged once."""
        taken: list[str] = []
        left: list[str] = []
        for term in dict.fromkeys(vocabulary):
            fits = not left and self._measure(written([*taken, term])) <= self._most
            (taken if fits else left).append(term)
        if left and self._is_new(tuple(left)):
            log.warning(
                "vocabulary: %s takes %d of %d terms; left out: %s. Give it fewer.",
                self._name,
                len(taken),
                len(taken) + len(left),
                _BETWEEN.join(left),
            )
        return tuple(taken)

    def _is_new(self, left: tuple[str, ...]) -> bool:
        with self._lock:
            is_new = left not in self._reported
            if len(self._reported) < _MOST_REMEMBERED:
                self._reported.add(left)
        return is_new


def written(terms: Sequence[str]) -> str:
    """Terms as a model gets them."""
    return _BETWEEN.join(terms)


def is_echo(heard: str, terms: Sequence[str]) -> bool:
    """Whether what was heard may be nothing but an echo of the hints.

    So it may be where nothing else was heard, and where terms follow one another as in the hints.
    """
    said = _words(heard)
    known = [_words(term) for term in terms]
    words = {word for term in known for word in term}
    if said and all(word in words for word in said):
        return True
    pairs = (one + two for one, two in pairwise(known) if one and two)
    return any(_holds(said, pair) for pair in pairs)


def _words(text: str) -> list[str]:
    return _WORD.findall(plain(text))


def _holds(said: list[str], part: list[str]) -> bool:
    return any(said[at : at + len(part)] == part for at in range(len(said) - len(part) + 1))
