"""Patterns of phrases that are written one below the other, English and Spanish, for folded text."""

import re

_JOIN = r"[\s,.:¡¿\"“«…-]*"
# What a reply may begin with before it says anything.
_OPENINGS = """
    yes|yeah|yep|sure|okay|ok|of course|certainly|well|right|so|oh|um|uh|er|erm|hi|hello|please
    thanks|thank you
    good (?:morning|afternoon|evening)
    it's|it is|its|that's|that is|is|was|it was|that would be|that'd be|it should be|it would be
    i think|i believe|let me (?:see|think)|one (?:moment|second)
    si|claro(?: que si)?|vale|bueno|pues|eh|ah|a ver|mire|mira|hola|buenos dias|buenas tardes
    por supuesto|de acuerdo
    es|era|seria|creo que(?: es)?|un momento|un segundo|gracias
"""


def one_of(phrases: str) -> str:
    """An alternation of the lines of a text, each a pattern."""
    return f"(?:{'|'.join(line.strip() for line in phrases.splitlines() if line.strip())})"


def phrase(phrases: str, after: str = "") -> re.Pattern[str]:
    """Finds one of the phrases as whole words, and what `after` wants to follow."""
    return re.compile(rf"\b{one_of(phrases)}\b{after}")


def lead_in(phrases: str) -> re.Pattern[str]:
    """Matches what stands before the answer in a reply: "yes, sure, it's …", and these phrases."""
    return re.compile(rf"(?:{_JOIN}\b{one_of(_OPENINGS + phrases)}(?![\w'-]))*{_JOIN}")
