"""Whether two texts that look alike say the same: only slips of the pen and light words may differ."""

import re
from collections.abc import Iterator, Sequence

from rapidfuzz.distance import OSA, Levenshtein

from include.spoken.meaning import fixed_words, is_opposite, key_words

# One of a group may stand for another; words of several groups say different things ("on", "off").
_INTERCHANGEABLE = [
    frozenset(group.split())
    for group in ("a an the", "in on at", "of off", "el la los las", "un una", "de del", "a al", "le les")
]
# Words that a text may have more or less of and say the same.
_LIGHT = frozenset(
    """
    a an the of to for in at that and so well just okay ok oh ah please sir maam madam
    el la los las un una de del al que y pues bueno senor senora
    uh um er eh uhm erm ehm mm hm like
    """.split()  # noqa: SIM905 - a hundred quoted words would be unreadable
)
_ENDINGS = frozenset({"s", "es", "d", "ed", "ing"})
_INFLECTED_CHARS = 3
# A letter more, less or exchanged makes another word of a short one: "quit", "quiet".
_SLIP_CHARS = 5
_LONG_CHARS = 8
# "Contact" and "contract", "charge" and "change" are a letter apart; these letters only spell otherwise.
_SPELLINGS = [frozenset(pair) for pair in ("sz", "cs", "cz", "iy", "bv", "gj", "ck")]
_VOWELS = frozenset("aeiou")
# What follows the vowel of a Spanish verb that tells who does it, and when: "cobrara", "cobraria".
_VERB_ENDING = re.compile(r"[aeiou]?(?:s|n|mos|ste|is|steis)?")


def says_the_same(quoted: Sequence[str], found: Sequence[str]) -> bool:
    """Whether two texts differ in nothing but slips of the pen, endings and light words.

    Figures, negations, indefinite words, modal verbs and pronouns are the same, in the same order.

    Args:
        quoted: Folded words, as they are compared.
        found: Likewise.
    """
    if key_words(quoted) != key_words(found) or fixed_words(quoted) != fixed_words(found):
        return False
    return all(_may_differ(one, other) for one, other in _differences(quoted, found))


def _differences(quoted: Sequence[str], found: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of words that stand for each other; "" for one that the other text has more."""
    for change in Levenshtein.opcodes(quoted, found):
        ours = quoted[change.src_start : change.src_end]
        theirs = found[change.dest_start : change.dest_end]
        if change.tag == "replace":
            yield from zip(ours, theirs, strict=True)
        elif change.tag != "equal":
            yield from ((one, "") for one in [*ours, *theirs])


def _may_differ(one: str, other: str) -> bool:
    if not other:
        return one in _LIGHT
    if any({one, other} <= group for group in _INTERCHANGEABLE):
        return True
    return not is_opposite(one, other) and (_is_inflected(one, other) or _is_slip(one, other))


def _is_inflected(one: str, other: str) -> bool:
    """Whether one word is the other with an ending: "credit", "credited"."""
    shorter, longer = sorted((one, other), key=len)
    return (
        len(shorter) >= _INFLECTED_CHARS and longer.startswith(shorter) and longer[len(shorter) :] in _ENDINGS
    )


def _is_slip(one: str, other: str) -> bool:
    """Whether two words are one, with a typing error in it: "account", "acount"."""
    short = min(len(one), len(other))
    if short < _SLIP_CHARS or one[0] != other[0] or OSA.distance(one, other) != 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), short)
    if len(one) == len(other):
        return one[start + 1 :] != other[start + 1 :] or _is_spelling(one, start, other[start])
    longer = max(one, other, key=len)
    letter = longer[start]
    if letter in (longer[start - 1], longer[start + 1 : start + 2]):
        return True  # a double letter
    return not _tells_a_form(longer, start, letter) and (letter in _VOWELS or short >= _LONG_CHARS)


def _is_spelling(word: str, at: int, other: str) -> bool:
    """Whether another letter at this place is a way to write the same word."""
    if frozenset((word[at], other)) in _SPELLINGS:
        return True
    vowels = {word[at], other} <= _VOWELS
    return (vowels or len(word) >= _LONG_CHARS) and not _tells_a_form(word, at, word[at])


def _tells_a_form(word: str, at: int, letter: str) -> bool:
    """Whether a vowel stands where a verb tells who does it, and when."""
    return letter in _VOWELS and _VERB_ENDING.fullmatch(word, at + 1) is not None
