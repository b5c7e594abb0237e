"""Finds what is said to the model that reads the transcript, and not to the other side of the line.

Wording only, English and Spanish, and the plainest of French, German, Italian, Portuguese, Dutch and Russian:
it finds plain attempts, and what it misses still meets checked evidence, rules and metrics. A find sends a
call to a person and decides nothing. Only its sentence is suspected, so that an honest notice or greeting in
the same turn stays evidence; only behind markup, and behind what is called the end of the transcript, the
rest of the turn is suspected, too.

Measured on tests/corpora/injection.yaml: it finds 0.6 % of 631 ordinary sentences and 95 % of 371 hostile.
Of 30 plain attempts that were written last, and tried before any wording was added for them, it found 20: new
wording gets through, which is why nothing rests on this alone.
"""

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from include.calls.transcript import Transcript, Turn, Word
from include.card_data.masking import BULLET
from include.injection.wording import Attempt, tried_in
from include.spoken.folding import folded

__all__ = ["Attempt", "SpokenToModel", "spoken_to_model"]

QUOTE_CHARS = 160
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?…])[\"'»”)]*\s+|\s*\n\s*")


class SpokenToModel(BaseModel):
    """A sentence that may be meant for the model; ms of the original recording.

    Attributes:
        start_char: Where the sentence begins in its turn's text.
        end_char: One past its last character; 0 in those stored by versions that did not mark the sentence:
            the whole turn.
        start_ms: When the sentence begins (of those stored before: the turn).
        end_ms: When it ends; 0 in those stored before.
        quote: The sentence; a long one from the words that show the attempt on.
    """

    model_config = ConfigDict(frozen=True)

    turn_id: str
    start_ms: int = Field(ge=0)
    attempt: Attempt
    quote: str
    end_ms: int = Field(default=0, ge=0)
    start_char: int = Field(default=0, ge=0)
    end_char: int = Field(default=0, ge=0)


def spoken_to_model(transcript: Transcript) -> list[SpokenToModel]:
    """The sentences that may be meant for the model, in order; several of a turn are possible."""
    return [found for turn in transcript.turns for found in _in_turn(turn)]


def _in_turn(turn: Turn) -> Iterator[SpokenToModel]:
    for start, end in _sentences(turn.text):
        sentence = folded(turn.text[start:end])
        if tried := tried_in(sentence.text):
            last = len(turn.text.rstrip()) if tried.goes_on else end
            focus = start + sentence.span(tried.at, tried.at + 1)[0]
            yield _spoken(turn, tried.attempt, (start, last), focus)
            if tried.goes_on:
                return


def _spoken(turn: Turn, attempt: Attempt, chars: tuple[int, int], focus: int) -> SpokenToModel:
    start, end = chars
    start_ms, end_ms = _when(turn, start, end)
    first = start if end - start <= QUOTE_CHARS else max(start, min(focus, end - QUOTE_CHARS))
    return SpokenToModel(
        turn_id=turn.id,
        start_ms=start_ms,
        end_ms=end_ms,
        attempt=attempt,
        quote=turn.text[first : min(end, first + QUOTE_CHARS)].strip(),
        start_char=start,
        end_char=end,
    )


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, without the space around it."""
    start = len(text) - len(text.lstrip())
    for between in _BETWEEN_SENTENCES.finditer(text):
        if start < between.start():
            yield start, between.start()
        start = max(start, between.end())
    if start < len(text.rstrip()):
        yield start, len(text.rstrip())


def _when(turn: Turn, start: int, end: int) -> tuple[int, int]:
    """When these characters are said: by word times, or spread over the turn's characters."""
    at, until, inside = 0, 0, list[Word]()
    for word in turn.words:
        # A bullet is no text of the turn: it is said with the mask before it.
        said = word.text.strip().lstrip(BULLET)
        if said:
            at = turn.text.find(said, until)
            until = at + len(said)
        if at < 0:
            inside.clear()
            break
        if start <= at < end:
            inside.append(word)
    if inside:
        return min(word.start_ms for word in inside), max(word.end_ms for word in inside)
    per_char_ms = (turn.end_ms - turn.start_ms) / max(1, len(turn.text))
    return turn.start_ms + round(start * per_char_ms), turn.start_ms + round(end * per_char_ms)
