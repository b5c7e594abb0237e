"""Voice activity while something known plays: more sensitive than elsewhere, for what it misses is cut."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import BLOCK_S, Recording, sample_of
from include.gpu_host.audio.speech import FRAME_MS, FRAME_SAMPLES, speech_probabilities

_SPEECH_ABOVE = 0.3
_JOIN_MS = 300
_MARGIN_MS = 100
_SHORTEST_MS = 64
# People behind the line, and what a codec leaves of a prompt, sound like speech too. In 48 composed calls
# whose talk-over is 3 dB more or less than the conversation, it was 12 dB and more above the quiet fifth of
# the conversation and at most 9 dB below its loud tenth; what was taken for speech and was none lay 25 to
# 32 dB below the loud tenth, or (people in the background) 0 dB above the quiet fifth.
_ABOVE_QUIET = 10 ** (6 / 10)
# Where the noise is as loud as the speech, that would be too much to ask.
_BELOW_LOUD = 10 ** (-10 / 10)
_TRACE = 10 ** (-22 / 10)
_QUIET_PERCENT, _LOUD_PERCENT = 20, 90
# Less of a conversation does not tell how loud it is.
_ENOUGH_MS = 3000


def least_power(recording: Recording, channel: int, beside: Sequence[Span]) -> float:
    """Mean square of the samples that somebody who speaks over known audio has at least.

    Args:
        recording: What is listened to.
        channel: Which channel of it.
        beside: Where nothing known plays.

    Returns:
        0 where too little of it is left to tell.
    """
    if timeline.total_ms(beside) < _ENOUGH_MS:
        return 0.0
    powers = np.concatenate([part for span in beside for part in _powers(recording, channel, span)])
    quiet, loud = np.percentile(powers, [_QUIET_PERCENT, _LOUD_PERCENT])
    return float(max(loud * _TRACE, min(quiet * _ABOVE_QUIET, loud * _BELOW_LOUD)))


def speech_over(
    recording: Recording, channel: int, around: Span, surely_above: float, least: float = 0.0
) -> list[Span]:
    """Speech of one channel within a span, in order, disjoint.

    Args:
        recording: What is listened to.
        channel: Which channel of it.
        around: The network begins anew here.
        surely_above: A stretch must be this likely somewhere.
        least: And have this mean square.
    """
    likely = speech_probabilities(recording, channel, around)
    stretches = timeline.joined(timeline.runs(likely > _SPEECH_ABOVE, FRAME_MS), _JOIN_MS)
    sure = [
        Span(start_ms=stretch.start_ms + around.start_ms, end_ms=stretch.end_ms + around.start_ms)
        for stretch in stretches
        if timeline.length_ms(stretch) >= _SHORTEST_MS
        and likely[stretch.start_ms // FRAME_MS : stretch.end_ms // FRAME_MS].max() > surely_above
    ]
    wide = timeline.within(timeline.widened(sure, _MARGIN_MS, around.end_ms), [around])
    return [span for span in wide if _mean_square(recording, channel, span) >= least]


def _powers(recording: Recording, channel: int, span: Span) -> Iterator[NDArray[np.float32]]:
    """Mean squares of frames, block by block."""
    end = sample_of(span.end_ms)
    length = round(BLOCK_S * 1000) // FRAME_MS * FRAME_SAMPLES
    for start in range(sample_of(span.start_ms), end, length):
        samples = recording.samples(channel, start, min(end, start + length))
        frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        yield np.mean(np.square(frames), axis=1)


def _mean_square(recording: Recording, channel: int, span: Span) -> float:
    return float(np.mean(np.square(recording.heard(channel, [span]))))
