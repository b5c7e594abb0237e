"""Channels that hold the same: as loud, louder, softer, upside down, beside zero, or some milliseconds later.

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
# Devices that record each side by itself begin some milliseconds apart.
_MOST_LAG = 800
_LOUDEST_BLOCKS = 4
_CORRELATED_ABOVE = 0.9
# What comes later and is softer than this is an echo of the other side on a line where nobody speaks.
_SOFTEST_LATER = 0.4


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
    if _fits(channel, of, _sum(channel, of) / power):
        return True
    lag = _lag(channel, of)
    if not lag:
        return False
    later, earlier = channel[max(0, lag) :], of[max(0, -lag) :]
    length = min(len(later), len(earlier))
    later, earlier = later[:length], earlier[:length]
    gain = _sum(later, earlier) / max(1.0, _sum(earlier, earlier))
    return abs(gain) >= _SOFTEST_LATER and _fits(later, earlier, gain)


def _fits(channel: NDArray[np.int16], of: NDArray[np.int16], gain: float) -> bool:
    return all(
        _are_alike(one, gain * other) for one, other in zip(_blocks(channel), _blocks(of), strict=True)
    )


def _lag(channel: NDArray[np.int16], of: NDArray[np.int16]) -> int:
    """How many samples later than another one a channel has the same; 0 where it does not.

    It is the largest normalised correlation over the loudest blocks, whichever way up.
    """
    loudness = [_loudness(block) for block in _blocks(of)]
    loudest = sorted(range(len(loudness)), key=lambda n: -loudness[n])[:_LOUDEST_BLOCKS]
    correlation, powers = np.zeros(2 * _MOST_LAG + 1), 0.0
    for number in loudest:
        start = number * _BLOCK
        one, other = (np.asarray(side[start : start + _BLOCK], np.float64) for side in (channel, of))
        one, other = one - one.mean(), other - other.mean()
        size = 1 << int(2 * _BLOCK - 1).bit_length()
        whole = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
        correlation += np.concatenate([whole[-_MOST_LAG:], whole[: _MOST_LAG + 1]])
        powers += float(np.linalg.norm(one) * np.linalg.norm(other))
    best = int(np.abs(correlation).argmax())
    return best - _MOST_LAG if abs(correlation[best]) > _CORRELATED_ABOVE * powers > 0 else 0


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
        block = channel[start : start + _BLOCK].astype(np.float64)
        yield block - block.mean()  # what a converter adds is no sound
