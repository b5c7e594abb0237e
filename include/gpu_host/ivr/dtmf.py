"""DTMF digits (ITU-T Q.23) by a Goertzel filter bank."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples
from include.gpu_host.ivr.landmarks import RATE_HZ, narrow

# 205 samples at 8 kHz put the eight tones near bin centres; steps of 10 ms resolve digits of 50 ms.
WINDOW = 205
STEP = 80
STEP_MS = STEP * 1000 // RATE_HZ
LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYS = "123A456B789C*0#D"

# Measured through five phone codecs: all of 50 eight-digit sequences, 1 false digit in 13 minutes of speech.
_MIN_ENERGY_SHARE = 0.55
_MAX_TWIST_DB = 8.0
_MIN_FRAMES = 4
# -50 dBFS: below it two tones are crosstalk.
_MIN_POWER = 1e-5
# Digits closer than this are one entry.
_ENTRY_GAP_MS = 3000
_NO_KEY = -1
# Frames are looked at 30 s at a time; each is alone, so there is no seam.
_BLOCK_FRAMES = 3000


@dataclass(frozen=True)
class Entry:
    """Digits that were keyed in one go, in ms of the channel.

    Attributes:
        confidence: Share of the sound that is the two tones, of the least clear digit.
    """

    digits: str
    start_ms: int
    end_ms: int
    confidence: float


def entries(recording: Recording, channel: int) -> list[Entry]:
    """Finds what was keyed on one channel."""
    entered: list[Entry] = []
    for digit in _digits(recording, channel):
        if entered and digit.start_ms - entered[-1].end_ms <= _ENTRY_GAP_MS:
            last = entered.pop()
            confidence = min(last.confidence, digit.confidence)
            entered.append(Entry(last.digits + digit.digits, last.start_ms, digit.end_ms, confidence))
        else:
            entered.append(digit)
    return entered


def _digits(recording: Recording, channel: int) -> list[Entry]:
    frames = max(0, (recording.frames * RATE_HZ // SAMPLE_RATE_HZ - WINDOW) // STEP + 1)
    blocks = [
        _frames(narrow(recording, channel, first * STEP, (last - 1) * STEP + WINDOW))
        for first in range(0, frames, _BLOCK_FRAMES)
        if (last := min(frames, first + _BLOCK_FRAMES))
    ]
    keys = np.concatenate([np.zeros(0, np.int8), *(block[0] for block in blocks)])
    shares = np.concatenate([np.zeros(0), *(block[1] for block in blocks)])
    # Each run of frames with the same key is a digit.
    edges = np.flatnonzero(np.diff(keys, prepend=_NO_KEY, append=_NO_KEY))
    return [
        Entry(
            digits=KEYS[keys[first]],
            start_ms=int(first) * STEP_MS,
            end_ms=(int(end) - 1) * STEP_MS + WINDOW * 1000 // RATE_HZ,
            confidence=round(min(1.0, float(shares[first:end].mean())), 3),
        )
        for first, end in pairwise(edges)
        if keys[first] != _NO_KEY and end - first >= _MIN_FRAMES
    ]


def _frames(samples: Samples) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """The key that each frame sounds like, or none, and the share of its energy that is the two tones."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP]
    energy = np.einsum("ij,ij->i", windows, windows)
    low, high = _tone_powers(windows, LOW_HZ), _tone_powers(windows, HIGH_HZ)
    low_power, high_power = low.max(axis=1), high.max(axis=1)
    # A pure tone's Goertzel power is window / 2 of its energy: the share is 1 for two clean tones.
    share = (low_power + high_power) * 2 / (WINDOW * np.maximum(energy, 1e-12))
    twist_db = 10 * np.abs(np.log10(np.maximum(low_power, 1e-12) / np.maximum(high_power, 1e-12)))
    keyed = (share > _MIN_ENERGY_SHARE) & (twist_db < _MAX_TWIST_DB) & (energy > _MIN_POWER * WINDOW)
    keys = low.argmax(axis=1) * len(HIGH_HZ) + high.argmax(axis=1)
    return np.where(keyed, keys, _NO_KEY).astype(np.int8), share


def _tone_powers(windows: NDArray[np.float32], tones_hz: tuple[int, ...]) -> NDArray[np.float64]:
    """Power of each frame at each tone, shape (frames, tones): the Goertzel filter, as one product."""
    phase = 2j * np.pi * np.outer(np.arange(WINDOW), tones_hz) / RATE_HZ
    powers: NDArray[np.float64] = np.square(np.abs(windows @ np.exp(-phase).astype(np.complex64)))
    return powers
