"""Which of several people on one channel says each word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from include.calls.transcript import Word
from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.engines.protocol import SpeakerEmbedder
from include.gpu_host.speakers.clustering import HOP_MS, STEP_MS, WINDOW_MS, Clusters, Windows, clustered

# Two halves of one person's speech are this much alike (measured: 0.80 to 0.93, where the halves were of any
# size); two people's were at 0.02 to 0.59 on the sample calls, mixed to mono.
ONE_VOICE_ABOVE = 0.85
# In less speech than this, the few windows of one person scatter as those of two do.
LEAST_SPEECH_MS = 15_000
# By how much a word is more like one voice than like the next for a confidence of 0.88.
_SURE_MARGIN = 0.2
_READ_AT_ONCE = 256


@dataclass(frozen=True)
class SpokenBy:
    """Whose a word is: a voice from 1 on, in the order in which they are first heard, and how sure, 0..1."""

    voice: int
    confidence: float


class Voices:
    """Tells voices apart.

    Args:
        embedder: The model behind it.
    """

    def __init__(self, embedder: SpeakerEmbedder) -> None:
        self._embedder = embedder
        self.engine = embedder.engine

    def of_words(
        self, recording: Recording, channel: int, speech: Sequence[Span], words: Sequence[Word]
    ) -> list[SpokenBy] | None:
        """Who says each word of a channel.

        Args:
            recording: What is heard.
            channel: Which channel of it.
            speech: Where somebody speaks on it, in order, disjoint.
            words: Of the channel, in original time.

        Returns:
            None where one person is heard, or so little that nobody can tell.
        """
        if timeline.total_ms(speech) < LEAST_SPEECH_MS:
            return None
        found = clustered(self._windows(recording, channel, speech), speech)
        if found is None or found.similarity > ONE_VOICE_ABOVE:
            return None
        return [_spoken_by(word, found) for word in words]

    def _windows(self, recording: Recording, channel: int, speech: Sequence[Span]) -> Windows:
        spans = list(_window_spans(speech))
        embeddings = np.concatenate(
            [
                self._embedder.embed(
                    [recording.heard(channel, [span]) for span in spans[first : first + _READ_AT_ONCE]]
                )
                for first in range(0, len(spans), _READ_AT_ONCE)
            ]
            or [np.zeros((0, 0), dtype=np.float32)]
        )
        numbers = [number for number, row in enumerate(embeddings) if row.any()]
        return Windows([spans[number] for number in numbers], embeddings[numbers])


def _window_spans(speech: Sequence[Span]) -> Iterator[Span]:
    """Windows over each stretch of speech; the last ends with it, and a short stretch is one window."""
    for span in speech:
        starts = list(range(span.start_ms, span.end_ms - WINDOW_MS, HOP_MS))
        for start_ms in [*starts, max(span.start_ms, span.end_ms - WINDOW_MS)]:
            yield Span(start_ms=start_ms, end_ms=min(span.end_ms, start_ms + WINDOW_MS))


def _spoken_by(word: Word, found: Clusters) -> SpokenBy:
    """The voice of most of its moments; what lies outside of all windows is the last one's."""
    last = len(found.labels) - 1
    first = min(word.start_ms // STEP_MS, last)
    part = slice(first, max(first + 1, -(-word.end_ms // STEP_MS)))
    voice = int(np.bincount(found.labels[part]).argmax())
    scores = found.scores[part].mean(axis=0)
    margin = scores[voice] - np.delete(scores, voice).max()
    return SpokenBy(voice + 1, round(float(0.5 + 0.5 * np.tanh(margin / _SURE_MARGIN)), 3))
