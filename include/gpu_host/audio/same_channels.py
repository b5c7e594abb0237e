"""Channels that hold the same: as loud, louder, softer, or upside down.

Two sides of a call differ by more than what they hold (+3 dB); one voice in two channels, through a stereo
codec or a room, by -20 dB and less (a speech of 1961: -30 dB on average, -21 dB in its worst second).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_ALIKE_BELOW_DB = -15.0
_FULL_SCALE = 32768.0
# Below it (-55 dBFS) nobody hears a difference.
_FLOOR = 10 ** (-55 / 20) * _FULL_SCALE
# Samples at once: a second at 16 kHz. A word that only one channel has shows in its second.
_BLOCK = 16_000


def without_copies(channels: Sequence[NDArray[np.int16]]) -> list[NDArray[np.int16]]:
    """The channels, but for those in which nothing else is heard than in a louder one.

    Args:
        channels: Each of shape (frames,), of the same length.

    Returns:
        At least one, in the order given.
    """
    power = [_sum(channel, channel) for channel in channels]
    kept: list[int] = []
    for number in sorted(range(len(channels)), key=lambda n: (-power[n], n)):
        if not any(_is_copy(channels[number], channels[n], power[n]) for n in kept):
            kept.append(number)
    return [channels[number] for number in sorted(kept)]


def _is_copy(channel: NDArray[np.int16], of: NDArray[np.int16], power: float) -> bool:
    """Whether a channel is another one with a gain; silence is a copy of the same silence only."""
    if all(_loudness(block) <= _FLOOR for block in _blocks(channel)):
        return _sum(channel, channel) == power
    gain = _sum(channel, of) / power
    return all(
        _are_alike(one, gain * other) for one, other in zip(_blocks(channel), _blocks(of), strict=True)
    )


def _are_alike(block: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    loudest = max(_loudness(block), _loudness(other))
    return _loudness(block - other) <= max(_FLOOR, loudest * 10 ** (_ALIKE_BELOW_DB / 20))


def _loudness(block: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(block))))


def _sum(channel: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    # Not `@`: BLAS would share these out among threads that cost a hundred times what they save.
    pairs = zip(_blocks(channel), _blocks(other), strict=True)
    return float(sum(np.einsum("i,i->", one, two) for one, two in pairs))


def _blocks(channel: NDArray[np.int16]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(channel), _BLOCK):
        yield channel[start : start + _BLOCK].astype(np.float64)
