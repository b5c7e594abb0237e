"""A file that libsndfile does not read, read as libsndfile reads others: by FFmpeg."""

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from include.audio_files import ffmpeg
from include.audio_files.libraries import LIBRARY_ERRORS
from include.errors import RecordingUnusable


class FfmpegSound:
    """The part of `soundfile.SoundFile` that reads from the beginning to the end.

    Args:
        file: Binary and seekable; its packets are gone through once, to know its length.

    Attributes:
        samplerate: Of each channel, in Hz.
        channels: How many.

    Raises:
        RecordingUnusable: It is no sound, or holds several tracks.
    """

    def __init__(self, file: Any) -> None:
        seconds = _seconds(file)
        self._blocks = _decoded(file)
        first = next(self._blocks, None)
        if first is None or not seconds:
            raise RecordingUnusable("it holds no sound that FFmpeg reads: convert it to WAV")
        self.samplerate, self._left = first
        self.channels = self._left.shape[1]
        self._frames = round(seconds * self.samplerate)

    def __len__(self) -> int:
        """Frames of each channel, as the packets state them."""
        return self._frames

    def read(self, frames: int, **_: object) -> NDArray[np.float32]:
        """The next frames, shape (frames, channels); fewer at the end."""
        while len(self._left) < frames and (block := next(self._blocks, None)):
            self._left = np.concatenate([self._left, block[1]])
        read, self._left = self._left[:frames], self._left[frames:]
        return read


def _opened(file: Any) -> tuple[Any, Any]:
    file.seek(0)
    try:
        container = ffmpeg.opened(file)
    except LIBRARY_ERRORS as error:
        raise RecordingUnusable("neither libsndfile nor FFmpeg knows it: convert it to WAV") from error
    tracks = container.streams.audio
    if len(tracks) != 1:
        raise RecordingUnusable(
            ffmpeg.several_tracks(len(tracks)) if tracks else "it holds no sound: move it"
        )
    return container, tracks[0]


def _seconds(file: Any) -> float:
    container, track = _opened(file)
    with container:
        try:
            packets = (packet for packet in container.demux(track) if packet.size)
            return float(sum((packet.duration or 0) * (packet.time_base or 0) for packet in packets))
        except LIBRARY_ERRORS as error:
            raise RecordingUnusable("it is broken: copy it again") from error


def _decoded(file: Any) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Blocks of shape (frames, channels), each with its rate."""
    container, track = _opened(file)
    with container:
        as_float = av.AudioResampler(format="fltp")
        try:
            for frame in container.decode(track):
                for block in as_float.resample(frame):
                    yield frame.sample_rate, np.ascontiguousarray(block.to_ndarray().T)
        except LIBRARY_ERRORS as error:
            raise RecordingUnusable("it is broken: copy it again") from error
