"""Voice activity: where somebody speaks, by the Silero network that ships inside faster-whisper."""

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host import timeline
from include.gpu_host.audio import SAMPLE_RATE_HZ, Samples

FRAME_SAMPLES = 512
FRAME_MS = FRAME_SAMPLES * 1000 // SAMPLE_RATE_HZ
_SPEECH_ABOVE = 0.5
# Silence shorter than this belongs to the speech around it; soft first and last sounds get a margin.
_JOIN_MS = 300
_MARGIN_MS = 100
# A lone frame above the threshold is a click.
_SHORTEST_MS = 2 * FRAME_MS


def speech_probabilities(samples: Samples) -> NDArray[np.float32]:
    """How likely each 32 ms frame of one 16 kHz channel is speech; shape (frames,), the last one padded."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    if not len(padded):
        return np.zeros(0, dtype=np.float32)
    return np.asarray(get_vad_model()(padded), dtype=np.float32).reshape(-1)


def speech_spans(samples: Samples) -> list[Span]:
    """Where one 16 kHz channel holds speech, in ms of that channel, in order, disjoint."""
    frames = timeline.runs(speech_probabilities(samples) > _SPEECH_ABOVE, FRAME_MS)
    speech = [span for span in timeline.joined(frames, _JOIN_MS) if timeline.length_ms(span) >= _SHORTEST_MS]
    duration_ms = len(samples) * 1000 // SAMPLE_RATE_HZ
    return timeline.widened(speech, _MARGIN_MS, duration_ms)
