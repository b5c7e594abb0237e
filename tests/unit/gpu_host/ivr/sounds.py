"""Synthetic sounds at 16 kHz."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import SegmentKind, Span
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, resampled
from include.gpu_host.ivr import dtmf
from include.gpu_host.ivr.fingerprints import KnownAudio
from include.gpu_host.ivr.landmarks import as_pcm

Sound = NDArray[np.float32]


def span(start_ms: int, end_ms: int) -> Span:
    return Span(start_ms=start_ms, end_ms=end_ms)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def keyed(digits: str, tone_ms: int = 80, pause_ms: int = 80, level: float = 0.2) -> Sound:
    pieces = []
    for digit in digits:
        row, column = divmod(dtmf.KEYS.index(digit), 4)
        t = np.arange(tone_ms * 16) / SAMPLE_RATE_HZ
        tones = sum(np.sin(2 * np.pi * hz * t) for hz in (dtmf.LOW_HZ[row], dtmf.HIGH_HZ[column]))
        pieces += [level * tones, silence(pause_ms / 1000)]
    return np.concatenate(pieces).astype(np.float32)


@cache
def melody(seed: int, seconds: float = 6.0) -> Sound:
    """Music of a kind: every 200 ms two other notes, each with its overtones, over a soft rustle."""
    random, t = np.random.default_rng(seed), np.arange(3200) / SAMPLE_RATE_HZ
    fading = np.exp(-8 * t) * np.minimum(1, t * 200)
    beats = [
        sum(np.sin(2 * np.pi * hz * n * t) / n for hz in random.uniform(150, 900, 2) for n in range(1, 9))
        * fading
        for _ in range(round(seconds / 0.2))
    ]
    rustle = random.normal(0, 0.02, len(beats) * 3200)
    music = (0.1 * np.concatenate(beats) + 0.1 * rustle).astype(np.float32)
    music.setflags(write=False)
    return music


def as_on_the_phone(samples: Sound, seed: int = 0) -> Sound:
    """8 kHz, mu-law in 8 bits, quieter, with a little noise."""
    narrow = 0.5 * resampled(samples, SAMPLE_RATE_HZ, 8000)
    narrow = narrow + np.random.default_rng(seed).normal(0, 0.002, len(narrow))
    law = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
    law = np.round(law * 127) / 127
    back = np.sign(law) * (256 ** np.abs(law) - 1) / 255
    return resampled(back.astype(np.float32), 8000, SAMPLE_RATE_HZ)


def recording(*channels: Sound) -> Recording:
    """Channels as one recording; shorter ones are silent at their end."""
    length = max(map(len, channels))
    return Recording.of(np.stack([np.pad(channel, (0, length - len(channel))) for channel in channels]))


def known(name: str, kind: SegmentKind, samples: Sound) -> KnownAudio:
    return KnownAudio(name, kind, as_pcm(resampled(samples, SAMPLE_RATE_HZ, 8000)))
