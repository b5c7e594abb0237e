"""What a server answers in OpenAI's `verbose_json`, and the words in it.

The contract has words without punctuation and without a confidence, and segments with both; servers leave out
one or the other, or add a probability to each word.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from include.calls.transcript import Word

# Whisper's own rule for a segment of nothing (openai/whisper, transcribe.py).
_NO_SPEECH_ABOVE, _UNSURE_BELOW = 0.6, -1.0
# Written without blanks between the words.
_UNSPACED = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})


class UntoldConfidence(ValueError):
    """The server does not say how sure it is of anything."""


class _Said(BaseModel):
    # What somebody said does not belong into the text of an error.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class AnsweredWord(_Said):
    """A word, times in seconds; a text may begin with a blank."""

    word: str
    start: float
    end: float
    probability: float | None = Field(
        default=None, validation_alias=AliasChoices("probability", "confidence", "score")
    )


class AnsweredSegment(_Said):
    """Some words, times in seconds."""

    text: str = ""
    start: float = 0.0
    end: float = 0.0
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    words: list[AnsweredWord] | None = None

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks in it, as far as is told."""
        unsure = self.avg_logprob is not None and self.avg_logprob < _UNSURE_BELOW
        return not (unsure and (self.no_speech_prob or 0.0) > _NO_SPEECH_ABOVE)


class TranscriptionAnswer(_Said):
    """The body of a transcription's answer."""

    text: str
    words: list[AnsweredWord] | None = None
    segments: list[AnsweredSegment] | None = None

    @property
    def timed(self) -> list[AnsweredWord]:
        """Words with times, of the answer or of its segments."""
        return self.words or [word for segment in self.segments or [] for word in segment.words or []]


class _Timed(NamedTuple):
    text: str
    start_s: float
    end_s: float
    probability: float | None


def heard_words(answer: TranscriptionAnswer, language: str, length_ms: int) -> list[Word]:
    """The words of a piece.

    Where words have no times they are spread over their segment by their length: a stage puts them where
    somebody speaks. Where words have no confidence it is that of their segment.

    Args:
        answer: Of the server.
        language: ISO 639-1 code that it was asked in.
        length_ms: Of the piece; no word goes beyond it.

    Raises:
        UntoldConfidence: There are words, and nothing tells how sure they are.
    """
    segments = answer.segments or []
    timed = answer.timed
    words = list(_written(timed, answer.text)) if timed else list(_spread(segments, language))
    if answer.text.strip() and not words and (not segments or any(one.is_speech for one in segments)):
        raise UntoldConfidence("answers a text without words or segments: it has to know verbose_json")
    return [_word(one, segments, length_ms) for one in words if _is_spoken(one, segments)]


def _spread(segments: Sequence[AnsweredSegment], language: str) -> Iterator[_Timed]:
    """The words of each segment, each as long as it is written."""
    for segment in segments:
        text = segment.text.strip()
        words = list(text) if language in _UNSPACED else text.split()
        total = sum(map(len, words))
        edges = [segment.start + (segment.end - segment.start) * n / (total or 1) for n in _edges(words)]
        for n, word in enumerate(words):
            blank = "" if n and language in _UNSPACED else " "
            yield _Timed(blank + word, edges[n], edges[n + 1], None)


def _edges(words: Sequence[str]) -> list[int]:
    return list(accumulate(map(len, words), initial=0))


def _written(words: Sequence[AnsweredWord], text: str) -> Iterator[_Timed]:
    """Words as the text has them, with its punctuation and blanks; as they are, where the text has others."""
    places: list[tuple[int, int]] = []
    at = 0
    for word in words:
        found = text.find(word.word.strip(), at)
        if found < 0:
            places = []
            break
        at = found + len(word.word.strip())
        places.append((found, at))
    for n, word in enumerate(words):
        written = _with_punctuation(text, places, n) if places else f" {word.word.strip()}"
        yield _Timed(written, word.start, word.end, word.probability)


def _with_punctuation(text: str, places: Sequence[tuple[int, int]], n: int) -> str:
    """What stands before a word up to the blank belongs to it, and what stands behind it up to the next."""
    start, end = places[n]
    before = text[places[n - 1][1] : start] if n else text[:start]
    after = text[end : places[n + 1][0]] if n + 1 < len(places) else text[end:]
    is_apart = n == 0 or any(map(str.isspace, before))
    opening = before.split()[-1] if is_apart and before and not before[-1].isspace() else ""
    closing = after.split()[0] if after.strip() and not after[0].isspace() else ""
    return (" " if is_apart else "") + opening + text[start:end] + closing


def _is_spoken(word: _Timed, segments: Sequence[AnsweredSegment]) -> bool:
    segment = _segment_of(word, segments)
    return segment is None or segment.is_speech


def _word(word: _Timed, segments: Sequence[AnsweredSegment], length_ms: int) -> Word:
    start_ms = min(max(0, round(word.start_s * 1000)), length_ms)
    end_ms = min(max(start_ms, round(word.end_s * 1000)), length_ms)
    confidence = round(min(max(_probability(word, segments), 0.0), 1.0), 3)
    return Word(text=word.text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)


def _probability(word: _Timed, segments: Sequence[AnsweredSegment]) -> float:
    if word.probability is not None:
        return word.probability
    segment = _segment_of(word, segments)
    if segment is None or segment.avg_logprob is None:
        raise UntoldConfidence(
            "tells neither a probability of words nor the avg_logprob of segments, so that nobody could tell "
            "what was badly heard: use a server that does"
        )
    return math.exp(min(segment.avg_logprob, 0.0))


def _segment_of(word: _Timed, segments: Sequence[AnsweredSegment]) -> AnsweredSegment | None:
    """The one that the middle of a word lies in, or the nearest."""
    middle_s = (word.start_s + word.end_s) / 2
    return min(segments, key=lambda one: max(one.start - middle_s, middle_s - one.end, 0.0), default=None)
