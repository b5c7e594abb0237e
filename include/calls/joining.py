"""One WAV file of a call's parts, made while it is read: two sides become two channels of one recording."""

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from include.audio_files.raw import Encoding, describes_itself
from include.audio_files.whole import as_one, refuse_truncated
from include.calls.parts import Part
from include.errors import RecordingUnusable

if TYPE_CHECKING:
    import numpy as np
    import soundfile
    from numpy.typing import NDArray

    from include.audio_files.ffmpeg_sound import FfmpegSound

    _Sound: TypeAlias = soundfile.SoundFile | FfmpegSound

# Frames that are read at a time: 64 KiB of each side.
_PIECE_FRAMES = 32_768
_HEADER_BYTES = 44
_SIGNATURE_BYTES = 64
_UNSTATED_FRAMES = 1 << 62
# As the GPU host tolerates it: recorders lose their last buffer.
_MISSING_S = 1.0
_SUBTYPES = {Encoding.MULAW: "ULAW", Encoding.ALAW: "ALAW", Encoding.PCM_S16LE: "PCM_16"}
# Sizes in a WAV header have 32 bits.
_MOST_BYTES = 2**32 - _HEADER_BYTES


class JoinedRecording:
    """Reads like a file: 16-bit PCM, a channel for each of the parts'; shorter ones end in silence.

    Nothing is written, and no more than a piece of each part is in memory.

    Args:
        parts: In order of channel.
        files: The same, opened; closed with this.

    Raises:
        RecordingUnusable: A part is no sound, or they do not fit together.
        OSError: The store does not give one.
    """

    def __init__(self, parts: Sequence[Part], files: Sequence[IO[bytes]]) -> None:
        self._parts, self._files = parts, files
        self._sounds = [_opened(part, file) for part, file in zip(parts, files, strict=True)]
        rates = {sound.samplerate for sound in self._sounds}
        if len(rates) > 1:
            listed_rates = " and ".join(str(rate) for rate in sorted(rates))
            raise RecordingUnusable(f"its sides have different sample rates ({listed_rates} Hz): convert one")
        self._frames: int = max(len(sound) for sound in self._sounds)
        self._channels: int = sum(sound.channels for sound in self._sounds)
        self._rate_hz = rates.pop()
        self._pieces = self._written()
        self._left = b""
        if self.size_bytes > _MOST_BYTES:
            raise RecordingUnusable("its sides are too long for one WAV file of 4 GiB")

    def __enter__(self) -> "JoinedRecording":
        """Returns the recording itself, which is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the parts."""
        for file in self._files:
            file.close()

    @property
    def size_bytes(self) -> int:
        """Size of the whole file in bytes."""
        return _HEADER_BYTES + self._frames * self._channels * 2

    def read(self, size: int) -> bytes:
        """The next bytes; fewer than asked for only at the end."""
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        read, self._left = self._left[:size], self._left[size:]
        return read

    def _written(self) -> Iterator[bytes]:
        import numpy as np  # noqa: PLC0415 - 0.25 s of CPU, which tasks that join nothing do not pay

        yield self._header()
        for at in range(0, self._frames, _PIECE_FRAMES):
            count = min(_PIECE_FRAMES, self._frames - at)
            frames = np.concatenate([self._side(n, at, count) for n in range(len(self._sounds))], axis=1)
            yield np.clip(np.rint(frames * 32768), -32768, 32767).astype("<i2").tobytes()

    def _side(self, number: int, at: int, frames: int) -> "NDArray[np.float32]":
        """Frames of a part from a place on, silence behind its end.

        Raises:
            RecordingUnusable: It holds less than its header says.
        """
        sound, file, part = self._sounds[number], self._files[number], self._parts[number]
        read = _read(sound, frames, part)
        if min(frames, len(sound) - at) - len(read) > _MISSING_S * self._rate_hz:
            _ask_store(file)
            seconds = (at + len(read)) / self._rate_hz
            raise RecordingUnusable(f"its side {_name(part)} breaks off after {seconds:.1f} s: copy it again")
        return _padded(read, frames)

    def _header(self) -> bytes:
        data, frame_bytes = self.size_bytes - _HEADER_BYTES, self._channels * 2

        def u32(number: int) -> bytes:
            return number.to_bytes(4, "little")

        def u16(number: int) -> bytes:
            return number.to_bytes(2, "little")

        form = u16(1) + u16(self._channels) + u32(self._rate_hz) + u32(self._rate_hz * frame_bytes)
        chunk = b"fmt " + u32(16) + form + u16(frame_bytes) + u16(16)
        return b"RIFF" + u32(self.size_bytes - 8) + b"WAVE" + chunk + b"data" + u32(data)


def _opened(part: Part, file: IO[bytes]) -> "_Sound":
    import soundfile  # noqa: PLC0415 - with numpy 0.25 s of CPU

    begin = file.read(_SIGNATURE_BYTES)
    file.seek(0)
    try:
        if part.raw is None or describes_itself(begin):
            return _described(part, file)
        return soundfile.SoundFile(
            file,
            format="RAW",
            subtype=_SUBTYPES[part.raw.encoding],
            samplerate=part.raw.sample_rate_hz,
            channels=part.raw.channels,
            endian="LITTLE",
        )
    except (soundfile.LibsndfileError, RecordingUnusable) as error:
        _ask_store(file)
        if isinstance(error, RecordingUnusable):
            raise RecordingUnusable(f"its side {_name(part)}: {error}") from error
        message = f"its side {_name(part)} cannot be joined with the other: convert it to WAV"
        raise RecordingUnusable(message) from error


def _described(part: Part, file: IO[bytes]) -> "_Sound":
    """A side that says itself what it is: all of it, as discovery measured it."""
    import soundfile  # noqa: PLC0415

    from include.audio_files.ffmpeg_sound import FfmpegSound  # noqa: PLC0415

    refuse_truncated(file, part.size_bytes, _MISSING_S)  # type: ignore[arg-type]
    whole: Any = as_one(file, part.size_bytes) or file  # type: ignore[arg-type]
    whole.seek(0)
    try:
        sound = soundfile.SoundFile(whole)
    except soundfile.LibsndfileError:
        return FfmpegSound(whole)
    # What states no length comes as the largest number; of several recordings in an Ogg, it hears the last.
    stated = len(sound) < _UNSTATED_FRAMES and sound.format != "OGG"
    return sound if stated else FfmpegSound(whole)


def _ask_store(file: IO[bytes]) -> None:
    """Raises what the store has to say: libsndfile takes its errors for a wrong format, or an end."""
    file.seek(0)
    file.read(1)


def _name(part: Part) -> str:
    return part.path.rpartition("/")[2]


def _read(sound: "_Sound", frames: int, part: Part) -> "NDArray[np.float32]":
    import soundfile  # noqa: PLC0415

    try:
        read: NDArray[np.float32] = sound.read(frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RecordingUnusable) as error:
        raise RecordingUnusable(f"its side {_name(part)} is broken ({error}): copy it again") from error
    return read


def _padded(read: "NDArray[np.float32]", frames: int) -> "NDArray[np.float32]":
    """As many frames as asked for, silence behind those that there are."""
    import numpy as np  # noqa: PLC0415

    missing = frames - len(read)
    return np.pad(read, ((0, missing), (0, 0))) if missing else read
