"""Whether a quote's figures and modal verbs are those that were said, where folding makes them one.

"1.5" is not "15", "€19" is no "$19", and "ich könnte" is not "ich konnte".
"""

import re
import unicodedata

from include.scorecards.matching import Place, quoted

_IN_WORDS = {"$": "dollars", "€": "euros", "£": "pounds", "%": "percent"}
_BEFORE = re.compile(r"([$€£])\s?(\d+(?:[.,]\d+)*)")
_AFTER = re.compile(r"(?<=\d)\s?([$€£%])")
_CURRENCY = re.compile(r"[$€£]")
# German verbs that tell by their umlaut whether something is, or would be.
_WOULD = re.compile(
    r"\b(?:k[oö]nnt|w[uü]rd|m[oö]cht|m[uü]sst|d[uü]rft|h[aä]tt|w[aä]r|k[aä]m|g[aä]b|br[aä]cht)e(?:n|st|t)?\b",
    re.IGNORECASE,
)


def in_words(quote: str) -> str:
    """A quote with words for its signs: `$15` is `15 dollars`."""
    turned = _BEFORE.sub(lambda found: f"{found[2]} {_IN_WORDS[found[1]]}", quote)
    return _AFTER.sub(lambda found: f" {_IN_WORDS[found[1]]}", turned)


def are_other(quote: str, place: Place) -> bool:
    """Whether a quote writes other figures than its place, though the digits are the same."""
    ours = [one.joint for one in quoted(quote) if one.text.isdecimal()]
    theirs = [token.joint for token in place if token.text.isdecimal()]
    pairs = zip(ours, theirs, strict=True) if len(ours) == len(theirs) else ()
    return (
        any({".", "+"} == set(pair) for pair in pairs)
        or _in_another_currency(quote, place)
        or _in_another_mood(quote, place)
    )


def _in_another_mood(quote: str, place: Place) -> bool:
    """Whether a quote has a German modal verb with or without its umlaut, and nobody says that one."""
    said = " ".join(dict.fromkeys(token.turn.text for token in place)).casefold()
    theirs = {verb.casefold() for verb in _WOULD.findall(unicodedata.normalize("NFC", said))}
    ours = {verb.casefold() for verb in _WOULD.findall(unicodedata.normalize("NFC", quote))}
    return bool(theirs) and not theirs.issuperset(ours)


def _in_another_currency(quote: str, place: Place) -> bool:
    """Whether both write a sign, and not the same: where nobody says which, none contradicts."""
    theirs = {sign for token in place for sign in _CURRENCY.findall(token.turn.text)}
    return bool(theirs) and not theirs.issuperset(_CURRENCY.findall(quote))
