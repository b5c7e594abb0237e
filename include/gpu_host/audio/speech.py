"""Voice activity: where somebody speaks, by the Silero network that ships inside faster-whisper."""

from collections.abc import Iterator, Sequence

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples, sample_of

FRAME_SAMPLES = 512
FRAME_MS = FRAME_SAMPLES * 1000 // SAMPLE_RATE_HZ
_SPEECH_ABOVE = 0.5
# Speech goes on, and has begun, where the network is less sure: soft words between loud ones.
_GOES_ON_ABOVE = 0.25
# Silence shorter than this belongs to the speech around it; soft first and last sounds get a margin.
_JOIN_MS = 300
_MARGIN_MS = 100
# A lone frame above the threshold is a click.
_SHORTEST_MS = 2 * FRAME_MS
# The network keeps a state, and goes deaf by it after minutes of silence or music. Of 31 s of speech on the
# caller's side of 4 calls, through mu-law with noise, it heard 47 % in blocks of 120 s, 70 % of 30 s, 87 % of
# 10 s and 85 % of 5 s. A block begins where the one before ended, and hears its last seconds again.
_BLOCK_FRAMES = 10 * SAMPLE_RATE_HZ // FRAME_SAMPLES
_RUN_IN_FRAMES = 2 * SAMPLE_RATE_HZ // FRAME_SAMPLES
# A word that begins with the recording is missed without some silence before it.
_LEAD_FRAMES = 16


def speech_probabilities(recording: Recording, channel: int, span: Span | None = None) -> NDArray[np.float32]:
    """How likely each frame of `FRAME_MS` in a span of one channel is speech; shape (frames,).

    The network starts afresh at the beginning of the span: music before it, say, does not count.
    """
    # The recording's end in ms may lie before its last sample.
    first, end = (sample_of(span.start_ms), sample_of(span.end_ms)) if span else (0, recording.frames)
    blocks = _blocks(recording, channel, first, min(end, recording.frames))
    return np.concatenate([np.zeros(0, dtype=np.float32), *blocks])


def speech_spans(
    recording: Recording, channel: int, within: Sequence[Span] | None = None, margin_ms: int = _MARGIN_MS
) -> list[Span]:
    """Where one channel holds speech, in ms of the recording, in order, disjoint.

    Args:
        recording: What is listened to.
        channel: Which channel of it.
        within: Spans to listen in, each for itself; None for the whole recording.
        margin_ms: Added to both sides of what was found, within the span that it was found in.
    """
    return [
        span
        for around in ([recording.whole] if within is None else within)
        for span in _speech_within(recording, channel, around, margin_ms)
    ]


def _speech_within(recording: Recording, channel: int, around: Span, margin_ms: int) -> list[Span]:
    likely = speech_probabilities(recording, channel, around)
    sure = [run for run in timeline.runs(likely > _GOES_ON_ABOVE, FRAME_MS) if _is_sure(likely, run)]
    speech = [span for span in timeline.joined(sure, _JOIN_MS) if timeline.length_ms(span) >= _SHORTEST_MS]
    wide = timeline.widened(speech, margin_ms, timeline.length_ms(around))
    return [
        Span(start_ms=span.start_ms + around.start_ms, end_ms=span.end_ms + around.start_ms) for span in wide
    ]


def _is_sure(likely: NDArray[np.float32], run: Span) -> bool:
    return bool(likely[run.start_ms // FRAME_MS : run.end_ms // FRAME_MS].max() > _SPEECH_ABOVE)


def _blocks(recording: Recording, channel: int, first: int, end: int) -> Iterator[NDArray[np.float32]]:
    length, run_in = _BLOCK_FRAMES * FRAME_SAMPLES, _RUN_IN_FRAMES * FRAME_SAMPLES
    for start in range(first, end, length):
        begin = max(first, start - run_in)
        lead = _LEAD_FRAMES if start == first else 0
        samples = np.pad(
            recording.samples(channel, begin, min(start + length, end)), (lead * FRAME_SAMPLES, 0)
        )
        yield _probabilities(samples)[lead + (start - begin) // FRAME_SAMPLES :]


def _probabilities(samples: Samples) -> NDArray[np.float32]:
    """The last frame is padded."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    return np.asarray(get_vad_model()(padded), dtype=np.float32).reshape(-1)
