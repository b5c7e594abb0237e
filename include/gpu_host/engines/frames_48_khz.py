"""Runs a filter of 48 kHz frames over 16 kHz blocks: what DeepFilterNet3 and RNNoise have in common."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import soxr

from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Samples

RATE_HZ = 48_000
FRAME_SAMPLES = 480
FrameFilter = Callable[[Samples], Samples]


def filtered(blocks: Iterable[Samples], frame_filter: FrameFilter, delay_samples: int) -> Iterator[Samples]:
    """Filters one 16 kHz channel at 48 kHz; what comes out has the blocks that went in, at the same times.

    Args:
        blocks: Each of shape (frames,), of any length. No more than two of them are in memory.
        frame_filter: Called with each 10 ms in order, shape (480,); answers with the same shape.
        delay_samples: How much later, at 48 kHz, the filter says what it heard.
    """
    lengths: deque[int] = deque()
    wide = _resampled(_noted(blocks, lengths), SAMPLE_RATE_HZ, RATE_HZ)
    clean = (
        np.concatenate([frame_filter(frame) for frame in frames]) for frames in _framed(wide, delay_samples)
    )
    return _cut_to(_resampled(_without_first(clean, delay_samples), RATE_HZ, SAMPLE_RATE_HZ), lengths)


def _noted(blocks: Iterable[Samples], lengths: deque[int]) -> Iterator[Samples]:
    for block in blocks:
        lengths.append(len(block))
        yield block


def _resampled(blocks: Iterable[Samples], from_hz: int, to_hz: int) -> Iterator[Samples]:
    """The resampler holds back what it cannot know yet, and gives it at the end: nothing is late or lost."""
    stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block, dtype=np.float32))
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def _framed(blocks: Iterable[Samples], delay_samples: int) -> Iterator[Samples]:
    """Whole frames, shape (n > 0, 480); silence follows the end until the filter has said the last of it."""
    rest = np.zeros(0, dtype=np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) - len(rest) % FRAME_SAMPLES
        if whole:
            yield rest[:whole].reshape(-1, FRAME_SAMPLES)
        rest = rest[whole:]
    padded = np.pad(rest, (0, delay_samples))
    yield np.pad(padded, (0, -len(padded) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)


def _without_first(blocks: Iterable[Samples], samples: int) -> Iterator[Samples]:
    for block in blocks:
        yield block[samples:]
        samples = max(0, samples - len(block))


def _cut_to(blocks: Iterable[Samples], lengths: deque[int]) -> Iterator[Samples]:
    """Cuts a stream to blocks of the lengths that are asked for, and drops what is over at its end."""
    held = np.zeros(0, dtype=np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while lengths and lengths[0] <= len(held):
            length = lengths.popleft()
            yield held[:length]
            held = held[length:]
    while lengths:
        length = lengths.popleft()
        yield np.pad(held, (0, max(0, length - len(held))))[:length]
        held = held[length:]
