"""Voice activity while something known plays: more sensitive than elsewhere, for what it misses is cut."""

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import FRAME_MS, speech_probabilities

_SPEECH_ABOVE = 0.3
_JOIN_MS = 300
_MARGIN_MS = 100
_SHORTEST_MS = 64


def speech_over(recording: Recording, channel: int, around: Span, surely_above: float) -> list[Span]:
    """Speech of one channel within a span, in order, disjoint.

    Args:
        recording: What is listened to.
        channel: Which channel of it.
        around: The network begins anew here.
        surely_above: A stretch must be this likely somewhere.
    """
    likely = speech_probabilities(recording, channel, around)
    stretches = timeline.joined(timeline.runs(likely > _SPEECH_ABOVE, FRAME_MS), _JOIN_MS)
    sure = [
        Span(start_ms=stretch.start_ms + around.start_ms, end_ms=stretch.end_ms + around.start_ms)
        for stretch in stretches
        if timeline.length_ms(stretch) >= _SHORTEST_MS
        and likely[stretch.start_ms // FRAME_MS : stretch.end_ms // FRAME_MS].max() > surely_above
    ]
    return timeline.within(timeline.widened(sure, _MARGIN_MS, around.end_ms), [around])
