"""A decoded recording: 16-bit samples at 16 kHz on disk, so that hours take no more memory than minutes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host.audio.same_channels import without_copies

Samples = NDArray[np.float32]
Pcm = NDArray[np.int16]

SAMPLE_RATE_HZ = 16_000
# One channel of a block takes 2 MB as float32.
BLOCK_S = 30.0
_FULL_SCALE = np.float32(32768)
_SILENCE = 1e-12


class Recording:
    """Channels of 16-bit samples; what is read of them comes as float32 in -1..1.

    Args:
        channels: At least one, each of shape (frames,), all of the same length; usually memory-mapped files.
    """

    def __init__(self, channels: Sequence[Pcm]) -> None:
        self._channels = list(channels)

    @classmethod
    def of(cls, samples: Samples) -> "Recording":
        """A recording of samples in memory, shape (channels, frames)."""
        return cls([_as_pcm(channel) for channel in samples])

    @property
    def pcm(self) -> list[Pcm]:
        """The samples as they lie on disk, a channel each."""
        return self._channels

    @property
    def channels(self) -> range:
        """Numbers of the channels, from 0."""
        return range(len(self._channels))

    @property
    def frames(self) -> int:
        """Samples of each channel."""
        return len(self._channels[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / SAMPLE_RATE_HZ

    @property
    def whole(self) -> Span:
        """The recording as a span."""
        return Span(start_ms=0, end_ms=round(self.duration_s * 1000))

    def samples(self, channel: int, start: int = 0, end: int | None = None) -> Samples:
        """Reads a part of one channel, shape (frames,)."""
        return self._channels[channel][start:end].astype(np.float32) / _FULL_SCALE

    def heard(self, channel: int, spans: Sequence[Span]) -> Samples:
        """Reads spans of one channel, one after the other, shape (frames,)."""
        pieces = [self.samples(channel, sample_of(s.start_ms), sample_of(s.end_ms)) for s in spans]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)

    def blocks(self, channel: int, block_s: float = BLOCK_S) -> Iterator[Samples]:
        """Reads one channel from its beginning to its end, block by block."""
        length = round(block_s * SAMPLE_RATE_HZ)
        for start in range(0, self.frames, length):
            yield self.samples(channel, start, start + length)


class RecordingWriter:
    """Collects channels in files without a name: they are gone with the process, however it ends.

    Args:
        scratch: Folder on a disk with room for 32 kB per channel and second.
        channels: How many.
    """

    def __init__(self, scratch: Path, channels: int) -> None:
        # They stay open as long as the writer: `close`.
        self._files: list[BinaryIO] = [TemporaryFile(dir=scratch) for _ in range(channels)]  # noqa: SIM115
        self._frames = 0

    def write(self, block: NDArray[np.float32]) -> None:
        """Appends a block of shape (frames, channels), best of a second or so."""
        pcm = _as_pcm(block)
        self._frames += len(pcm)
        for file, channel in zip(self._files, pcm.T, strict=True):
            file.write(channel.tobytes())

    def finished(self) -> Recording:
        """What was written. Channels in which the same is heard are one: nobody is transcribed twice."""
        if not self._frames:
            return Recording([np.zeros(0, dtype=np.int16)])
        channels = [_mapped(file, self._frames) for file in self._files]
        return Recording(without_copies(channels))

    def close(self) -> None:
        """Closes the files; what was mapped from them stays readable."""
        for file in self._files:
            file.close()


def sample_of(time_ms: int) -> int:
    """The sample at a time."""
    return time_ms * SAMPLE_RATE_HZ // 1000


def level_db(samples: Samples) -> float:
    """How loud samples are: their mean power, in dBFS; -120 for silence."""
    power = np.mean(np.square(samples, dtype=np.float64)) if len(samples) else 0.0
    return float(10 * np.log10(power + _SILENCE))


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """One channel, shape (frames,), at another rate."""
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.float32)


def write_flac(path: Path, channels: Sequence[Iterator[Samples]]) -> None:
    """Writes channels as 16-bit FLAC at 16 kHz, block by block.

    Args:
        path: Created or replaced.
        channels: Blocks of each channel; the blocks of all channels have the same lengths.
    """
    with soundfile.SoundFile(
        path, "w", SAMPLE_RATE_HZ, len(channels), format="FLAC", subtype="PCM_16"
    ) as file:
        for blocks in zip(*channels, strict=True):
            file.write(np.stack(blocks, axis=1))


def _as_pcm(samples: Samples) -> Pcm:
    scaled = np.rint(np.clip(np.nan_to_num(samples), -1, 1) * _FULL_SCALE)
    pcm: Pcm = np.minimum(scaled, _FULL_SCALE - 1).astype(np.int16)
    return pcm


def _mapped(file: BinaryIO, frames: int) -> Pcm:
    file.flush()
    return np.memmap(file, dtype=np.int16, mode="r", shape=(frames,))
