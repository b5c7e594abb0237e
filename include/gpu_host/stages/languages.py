"""Spoken language identification by Whisper's language head, on speech only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from include.gpu_host import timeline
from include.gpu_host.audio import SAMPLE_RATE_HZ, Samples
from include.gpu_host.engines.whisper import Whisper
from include.gpu_host.speech import speech_spans

# Whisper hears 30 s at once; three windows over the call are averaged, so that a greeting does not decide.
WINDOW_S = 30
MAX_WINDOWS = 3
# Below this the answer is no better than a guess between two languages.
MIN_CONFIDENCE = 0.5
# Less speech than this is a breath or a click.
MIN_SPEECH_S = 0.3
_REPORTED_ABOVE = 0.001


@dataclass(frozen=True)
class Identification:
    """The language, or None when nobody speaks or it is unsure.

    Attributes:
        probabilities: Of the allowed languages, summing to 1; those below 0.1 % are left out.
        speech_s: Speech found, of which up to 90 s were heard.
    """

    language: str | None
    confidence: float
    probabilities: dict[str, float]
    speech_s: float


class LidEngine:
    """Asks Whisper for the language of the speech in a call."""

    def __init__(self, whisper: Whisper) -> None:
        self._model = whisper.model
        self.engine = whisper.engine

    def identify(self, samples: Samples, allowed: Sequence[str]) -> Identification:
        """Identifies the language of one 16 kHz channel.

        Args:
            samples: The conversation, all speakers mixed, shape (frames,).
            allowed: ISO 639-1 codes that may be answered; empty for any.
        """
        speech = timeline.cut_out(samples, speech_spans(samples))
        speech_s = round(len(speech) / SAMPLE_RATE_HZ, 3)
        if speech_s < MIN_SPEECH_S:
            return Identification(None, 0.0, {}, speech_s)
        means = _mean(dict(self._model.detect_language(window)[2]) for window in _windows(speech))
        probabilities = _renormalised(means, allowed)
        best, confidence = max(probabilities.items(), key=lambda item: item[1], default=("", 0.0))
        reported = {code: p for code, p in probabilities.items() if p >= _REPORTED_ABOVE}
        return Identification(best if confidence >= MIN_CONFIDENCE else None, confidence, reported, speech_s)

    def unknown(self, languages: Sequence[str]) -> list[str]:
        """Which of the codes the model does not know."""
        return sorted(set(languages) - set(self._model.supported_languages))


def _windows(speech: Samples) -> list[Samples]:
    """Up to three windows of 30 s, spread evenly over the speech."""
    length = WINDOW_S * SAMPLE_RATE_HZ
    count = min(MAX_WINDOWS, -(-len(speech) // length))
    starts = np.linspace(0, max(0, len(speech) - length), count).astype(int)
    return [speech[start : start + length] for start in starts]


def _mean(windows: Iterable[dict[str, float]]) -> dict[str, float]:
    heard = list(windows)
    return {code: sum(window[code] for window in heard) / len(heard) for code in heard[0]}


def _renormalised(probabilities: dict[str, float], allowed: Sequence[str]) -> dict[str, float]:
    """Spreads the probability of what is not allowed over what is, the most likely first."""
    left = {code: p for code, p in probabilities.items() if not allowed or code in allowed}
    total = sum(left.values())
    ranked = sorted(left.items(), key=lambda item: -item[1])
    return {code: round(p / total, 4) for code, p in ranked} if total else {}
