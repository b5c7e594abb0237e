"""Where in a transcript it was said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from include.calls.transcript import Turn
from include.search.language import LONGEST_WORD_CHARS, Clause, Term
from include.spoken.folding import plain
from include.spoken.words import bare_words

_MOST = 3
# Characters kept before and after what was found.
_AROUND = 60

Span = tuple[int, int]


@dataclass(frozen=True)
class Snippet:
    """A turn, cut around what was found in it.

    Attributes:
        start_ms: Where the found words begin in the original recording, or the turn where that is unknown.
        parts: The text in pieces, each with whether it is what was sought.
    """

    turn_id: str
    speaker: str
    start_ms: int
    parts: tuple[tuple[str, bool], ...]


def snippets(transcript: Mapping[str, Any], clauses: Sequence[Clause]) -> tuple[Snippet, ...]:
    """The first turns in which something sought was said, in order of time.

    Args:
        transcript: As it is stored: to read all turns of a page's calls with all their words takes longer
            than everything else about the page.
        clauses: What was sought.
    """
    terms = [term for clause in clauses if not clause.negated for term in clause.terms]
    likely = (turn for turn in transcript["turns"] if _may_say(turn["text"], terms))
    found = ((turn, _spans(turn, terms)) for turn in map(Turn.model_validate, likely))
    said = (_snippet(turn, spans) for turn, spans in found if spans)
    return tuple(islice(said, _MOST))


def _may_say(text: str, terms: Sequence[Term]) -> bool:
    """Whether all words of a term stand somewhere in a text, and be it inside others."""
    whole = plain(text)
    return any(all(word in whole for word in term.words) for term in terms)


def _spans(turn: Turn, terms: Sequence[Term]) -> list[Span]:
    """Where in the turn's text the terms stand; in order, apart from each other."""
    words = [(word[:LONGEST_WORD_CHARS], start, end) for word, start, end in bare_words(turn.text)]
    wanted = [term for term in terms if term.speaker in (None, turn.label)]
    spans = sorted(span for term in wanted for span in _places(words, term))
    apart: list[Span] = []
    for start, end in spans:
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _places(words: Sequence[tuple[str, int, int]], term: Term) -> Iterator[Span]:
    length = len(term.words)
    for at in range(len(words) - length + 1):
        here = tuple(word for word, _, _ in words[at : at + length])
        last = here[-1].startswith(term.words[-1]) if term.is_prefix else here[-1] == term.words[-1]
        if last and here[:-1] == term.words[:-1]:
            yield words[at][1], words[at + length - 1][2]


def _snippet(turn: Turn, spans: Sequence[Span]) -> Snippet:
    first, last = max(0, spans[0][0] - _AROUND), min(len(turn.text), spans[0][1] + _AROUND)
    parts: list[tuple[str, bool]] = [("…", False)] if first else []
    at = first
    for start, end in spans:
        if start >= last:
            break
        parts += [(turn.text[at:start], False), (turn.text[start:end], True)]
        at = end
    parts += [(turn.text[at:last], False), ("…" if last < len(turn.text) else "", False)]
    return Snippet(turn.id, turn.label, _begins(turn, spans[0]), tuple(p for p in parts if p[0]))


def _begins(turn: Turn, span: Span) -> int:
    """The words of a turn, parted by spaces, are its text: the found one is as far behind."""
    before = len(turn.text[: span[0]].split())
    is_inside = span[0] > 0 and not turn.text[span[0] - 1].isspace()
    at = before - 1 if is_inside else before
    return turn.words[at].start_ms if 0 <= at < len(turn.words) else turn.start_ms
