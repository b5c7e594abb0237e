"""Clips one after the other, at several levels of real noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.speech.bench import Bench, spread
from tests.benchmarks.speech.material import RATE_HZ, Clip, Material, Samples
from tests.benchmarks.speech.scoring import words_of

CLIPS_EACH = 5
_GAP = round(0.6 * RATE_HZ)
_LONGEST_S = 12.0


@dataclass(frozen=True)
class Noisy:
    """Clips one after the other, with noise over all of it.

    Attributes:
        snr_db: None for clean.
        words: Of each clip, normalised.
        clean: Shape (frames,), at 8 kHz.
        heard: The same with noise.
    """

    name: str
    snr_db: float | None
    words: list[list[str]]
    clean: Samples
    heard: Samples

    @property
    def level(self) -> str:
        """For tables."""
        return level_name(self.snr_db)


def noisy_recordings(bench: Bench, material: Material) -> list[Noisy]:
    """The same clips at every noise level."""
    transcripts = {clip.name: clip.transcript for clip in bench.corpus.clips if clip.language == "en"}
    short = [
        clip
        for clip in [*material.speech, *material.prompts]
        if clip.name in transcripts and len(clip.samples) < _LONGEST_S * RATE_HZ
    ]
    clips: list[Clip] = spread(short, bench.size.noisy_clips)
    groups = [clips[n : n + CLIPS_EACH] for n in range(0, len(clips), CLIPS_EACH)]
    return [
        _noisy(group, n, snr_db, material, transcripts)
        for snr_db in bench.size.snrs_db
        for n, group in enumerate(groups)
    ]


def _noisy(
    clips: Sequence[Clip], n: int, snr_db: float | None, material: Material, transcripts: Mapping[str, str]
) -> Noisy:
    gap = np.zeros(_GAP, dtype=np.float32)
    clean = np.concatenate([gap, *(piece for clip in clips for piece in (clip.samples, gap))])
    noise = np.resize(material.noise[n % len(material.noise)].samples, len(clean))
    heard = clean if snr_db is None else clean + noise * np.float32(10 ** (-snr_db / 20))
    words = [words_of(transcripts[clip.name], "en") for clip in clips]
    return Noisy(f"{n}-{level_name(snr_db)}".replace(" ", ""), snr_db, words, clean, np.clip(heard, -1, 1))


def level_name(snr_db: float | None) -> str:
    """`clean`, or `5 dB`."""
    return "clean" if snr_db is None else f"{snr_db:g} dB"
