"""Reading a recording's header: how long it is and how many channels it has, before anything is uploaded."""

from dataclasses import dataclass

from fsspec import AbstractFileSystem

from include.errors import InvalidInput

FORMATS = "WAV, FLAC, Ogg or MP3"
# Object stores read ahead by their block: a header is not worth megabytes.
_BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Header:
    """What a recording says of itself."""

    duration_s: float
    sample_rate_hz: int
    channels: int


def read_header(filesystem: AbstractFileSystem, path: str) -> Header:
    """Reads a recording's header.

    Raises:
        InvalidInput: It is no recording; the message says what is wrong and the mend.
        OSError: The store does not give it.
    """
    try:
        return _read(filesystem, path)
    except (InvalidInput, OSError):
        raise
    except Exception as error:  # each store's library has errors of its own
        raise OSError(str(error)) from error


def _read(filesystem: AbstractFileSystem, path: str) -> Header:
    import soundfile  # noqa: PLC0415 - with numpy 0.25 s of CPU, which tasks that discover nothing do not pay

    with filesystem.open(path, "rb", block_size=_BLOCK_BYTES) as file:
        try:
            header = soundfile.info(file)
        except soundfile.LibsndfileError as error:
            file.seek(0)
            file.read(1)  # libsndfile takes an error of the store for a wrong format
            raise InvalidInput(f"no recording: its content is not {FORMATS}") from error
    return Header(header.duration, header.samplerate, header.channels)
