"""Speech to text by Whisper: the words of one channel, with times and confidence."""

from collections.abc import Iterable, Iterator

from faster_whisper.transcribe import Word as HeardWord

from include.calls.transcript import Word
from include.gpu_host.audio import Samples
from include.gpu_host.engines.whisper import Whisper

BEAM_SIZE = 5


class SttEngine:
    """Transcribes channels with the shared Whisper model."""

    def __init__(self, whisper: Whisper) -> None:
        self._model = whisper.model
        self.engine = whisper.engine

    def transcribe(self, samples: Samples, language: str) -> list[Word]:
        """Hears one 16 kHz channel.

        Each window is heard for itself (`condition_on_previous_text` off): one misheard window must not repeat
        itself over the rest of the call. Without voice activity there is nothing to hear: Whisper would invent
        words for music.

        Args:
            samples: Shape (frames,).
            language: ISO 639-1 code.

        Returns:
            Words in order, times in ms of `samples`.
        """
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=BEAM_SIZE,
            vad_filter=True,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        return [word for segment in segments for word in _words(segment.words or [])]


def _words(heard: Iterable[HeardWord]) -> Iterator[Word]:
    for word in heard:
        text = word.word.strip()
        if text:
            start_ms = max(0, round(word.start * 1000))
            end_ms = max(start_ms, round(word.end * 1000))
            confidence = round(min(max(word.probability, 0.0), 1.0), 3)
            yield Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)
