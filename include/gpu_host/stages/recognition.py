"""Speech to text by Whisper: the words of one channel, with times and confidence."""

from collections.abc import Iterable, Iterator

from faster_whisper.transcribe import Word as HeardWord

from include.calls.transcript import Word
from include.gpu_host.audio import Samples
from include.gpu_host.engines.whisper import Whisper


class SttEngine:
    """Transcribes channels with the shared Whisper model.

    Args:
        whisper: Loaded.
        beam_size: Hypotheses followed at once.
    """

    def __init__(self, whisper: Whisper, beam_size: int) -> None:
        self._model = whisper.model
        self._beam_size = beam_size
        self.engine = whisper.engine

    def transcribe(self, samples: Samples, language: str) -> list[Word]:
        """Hears one 16 kHz channel.

        Each window is heard for itself (`condition_on_previous_text` off): one misheard window must not
        repeat itself over the rest of the call. Without voice activity there is nothing to hear: Whisper
        would invent words for music.

        Args:
            samples: Shape (frames,).
            language: ISO 639-1 code.

        Returns:
            Words in order, times in ms of `samples`. A text keeps the space that it begins with: without one
            it goes on from the word before ("high", "-end"), as every word does in Japanese.
        """
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=self._beam_size,
            vad_filter=True,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        return [word for segment in segments for word in _words(segment.words or [])]


def _words(heard: Iterable[HeardWord]) -> Iterator[Word]:
    """The words of one segment, which is set off from the segment before."""
    for n, word in enumerate(heard):
        text = word.word.rstrip() if n else f" {word.word.strip()}"
        if text.strip():
            start_ms = max(0, round(word.start * 1000))
            end_ms = max(start_ms, round(word.end * 1000))
            confidence = round(min(max(word.probability, 0.0), 1.0), 3)
            yield Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)
