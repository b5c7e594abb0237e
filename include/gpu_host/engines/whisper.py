"""Whisper through CTranslate2: one loaded model hears words and tells languages apart, in batches."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from ctranslate2 import DataType, Device, StorageView
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import Segment, TranscriptionOptions
from faster_whisper.transcribe import Word as HeardWord
from numpy.typing import NDArray

from include.calls.transcript import Word
from include.errors import InvalidInput, RecordingUnusable
from include.gpu.wire import Engine, Span
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Samples
from include.gpu_host.engines.batching import Batcher
from include.gpu_host.engines.hot_words import HotWords, is_echo, written
from include.gpu_host.engines.protocol import Heard, Sound
from include.gpu_host.engines.weights import Weights

# Whisper's own signs that decoding went astray (openai/whisper, transcribe.py: `decode_with_fallback`).
MAX_COMPRESSION_RATIO = 2.4
MIN_MEAN_LOG_PROBABILITY = -1.0
# Pieces of a batch lie this far apart in the one array that the pipeline takes, the first as far from its
# beginning: word times of a piece are trimmed by the distance to the words before it, and so for each alike.
_APART_S = 60
# The encoder's states, 50 a second, tell languages too: a look at 5 s of them costs one step of the decoder
# (9 ms) and no pass of the encoder. Of 188 such looks at 5 languages none was sure and wrong.
_STATES_PER_S = 50
_SOUND_S, _SOUND_EVERY_S = 5.0, 2.5
# What identification listens to is 30 s of 100 frames, or a window with half a second of silence after it.
_WHOLE_FRAMES, _AFTER_FRAMES = 3000, 50
# The half of its context that a model is told anything in, less the token that says so (`get_prompt`).
_MOST_TOKENS = 222


class Whisper:
    """A loaded model, and who it is.

    Args:
        weights: Where the model lies.
        device: `cpu` (int8: a third of float32's time at the same word error rate), or `cuda:0`, … (float16).
        cpu_threads: Of each worker.
        workers: Batches that are decoded at once; each holds its own buffers.
        batch_size: Most pieces of up to 30 s in a batch on a GPU. A CPU hears them one by one, as many at
            once as there are workers: batches of 4 took it 1.1 to 1.2 times the CPU seconds.
    """

    def __init__(
        self, weights: Weights, device: str, *, cpu_threads: int, workers: int, batch_size: int
    ) -> None:
        kind, _, index = device.partition(":")
        self.model = WhisperModel(
            str(weights.folder),
            device=kind,
            device_index=int(index or 0),
            compute_type="float16" if kind == "cuda" else "int8",
            cpu_threads=cpu_threads,
            num_workers=workers,
        )
        self.workers = workers
        self.batch_size = batch_size if kind == "cuda" else 1
        self.languages = frozenset(self.model.supported_languages)
        self.engine = Engine(
            name=weights.name,
            version=f"faster-whisper {version('faster-whisper')}",
            device=device,
            weights_sha256=weights.sha256,
        )

    @property
    def is_multilingual(self) -> bool:
        """Whether it can tell languages apart; the models for English alone cannot."""
        return len(self.languages) > 1

    def tokens(self, text: str) -> int:
        """How many tokens a text is to the model."""
        return len(self.model.hf_tokenizer.encode(f" {text}", add_special_tokens=False).ids)


class _Hints(NamedTuple):
    """What pieces of a batch have in common."""

    language: str
    hot_words: tuple[str, ...] = ()


class WhisperRecogniser:
    """Speech to text by Whisper; see `protocol.Recogniser`.

    Pieces are decoded without timestamp tokens, which lose words at their seams, and each for itself
    (`condition_on_previous_text` off), so that one misheard piece does not repeat itself over the call. Words
    are timed by cross-attention.

    A vocabulary is given as hot words. What astray decoding or an echo of them made is heard again without.

    Args:
        whisper: Loaded.
        beam_size: Hypotheses followed at once.
    """

    hears_vocabulary = True

    def __init__(self, whisper: Whisper, beam_size: int) -> None:
        self._whisper = whisper
        self._beam_size = beam_size
        self._batcher: Batcher[_Hints, Samples, Heard] = Batcher(
            self._hear, whisper.batch_size, whisper.workers
        )
        self._hot_words = HotWords(_MOST_TOKENS, whisper.tokens, whisper.engine.name)
        self.engine = whisper.engine

    def hear(self, pieces: Sequence[Samples], language: str, vocabulary: Sequence[str] = ()) -> list[Heard]:
        """Transcribes pieces, with those of other threads in the same language with the same vocabulary.

        Raises:
            RecordingUnusable: The model does not know the language.
        """
        if language not in self._whisper.languages:
            raise RecordingUnusable(
                f"The call is in {language}, and {self.engine.name} does not know it: choose another "
                "recogniser, or give the languages to expect."
            )
        return self._batcher.run(_Hints(language, self._hot_words.fitting(vocabulary)), pieces)

    def _hear(self, hints: _Hints, pieces: Sequence[Samples]) -> list[Heard]:
        apart = _APART_S * SAMPLE_RATE_HZ
        joined = np.zeros((len(pieces) + 1) * apart, dtype=np.float32)
        for n, piece in enumerate(pieces, start=1):
            joined[n * apart : n * apart + len(piece)] = piece
        # A new pipeline for each batch: it remembers where the last words were.
        pipeline = _Pipeline(self._whisper.model)
        segments, _ = pipeline.transcribe(
            joined,
            language=hints.language,
            hotwords=written(hints.hot_words) or None,
            clip_timestamps=[
                {"start": n * _APART_S, "end": n * _APART_S + len(piece) / SAMPLE_RATE_HZ}
                for n, piece in enumerate(pieces, start=1)
            ],
            vad_filter=False,
            without_timestamps=True,
            word_timestamps=True,
            beam_size=self._beam_size,
            batch_size=len(pieces),
        )
        found: list[list[Segment]] = [[] for _ in pieces]
        for n, own in groupby(segments, key=lambda segment: segment.seek // (_APART_S * 100) - 1):
            found[n] += own
        return [
            Heard(self._checked(piece, own, n, hints), self._sounds(piece, pipeline.states[n - 1]))
            for n, (piece, own) in enumerate(zip(pieces, found, strict=True), 1)
        ]

    def _sounds(self, piece: Samples, states: NDArray[np.float32]) -> list[Sound]:
        """What the parts of a piece sound like, by the states that its words came from."""
        length_ms = len(piece) * 1000 // SAMPLE_RATE_HZ
        length = length_ms * _STATES_PER_S // 1000
        if not self._whisper.is_multilingual or not length:
            return []
        window = min(length, round(_SOUND_S * _STATES_PER_S))
        count = max(1, round(length_ms / 1000 / _SOUND_EVERY_S))
        edges = [length * n // count for n in range(count + 1)]
        firsts = [min(max((start + end - window) // 2, 0), length - window) for start, end in pairwise(edges)]
        parts = np.stack([states[first : first + window] for first in firsts])
        found = self._whisper.model.model.detect_language(StorageView.from_array(parts))
        return [
            Sound(Span(start_ms=_ms(start), end_ms=_ms(end)), _probabilities(window))
            for (start, end), window in zip(pairwise(edges), found, strict=True)
        ]

    def _checked(self, piece: Samples, segments: list[Segment], place: int, hints: _Hints) -> list[Word]:
        """The words of one piece; where decoding went astray, it is heard again at higher temperatures."""
        offset_s = float(place * _APART_S)
        echoes = is_echo("".join(segment.text for segment in segments), hints.hot_words)
        if echoes or any(_is_astray(segment) for segment in segments):
            segments, offset_s = self._heard_again(piece, hints.language), 0.0
        length_ms = len(piece) * 1000 // SAMPLE_RATE_HZ
        return [word for segment in segments for word in _words(segment.words or [], offset_s, length_ms)]

    def _heard_again(self, piece: Samples, language: str) -> list[Segment]:
        segments, _ = self._whisper.model.transcribe(
            piece,
            language=language,
            beam_size=self._beam_size,
            compression_ratio_threshold=MAX_COMPRESSION_RATIO,
            log_prob_threshold=MIN_MEAN_LOG_PROBABILITY,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        return list(segments)


class WhisperLanguages:
    """Spoken language identification by Whisper's language tokens; see `protocol.LanguageIdentifier`.

    A window costs what it lasts: it is filled up with silence to the 30 s that the model was trained on only
    where that is asked for, which takes four times as long for 8 s.

    Raises:
        InvalidInput: The model knows one language only.
    """

    def __init__(self, whisper: Whisper) -> None:
        if not whisper.is_multilingual:
            raise InvalidInput(
                f"{whisper.engine.name} knows English only: set COFI_GPU_HOST_LID_MODEL to a multilingual "
                "Whisper."
            )
        self._model = whisper.model
        self._batcher: Batcher[bool, Samples, dict[str, float]] = Batcher(
            self._identify, whisper.batch_size, whisper.workers
        )
        self.engine = whisper.engine
        self.languages = whisper.languages

    def probabilities(self, windows: Sequence[Samples], *, filled_up: bool = False) -> list[dict[str, float]]:
        """The probability of each language in each window of up to 30 s."""
        return self._batcher.run(filled_up, windows)

    def _identify(self, filled_up: bool, windows: Sequence[Samples]) -> list[dict[str, float]]:
        features = [self._model.feature_extractor(window) for window in windows]
        longest = max(window.shape[-1] for window in features) + _AFTER_FRAMES
        frames = _WHOLE_FRAMES if filled_up else min(longest + longest % 2, _WHOLE_FRAMES)
        filled = np.stack([pad_or_trim(window, frames) for window in features])
        return [_probabilities(one) for one in self._model.model.detect_language(self._model.encode(filled))]


class _Pipeline(BatchedInferencePipeline):  # type: ignore[misc]
    """Keeps what the encoder made of each piece: it holds the language, too."""

    def __init__(self, model: WhisperModel) -> None:
        super().__init__(model)
        self.states: list[NDArray[np.float32]] = []

    def generate_segment_batched(
        self, features: NDArray[np.float32], tokenizer: Tokenizer, options: TranscriptionOptions
    ) -> tuple[StorageView, list[dict[str, object]]]:
        """Decodes a batch."""
        encoded, output = super().generate_segment_batched(features, tokenizer, options)
        self.states += list(np.asarray(encoded.to_device(Device.cpu).to(DataType.float32)))
        return encoded, output


def _probabilities(window: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The probability of each language; a token looks like <|en|>."""
    return {token[2:-2]: float(p) for token, p in window}


def _ms(state: int) -> int:
    return state * 1000 // _STATES_PER_S


def _is_astray(segment: Segment) -> bool:
    repeats: bool = segment.compression_ratio > MAX_COMPRESSION_RATIO
    return repeats or bool(segment.avg_logprob < MIN_MEAN_LOG_PROBABILITY)


def _words(heard: Iterable[HeardWord], offset_s: float, length_ms: int) -> Iterable[Word]:
    """The words of one segment, which is set off from the segment before."""
    for n, word in enumerate(heard):
        text = word.word.rstrip() if n else f" {word.word.strip()}"
        if text.strip():
            start_ms = min(max(0, round((word.start - offset_s) * 1000)), length_ms)
            end_ms = min(max(start_ms, round((word.end - offset_s) * 1000)), length_ms)
            confidence = round(min(max(word.probability, 0.0), 1.0), 3)
            yield Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)
