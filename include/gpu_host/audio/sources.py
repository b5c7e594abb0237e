"""Opens recordings with one of two libraries: libsndfile, and FFmpeg for what it does not read.

Both come as blocks of float32; what goes wrong inside them comes as `RecordingUnusable`.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import av
import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from include.audio_files import ffmpeg
from include.audio_files.libraries import LIBRARY_ERRORS
from include.audio_files.spliced import SplicedFile
from include.audio_files.whole import as_one
from include.errors import RecordingUnusable
from include.gpu_host.audio import mp3_header
from include.gpu_host.audio.ogg_pages import read_pages
from include.gpu_host.audio.recording import Samples

_BLOCK_S = 1
# Junk before the first frame and a cut last one are common.
_JUNK_PACKETS = 20
# Recorders that leave silence out write nothing for it, and go on at a later time.
_GAP_S = 0.2
# No codec has frames of less than 2.5 ms (Opus): more packets than this are made to keep the host busy.
_MAX_PACKETS_PER_S = 1000
_FREE_PACKETS = 100_000
_CHANGES = "its sample rate, channels or codec change"


class _File(FileIO):
    """PyAV prints a traceback when a damaged file sends FFmpeg to a place that is none; this tells FFmpeg."""

    def seek(self, position: int, whence: int = 0, /) -> int:
        try:
            return super().seek(position, whence)
        except OSError:
            return -1


class NotAudio(RecordingUnusable):
    """The bytes are no audio format that libsndfile or FFmpeg knows."""


@dataclass(frozen=True)
class Source:
    """An open recording.

    Attributes:
        promised_s: Length that the header states; None where it states none.
        blocks: Each of shape (frames, channels), about a second of it.
    """

    rate_hz: int
    channels: int
    promised_s: float | None
    blocks: Iterator[Samples]


class _Frame(NamedTuple):
    """What one frame holds.

    Attributes:
        time_s: When it begins, where its container says so.
        samples: Shape (frames, channels).
    """

    time_s: float | None
    rate_hz: int
    samples: Samples


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Opens a file with the first library that reads it.

    A WAV whose header does not tell where all of its audio is comes as one whose header does.

    Raises:
        NotAudio: None does, or it holds no sound.
        RecordingUnusable: Its beginning is damaged, or it is an Ogg file that was cut.
    """
    pages = read_pages(path)
    with ExitStack() as closing:
        # Without a buffer: libsndfile goes on where the operating system is in the file.
        file = closing.enter_context(_File(path))
        mended = as_one(cast(BinaryIO, file), path.stat().st_size)
        by_libsndfile = None if pages and pages.is_chained else _by_libsndfile(file, mended, closing)
        yield by_libsndfile or _by_ffmpeg(mended or file, path, closing)


def _by_libsndfile(file: _File, mended: SplicedFile | None, closing: ExitStack) -> Source | None:
    whole = mended or file
    whole.seek(0)
    # soundfile seeks after each read, and an MP3 clicks there: its frames lean on those before them.
    begin = whole.read(3)
    if begin == b"ID3" or (begin[:1] == b"\xff" and begin[1:2] >= b"\xe0"):
        return None
    whole.seek(0)
    try:
        # By its number: by its name, libsndfile would also look for a file of the same name beside it.
        sound = closing.enter_context(soundfile.SoundFile(mended or file.fileno(), closefd=False))
    except LIBRARY_ERRORS:
        return None
    # Recorders that stream may write a length of 0, which FFmpeg knows.
    if not sound.frames:
        return None
    # A length that the format does not state comes as the largest 64-bit number.
    known = 0 < sound.frames < 1 << 62 and sound.samplerate > 0
    # Of a FLAC that was streamed or never finished, libsndfile fails at the last second; FFmpeg reads it.
    if not known and sound.format == "FLAC":
        return None
    promised_s = sound.frames / sound.samplerate if known else None
    return Source(sound.samplerate, sound.channels, promised_s, _sound_blocks(sound))


def _sound_blocks(sound: soundfile.SoundFile) -> Iterator[Samples]:
    rate_hz, done = sound.samplerate, 0
    while True:
        try:
            # Not sound.blocks(): it refuses what cannot be sought in, like the GSM that Asterisk writes.
            block = sound.read(_BLOCK_S * rate_hz, dtype="float32", always_2d=True)
        except LIBRARY_ERRORS as error:
            raise _broken(done / rate_hz, error) from error
        if not len(block):
            return
        done += len(block)
        yield block


def _by_ffmpeg(file: SplicedFile | _File, path: Path, closing: ExitStack) -> Source:
    file.seek(0)
    try:
        container = ffmpeg.opened(file)
    except LIBRARY_ERRORS as error:
        raise NotAudio(
            "The body is no audio format that libsndfile or FFmpeg knows: send WAV, FLAC, Ogg or MP3."
        ) from error
    return _av_source(closing.enter_context(container), path)


def _av_source(container: InputContainer, path: Path) -> Source:
    """Rate and channels are those of the first frame: headers of AAC and others may state half of it."""
    if not container.streams.audio:
        raise NotAudio("The file holds no audio stream: send a recording with sound.")
    if len(container.streams.audio) > 1:
        raise RecordingUnusable(f"{ffmpeg.several_tracks(len(container.streams.audio))}.")
    bare = ffmpeg.is_bare(container)
    frames = _frames(container, container.streams.audio[0], bare=bare)
    first = next(frames, None)
    if first is None:
        raise RecordingUnusable(
            "The recording holds no audio frames: check the recorder, then upload it again."
        )
    length_s = container.duration / av.time_base if container.duration else None
    return Source(
        rate_hz=first.rate_hz,
        channels=first.samples.shape[1],
        promised_s=mp3_header.promised_s(path) if bare else length_s,
        blocks=_av_blocks(first, chain([first], frames)),
    )


def _av_blocks(first: _Frame, frames: Iterable[_Frame]) -> Iterator[Samples]:
    """Frames on the time line of their container, some of them a block."""
    rate_hz, channels = first.rate_hz, first.samples.shape[1]
    begin_s, done = first.time_s or 0.0, 0
    pieces: list[Samples] = []
    for frame in frames:
        if (frame.rate_hz, frame.samples.shape[1]) != (rate_hz, channels):
            raise _broken(done / rate_hz, _CHANGES)
        missing_s = frame.time_s - begin_s - done / rate_hz if frame.time_s is not None else 0.0
        for piece in chain(_silence(missing_s, rate_hz, channels), [frame.samples]):
            pieces.append(piece)
            done += len(piece)
            if sum(map(len, pieces)) >= _BLOCK_S * rate_hz:
                yield np.concatenate(pieces)
                pieces = []
    if pieces:
        yield np.concatenate(pieces)


def _silence(missing_s: float, rate_hz: int, channels: int) -> Iterator[Samples]:
    """Recorders that leave silence out go on at a later time: it is put back, so that times stay true."""
    missing = round(missing_s * rate_hz) if missing_s > _GAP_S else 0
    while missing > 0:
        yield np.zeros((min(missing, _BLOCK_S * rate_hz), channels), dtype=np.float32)
        missing -= _BLOCK_S * rate_hz


def _frames(container: InputContainer, stream: AudioStream, *, bare: bool) -> Iterator[_Frame]:
    """Decodes packet by packet.

    Some junk before the first frame and after the last is left out, and in bare frames between them, too. In
    a container, what cannot be decoded between frames is damage.
    """
    done_s, failed = 0.0, 0
    try:
        for number, packet in enumerate(container.demux(stream)):
            frames = _decoded(packet)
            failed += frames is None
            if failed > _JUNK_PACKETS or (failed and frames and done_s and not bare):
                raise _broken(done_s, "it cannot be decoded there")
            if number > _FREE_PACKETS + _MAX_PACKETS_PER_S * done_s:
                raise RecordingUnusable(
                    f"The recording comes in {number} pieces for {done_s:.0f} s of sound."
                )
            for frame in frames or []:
                failed = 0
                done_s += len(frame.samples) / frame.rate_hz
                yield frame
    except LIBRARY_ERRORS as error:
        raise _broken(done_s, error) from error


def _decoded(packet: "Packet[AudioStream]") -> list[_Frame] | None:
    """None when it cannot be."""
    try:
        frames = [frame for frame in packet.decode() if frame.samples and frame.sample_rate]
        return [_Frame(frame.time, frame.sample_rate, _samples(frame)) for frame in frames]
    except LIBRARY_ERRORS:
        return None


def _samples(frame: AudioFrame) -> Samples:
    """Shape (frames, channels) in -1..1."""
    values: NDArray[Any] = frame.to_ndarray()
    shaped = values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)
    as_float: Samples = shaped.astype(np.float32)
    if values.dtype == np.uint8:
        return as_float / np.float32(128) - np.float32(1)
    if np.issubdtype(values.dtype, np.integer):
        return as_float / np.float32(-float(np.iinfo(values.dtype).min))
    return as_float


def _broken(at_s: float, reason: object) -> RecordingUnusable:
    mend = "copy it again"
    # FFmpeg says so of an Ogg that goes on with other channels, or in another codec.
    if reason is _CHANGES or isinstance(reason, av.PatchWelcomeError):
        reason, mend = _CHANGES, "split it there into files of their own"
    elif isinstance(reason, av.FFmpegError):
        reason = reason.strerror  # and neither its number nor the name that the file has on this machine
    return RecordingUnusable(f"The recording is broken at {at_s:.1f} s ({reason}): {mend}.")
