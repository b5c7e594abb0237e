"""Words where music begins: its first sounds pass for speech, and a recogniser opens a sentence with them.

What it writes then is a word or two after a pause, the sentence breaks off, and the music goes on. A person
who is put on hold in the middle of a sentence looks the same, and seldom is: such words are no evidence.
"""

from collections.abc import Iterable, Sequence

from include.gpu.wire import Segment, SegmentKind
from include.gpu_host.stages.turns import SENTENCE_ENDS, HeardWord

_NO_SPEECH = (SegmentKind.HOLD_MUSIC, SegmentKind.UNKNOWN_AUDIO)
_MOST_WORDS = 2
_PAUSE_MS = 500
# Music is found up to so much after its beginning, or a word is timed so far before it.
_NEAR_MS = 500


def at_music(heard: Sequence[HeardWord], channel: int, segments: Iterable[Segment]) -> list[HeardWord]:
    """Marks the words of a channel that are the beginning of a sentence where music begins.

    Args:
        heard: In order of time; each text with the space that it begins with.
        channel: Their channel.
        segments: Of the IVR stage.
    """
    begins = [s.start_ms for s in segments if s.kind in _NO_SPEECH and s.channel in (channel, None)]
    marked = list(heard)
    for begin_ms in begins:
        for n in _opening(heard, begin_ms):
            marked[n] = heard[n]._replace(is_at_music=True)
    return marked


def _opening(heard: Sequence[HeardWord], begin_ms: int) -> range:
    """Indices of the last words before music, where they open a sentence that does not go on."""
    end = sum(one.word.start_ms < begin_ms for one in heard)
    first = end
    while first and end - first <= _MOST_WORDS:
        first -= 1
        before_ms = heard[first - 1].word.end_ms if first else -_PAUSE_MS
        if heard[first].word.start_ms - before_ms >= _PAUSE_MS:
            break
    words = heard[first:end]
    breaks_off = 0 < len(words) <= _MOST_WORDS and not words[-1].word.text.endswith(SENTENCE_ENDS)
    is_near = breaks_off and begin_ms - words[-1].word.end_ms <= _NEAR_MS
    return range(first, end) if is_near else range(0)
