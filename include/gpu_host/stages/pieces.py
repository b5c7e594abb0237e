"""Pieces of speech as a recogniser takes them: up to 30 s of one channel in one language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import LidResult, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import FRAME_MS, FRAME_SAMPLES, speech_probabilities

# Whisper hears 30 s at once.
LONGEST_MS = 30_000
# Speech without a pause is cut after so much at the earliest, where there is least of it.
_CUT_AFTER_MS = 15_000
# A word's own stops are shorter than the frames that are weighed together.
_SMOOTHED_FRAMES = 5
# Where nobody was heard by LID: Whisper's own default.
_LAST_RESORT = "en"


@dataclass(frozen=True)
class Piece:
    """Spans of one channel that are heard one after the other, up to 30 s, in one language."""

    channel: int
    language: str
    spans: list[Span]


def pieces(recording: Recording, channel: int, speech: Sequence[Span], lid: LidResult) -> Iterator[Piece]:
    """Packs the speech of a channel into pieces, in order; what is longer than a piece is cut.

    Args:
        recording: What is heard.
        channel: Which channel of it.
        speech: Its speech with some silence around, in order, disjoint.
        lid: Says which language is spoken when.
    """
    packed: list[Span] = []
    language = ""
    for span in (part for whole in speech for part in _cut(recording, channel, whole)):
        spoken = language_of(lid, channel, span)
        is_full = timeline.total_ms(packed) + timeline.length_ms(span) > LONGEST_MS
        if packed and (is_full or spoken != language):
            yield Piece(channel, language, packed)
            packed = []
        language = spoken
        packed.append(span)
    if packed:
        yield Piece(channel, language, packed)


def language_of(lid: LidResult, channel: int, span: Span) -> str:
    """The language that a span of a channel is heard in: what LID says, else the likeliest."""
    own = [stretch for stretch in lid.spans if stretch.channel == channel]
    if own:
        return min(own, key=lambda stretch: _distance_ms(stretch, span)).language
    likeliest = max(lid.probabilities, key=lid.probabilities.__getitem__, default=_LAST_RESORT)
    return lid.language or likeliest


def _distance_ms(one: Span, other: Span) -> int:
    """Milliseconds from end to start; the more two stretches overlap, the further below 0."""
    return max(one.start_ms, other.start_ms) - min(one.end_ms, other.end_ms)


def _cut(recording: Recording, channel: int, span: Span) -> Iterator[Span]:
    start_ms = span.start_ms
    while span.end_ms - start_ms > LONGEST_MS:
        cut_ms = _quietest_ms(
            recording, channel, Span(start_ms=start_ms + _CUT_AFTER_MS, end_ms=start_ms + LONGEST_MS)
        )
        yield Span(start_ms=start_ms, end_ms=cut_ms)
        start_ms = cut_ms
    yield Span(start_ms=start_ms, end_ms=span.end_ms)


def _quietest_ms(recording: Recording, channel: int, span: Span) -> int:
    """The middle of the frames with the least speech; among them, with the least sound."""
    probability = speech_probabilities(recording, channel, span)
    samples = recording.heard(channel, [span])
    frames = np.pad(samples, (0, len(probability) * FRAME_SAMPLES - len(samples))).reshape(-1, FRAME_SAMPLES)
    loudness = np.sqrt(np.mean(np.square(frames), axis=1))
    weighed = _smoothed(probability) + _smoothed(loudness) / (np.max(loudness) + 1e-9)
    return span.start_ms + int(np.argmin(weighed)) * FRAME_MS + FRAME_MS // 2


def _smoothed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    around = np.pad(values, _SMOOTHED_FRAMES // 2, mode="edge")
    window = np.full(_SMOOTHED_FRAMES, 1 / _SMOOTHED_FRAMES)
    return np.convolve(around, window, mode="valid").astype(np.float32)
