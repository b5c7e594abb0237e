"""A channel on which the quiet side of a conversation is as loud as the other.

On one channel the far side may be 30 dB below the near one. Voice activity detection then misses a fifth of
its speech, which it finds when nobody else is heard; with both levelled it finds it again.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples

_FRAME = SAMPLE_RATE_HZ // 50  # 20 ms
# Loudness is that of the loudest frame of a syllable, smoothed: a longer window keeps a quiet turn down for
# as long as it reaches into the loud ones around it. Half a second lost half of the turns of half a second:
# of the sample calls' customers at -30 dB 6.5 %, and 3.4 % with this; with 220 ms 3.7 %, with 140 ms 3.0 %.
_AROUND_FRAMES = 9
_SMOOTHED_FRAMES = 2
_MOST_GAIN = np.float32(10 ** (30 / 20))
_LOUD_PERCENTILE = 95
_SILENT = 1e-9


class Levelled(Recording):
    """One channel of a recording, each stretch as loud as its loud ones, by up to 30 dB.

    Args:
        recording: What is levelled; it is read when this is.
        channel: Which channel of it; the others are read with its gains.
    """

    def __init__(self, recording: Recording, channel: int) -> None:
        super().__init__(recording.pcm)
        loudness = np.concatenate([np.zeros(0), *map(_loudness, recording.blocks(channel))])
        self._gains = _gains(loudness)

    def samples(self, channel: int, start: int = 0, end: int | None = None) -> Samples:
        """Reads a part of the channel."""
        read = super().samples(channel, start, end)
        middles = (np.arange(len(self._gains)) + 0.5) * _FRAME
        gains = np.interp(start + np.arange(len(read)), middles, self._gains)
        return np.clip(read * gains, -1, 1).astype(np.float32)


def _loudness(block: Samples) -> NDArray[np.float64]:
    padded = np.pad(block, (0, -len(block) % _FRAME)).reshape(-1, _FRAME)
    return np.asarray(np.sqrt(np.mean(np.square(padded, dtype=np.float64), axis=1)))


def _gains(loudness: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(loudness):
        return np.ones(1)
    around = gaussian_filter1d(maximum_filter1d(loudness + _SILENT, _AROUND_FRAMES), _SMOOTHED_FRAMES)
    return np.asarray(np.clip(np.percentile(loudness, _LOUD_PERCENTILE) / around, 1.0, _MOST_GAIN))
