"""English contractions in full: "won't" and "will not" say the same."""

from collections.abc import Sequence
from typing import NamedTuple

_AUXILIARIES = """
    do does did could would should is are was were has have had must need might
""".split()  # noqa: SIM905 - a list of words
_NOT = {
    **{f"{verb}n": verb for verb in _AUXILIARIES},
    **{"won": "will", "can": "can", "shan": "shall", "ain": "is"},
}
_IN_ONE = {"cannot": "can", **{f"{start}t": verb for start, verb in _NOT.items()}}
_SUBJECTS = frozenset(
    "i you he she it we they that this there who what where".split()  # noqa: SIM905 - as above
)
_VERBS = {
    "m": ("am", frozenset({"i"})),
    "re": ("are", _SUBJECTS),
    "ll": ("will", _SUBJECTS),
    "ve": ("have", _SUBJECTS | {"would", "could", "should", "might", "must"}),
    "s": ("is", _SUBJECTS | {"here", "how"}),
}


class InFull(NamedTuple):
    """A contraction.

    Attributes:
        words: Its two words in full.
        used: How many words it was parted into at its apostrophe.
    """

    words: tuple[str, str]
    used: int


def in_full(words: Sequence[str], at: int) -> InFull | None:
    """The contraction that begins at a folded word, as in `won t`, `i m`, `cannot`; None for none."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    if word in _IN_ONE:
        return InFull((_IN_ONE[word], "not"), 1)
    if following == "t" and word in _NOT:
        return InFull((_NOT[word], "not"), 2)
    if word == "gonna":
        return InFull(("going", "to"), 1)
    verb, subjects = _VERBS.get(following, ("", frozenset[str]()))
    return InFull((word, verb), 2) if word in subjects else None
