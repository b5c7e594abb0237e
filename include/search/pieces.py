"""What is indexed of a transcript: each speaker's words, in pieces."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from include.calls.transcript import Transcript
from include.search.language import LONGEST_WORD_CHARS
from include.spoken.words import bare_words

# A tsvector keeps at most 255 places of a word and 16,383 in all: what lies behind them is in no phrase.
PIECE_WORDS = 250
# Stands between two turns, so that no phrase reaches from one into the next. Nobody says it.
TURN_ENDS = "qturnendsq"


@dataclass(frozen=True)
class Piece:
    """Folded words of one speaker, parted by spaces; `TURN_ENDS` between two turns."""

    speaker: str
    words: str


def pieces_of(transcript: Transcript) -> list[Piece]:
    """The words of each speaker; a turn is cut only where it is longer than a piece."""
    said: dict[str, list[list[str]]] = defaultdict(list)
    for turn in transcript.turns:
        words = [word[:LONGEST_WORD_CHARS] for word, _, _ in bare_words(turn.text)]
        said[turn.label] += [words[at : at + PIECE_WORDS] for at in range(0, len(words), PIECE_WORDS)]
    return [Piece(speaker, words) for speaker, turns in said.items() for words in _packed(turns)]


def _packed(turns: list[list[str]]) -> Iterator[str]:
    """Fills pieces with whole turns."""
    piece: list[str] = []
    for words in turns:
        if piece and len(piece) + 1 + len(words) > PIECE_WORDS:
            yield " ".join(piece)
            piece = []
        piece += [TURN_ENDS, *words] if piece else words
    if piece:
        yield " ".join(piece)
