"""Recognisers of other families (Parakeet, Canary, GigaAM, …) through the package onnx-asr."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import onnxruntime  # type: ignore[import-untyped]
from onnx_asr import load_model
from onnx_asr.asr import TimestampedResult
from onnx_asr.loader import AsrNames, create_asr_resolver
from onnx_asr.models.nemo import NemoConformerAED
from onnx_asr.models.whisper import WhisperHf, WhisperOrt

from include.calls.transcript import Word
from include.errors import InvalidInput, RecordingUnusable
from include.gpu.wire import Engine
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Samples
from include.gpu_host.engines.batching import Batcher
from include.gpu_host.engines.protocol import Heard
from include.gpu_host.engines.weights import Weights

# A token's time is its first frame; the last one of a word is taken to last three frames of a Parakeet.
_LAST_TOKEN_S = 0.24
# Full precision before int8, where a folder holds both.
_QUANTIZATIONS = (None, "int8")
# The others find the language out by themselves, or know one only.
_TOLD_THE_LANGUAGE = (NemoConformerAED, WhisperHf, WhisperOrt)


@dataclass(frozen=True)
class _Token:
    """A token with its time in the piece; a text that begins a word begins with a space."""

    text: str
    start_s: float
    log_probability: float


class OnnxRecogniser:
    """Speech to text by a model that onnx-asr loads; see `protocol.Recogniser`.

    Args:
        weights: A folder with the files of one model. Its type is what it was asked for by name, or stands as
            `model_type` in its config.json.
        device: `cpu`, or `cuda:0`, …
        cpu_threads: Of each session.
        workers: Batches that are decoded at once.
        batch_size: Most pieces in a batch on a GPU; a CPU hears them one by one.

    Raises:
        InvalidInput: The folder holds no model that onnx-asr knows, or onnxruntime cannot use the device.
    """

    hears_vocabulary = False

    def __init__(
        self, weights: Weights, device: str, *, cpu_threads: int, workers: int, batch_size: int
    ) -> None:
        model = _type_of(weights)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cpu_threads
        options.inter_op_num_threads = 1
        self._model = load_model(
            model,
            weights.folder,
            quantization=_quantization(model, weights.folder),
            sess_options=options,
            providers=_providers(device),
        ).with_timestamps()
        self._is_told = isinstance(self._model.asr, _TOLD_THE_LANGUAGE)
        self._batcher: Batcher[str, Samples, Heard] = Batcher(
            self._hear, batch_size if device.startswith("cuda") else 1, workers
        )
        self.engine = Engine(
            name=weights.name,
            version=f"onnx-asr {version('onnx-asr')}",
            device=device,
            weights_sha256=weights.sha256,
        )

    def hear(self, pieces: Sequence[Samples], language: str, vocabulary: Sequence[str] = ()) -> list[Heard]:
        """Transcribes pieces, together with those of other threads; a vocabulary helps it nothing.

        Raises:
            RecordingUnusable: The model needs the language and does not know it.
        """
        return self._batcher.run(language if self._is_told else "", pieces)

    def _hear(self, language: str, pieces: Sequence[Samples]) -> list[Heard]:
        options: dict[str, Any] = {"language": language} if language else {}
        try:
            heard = self._model.recognize(list(pieces), **options)
        except KeyError as error:
            raise RecordingUnusable(
                f"The call is in {language}, and {self.engine.name} does not know it: choose another "
                "recogniser, or give the languages to expect."
            ) from error
        return [
            Heard(words(one, len(piece) / SAMPLE_RATE_HZ)) for one, piece in zip(heard, pieces, strict=True)
        ]


def words(heard: TimestampedResult, length_s: float) -> list[Word]:
    """The words of a piece from its tokens.

    A word lasts from its first token to the next word, at most `_LAST_TOKEN_S` after its last token begins.
    Its confidence is the geometric mean of its tokens' probabilities.
    """
    found = [_Word(tokens) for tokens in _by_word(_tokens(heard, length_s))]
    ends_s = [after.tokens[0].start_s for _, after in pairwise(found)] + [length_s] * bool(found)
    return [word.until(end_s, length_s) for word, end_s in zip(found, ends_s, strict=True)]


@dataclass(frozen=True)
class _Word:
    tokens: list[_Token]

    def until(self, next_s: float, length_s: float) -> Word:
        """The word, which ends where the next begins at the latest."""
        start_s = min(max(0.0, self.tokens[0].start_s), length_s)
        end_s = min(self.tokens[-1].start_s + _LAST_TOKEN_S, next_s, length_s)
        mean = sum(token.log_probability for token in self.tokens) / len(self.tokens)
        return Word(
            text=" " + "".join(token.text for token in self.tokens).strip(),
            start_ms=round(start_s * 1000),
            end_ms=round(max(start_s, end_s) * 1000),
            confidence=round(min(math.exp(mean), 1.0), 3),
        )


def _tokens(heard: TimestampedResult, length_s: float) -> Iterator[_Token]:
    """Tokens with times; models that give none (Canary) have theirs spread over the piece by their length."""
    texts = heard.tokens or []
    log_probabilities = heard.logprobs or []
    if len(log_probabilities) != len(texts):
        mean = sum(log_probabilities) / len(log_probabilities) if log_probabilities else 0.0
        log_probabilities = [mean] * len(texts)
    times_s = heard.timestamps if heard.timestamps is not None else _spread(texts, length_s)
    for text, start_s, log_probability in zip(texts, times_s, log_probabilities, strict=True):
        yield _Token(text, start_s, log_probability)


def _spread(texts: Sequence[str], length_s: float) -> Iterator[float]:
    per_character_s = length_s / max(1, sum(map(len, texts)))
    at = 0
    for text in texts:
        yield at * per_character_s
        at += len(text)


def _by_word(tokens: Iterable[_Token]) -> list[list[_Token]]:
    """Tokens of each word; a space begins one, and punctuation belongs to the word before it."""
    found: list[list[_Token]] = []
    begins = True
    for token in tokens:
        begins = begins or token.text.startswith(" ")
        if not token.text.strip():
            continue
        if not found or (begins and any(character.isalnum() for character in token.text)):
            found.append([])
        found[-1].append(token)
        begins = False
    return found


def _type_of(weights: Weights) -> str:
    """What onnx-asr calls the model."""
    if weights.name in get_args(AsrNames):
        return weights.name
    config = weights.folder / "config.json"
    try:
        model_type = json.loads(config.read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(
            f"{config} does not say which model lies there: enter its type, like "
            '{"model_type": "nemo-conformer-tdt"}, or name the folder as onnx-asr names the model.'
        ) from error
    return str(model_type)


def _quantization(model: str, folder: Path) -> str | None:
    """Which of a model's files are there."""
    missing = ""
    for quantization in _QUANTIZATIONS:
        try:
            create_asr_resolver(model, folder, offline=True).resolve_model(quantization=quantization)
            return quantization
        except (ValueError, OSError) as error:  # the kinds of onnx-asr's own errors
            missing = missing or str(error)
    raise InvalidInput(f"{folder} holds no whole {model}: {missing} Copy all files of the model there.")


def _providers(device: str) -> list[Any]:
    kind, _, index = device.partition(":")
    if kind != "cuda":
        return ["CPUExecutionProvider"]
    # onnxruntime would go on with the CPU, and only log it.
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise InvalidInput(f"onnxruntime cannot use {device}: install onnxruntime-gpu for onnxruntime.")
    return [("CUDAExecutionProvider", {"device_id": int(index or 0)}), "CPUExecutionProvider"]
