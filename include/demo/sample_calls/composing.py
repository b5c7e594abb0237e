"""Hold music, composed and played here: nobody else's recording."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.demo.sample_calls.voices import RATE_HZ, Samples

MUSIC_LENGTH_S = 70.0
_LOWEST_HZ = 220.0
_HIGHEST_HZ = 3600.0
_BEATS = 8


@dataclass(frozen=True)
class _Score:
    """What makes a track.

    Attributes:
        bar_s: Length of a bar.
        scale: Five semitones of the tune, above `_LOWEST_HZ`.
        roots: Semitone of the chord in each bar, again from the first after the last.
    """

    seed: int
    bar_s: float
    scale: tuple[int, ...]
    roots: tuple[int, ...]


_SCORES = {
    "morning-on-the-river": _Score(seed=7, bar_s=2.0, scale=(0, 2, 4, 7, 9), roots=(0, 5, 9, 7)),
    "slow-lanterns": _Score(seed=11, bar_s=2.9, scale=(0, 3, 5, 7, 10), roots=(0, 8, 3, 10)),
}
TRACKS = tuple(_SCORES)


def music(track: str) -> Samples:
    """Plays a track of `MUSIC_LENGTH_S`: broken chords and a brushed drum under a wandering tune.

    No two bars are alike, so that a fingerprint of one moment is found at that moment only.
    """
    score = _SCORES[track]
    rng = np.random.default_rng(score.seed)
    played = np.zeros(round((MUSIC_LENGTH_S + 5) * RATE_HZ))
    step = 7
    for bar in range(int((MUSIC_LENGTH_S - 1) / score.bar_s) + 1):
        _accompany(played, bar, score, rng)
        for _ in range(rng.integers(2, 5)):
            step = int(np.clip(step + rng.integers(-2, 3), 3, 13))
            octave, degree = divmod(step, len(score.scale))
            at_s = score.bar_s * (bar + rng.uniform())
            _strike(played, at_s, 12 * octave + score.scale[degree], 0.22, 1.2)
    return played[: round(MUSIC_LENGTH_S * RATE_HZ)].astype(np.float32)


def _accompany(played: NDArray[np.float64], bar: int, score: _Score, rng: np.random.Generator) -> None:
    root = score.roots[bar % len(score.roots)]
    third = 3 if bar % 2 else 4
    for n, interval in enumerate((0, 7, 12, 12 + third)):
        at_s = score.bar_s * (bar + n / 4) + rng.uniform(0, 0.03)
        _strike(played, at_s, root + interval, 0.12, 2.0)
    for n in range(_BEATS):
        at_s = score.bar_s * (bar + n / _BEATS) + rng.uniform(0, 0.02)
        _brush(played, at_s, (0.5 if n % 4 == 2 else 0.2) * rng.uniform(0.5, 1), rng)


def _strike(played: NDArray[np.float64], at_s: float, semitone: int, loudness: float, decay_s: float) -> None:
    """Adds a plucked note."""
    times_s = np.arange(round(decay_s * RATE_HZ)) / RATE_HZ
    frequency_hz = _LOWEST_HZ * 2 ** (semitone / 12)
    overtones = [n for n in range(1, 6) if n * frequency_hz < _HIGHEST_HZ]
    note = sum(np.sin(2 * np.pi * n * frequency_hz * times_s) / n for n in overtones)
    start = round(at_s * RATE_HZ)
    played[start : start + len(times_s)] += loudness * note * np.exp(-4 * times_s / decay_s)


def _brush(played: NDArray[np.float64], at_s: float, loudness: float, rng: np.random.Generator) -> None:
    """Adds a stroke of a brush on a drum."""
    times_s = np.arange(round(0.12 * RATE_HZ)) / RATE_HZ
    start = round(at_s * RATE_HZ)
    stroke = rng.standard_normal(len(times_s)) * np.exp(-40 * times_s)
    played[start : start + len(times_s)] += loudness * stroke
