"""What a stage asks of the model behind it: the least that differs from model to model.

Everything else (the gate, voice activity, windows, time maps, flags) is the stage's, so that another model is
one small class. Engines are loaded once, and are called from several threads at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from include.calls.transcript import Word
from include.gpu.wire import Engine, Span
from include.gpu_host.audio.recording import Samples

Embeddings = NDArray[np.float32]


class Denoiser(Protocol):
    """Speech enhancement.

    Attributes:
        gains_below_snr_db: The SNR below which recognition was measured to gain by it, and above which to
            lose words; None where it only loses. An operator may set another.
    """

    engine: Engine
    gains_below_snr_db: float | None

    def enhance(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Enhances one 16 kHz channel, block by block.

        What comes out is as long as what went in, and lies at the same time: the model's delay is taken off.
        """
        ...


class LanguageIdentifier(Protocol):
    """Spoken language identification.

    Attributes:
        languages: ISO 639-1 codes that it knows.
    """

    engine: Engine
    languages: frozenset[str]

    def probabilities(self, windows: Sequence[Samples], *, filled_up: bool = False) -> list[dict[str, float]]:
        """The probability of each language in each window of 16 kHz speech, of up to 30 s.

        Args:
            windows: What is heard.
            filled_up: With silence, to the length that the model was trained on: surer, and slower by as much
                as the window is shorter than that.
        """
        ...


class Sound(NamedTuple):
    """What languages a part of a piece sounds like, whatever it was heard in; times in ms of the piece."""

    span: Span
    probabilities: Mapping[str, float]


class Heard(NamedTuple):
    """What a recogniser makes of a piece.

    Attributes:
        words: In order, times in ms of the piece. A text keeps the space that it begins with: without one it
            goes on from the word before ("high", "-end"), as in Japanese.
        sounds: Parts of it, side by side, in order; empty from a model that cannot tell.
        times_spread: The model times no words: they are spread over what it heard in one go.
    """

    words: list[Word]
    sounds: Sequence[Sound] = ()
    times_spread: bool = False


class Recogniser(Protocol):
    """Speech to text.

    Attributes:
        hears_vocabulary: Whether it takes hot words, which it then recognises more easily.
    """

    engine: Engine
    hears_vocabulary: bool

    def hear(self, pieces: Sequence[Samples], language: str, vocabulary: Sequence[str] = ()) -> list[Heard]:
        """Transcribes pieces of 16 kHz speech, each up to 30 s.

        Args:
            pieces: Each of shape (frames,).
            language: ISO 639-1 code.
            vocabulary: Names and terms that may be said, the most important ones first. What does not fit the
                model is left out, and logged; no word may be heard for their sake where nobody says it.
        """
        ...


class SpeakerEmbedder(Protocol):
    """What a voice is like, as a point: voices of one person lie close together.

    Attributes:
        longest_ms: Of a window.
    """

    engine: Engine
    longest_ms: int

    def embed(self, windows: Sequence[Samples]) -> Embeddings:
        """Embeds windows of 16 kHz speech.

        Returns:
            Shape (windows, values), each of length 1; zeros where a window is too short to tell anything.
        """
        ...
