"""Quotes as the endpoint gives them: whole sentences, cut to length."""

import re

from include.spoken.folding import Folded

QUOTE_CHARS = 300
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def quote(line: Folded, start: int, end: int) -> str:
    """The original sentences around the folded characters start..end, at most 300 characters."""
    first, last = line.span(start, end)
    ends = [match.end() for match in _SENTENCE_END.finditer(line.original)]
    begin = max((at for at in ends if at <= first), default=0)
    finish = min((at for at in ends if at >= last), default=len(line.original))
    if last - begin > QUOTE_CHARS:
        begin = first
    return clipped_at_word(line.original[begin:finish].strip(), QUOTE_CHARS)


def clipped_at_word(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words."""
    return text if len(text) <= limit else text[: limit + 1].rsplit(" ", 1)[0][:limit]
