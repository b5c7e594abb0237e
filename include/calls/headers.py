"""What a call's header says, whether it lies in one file, in two, or nowhere."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from include.calls.call import Call
from include.calls.day_folder import DayFolder
from include.calls.parts import Part
from include.calls.probing import read_header
from include.errors import InvalidInput

if TYPE_CHECKING:
    from include.audio_files.header import Header


def header_of(folder: DayFolder, call: Call) -> "Header":
    """Reads the header of a call.

    Args:
        folder: The day's.
        call: As it was listed.

    Raises:
        InvalidInput: It is no recording, or its sides do not fit together.
        OSError: The store does not give it.
    """
    if not call.parts:
        return read_header(folder.filesystem, folder.path_of(call), call.size_bytes)
    # With numpy 0.3 s of CPU, which tasks that discover nothing do not pay.
    from include.audio_files.header import Header  # noqa: PLC0415

    headers = [_of_part(folder, part) for part in call.parts]
    rates = sorted({header.sample_rate_hz for header in headers})
    if len(rates) > 1:
        raise InvalidInput(
            f"its two sides have different sample rates ({' and '.join(map(str, rates))} Hz): convert one"
        )
    return Header(
        max(header.duration_s for header in headers),
        rates[0],
        sum(header.channels for header in headers),
        any(header.estimated for header in headers),
    )


def are_sides(folder: DayFolder, parts: Sequence[Part]) -> bool:
    """Whether files that are named like two sides of a call can be that: each has one channel.

    A file that cannot be read is taken for a side: the call is then reported as unreadable.
    """
    try:
        return all(_of_part(folder, part).channels == 1 for part in parts if part.size_bytes)
    except Exception:
        return True


def _of_part(folder: DayFolder, part: Part) -> "Header":
    name = part.path.rpartition("/")[2]
    if part.size_bytes == 0:
        raise InvalidInput(f"its side {name} is empty: copy it again")
    try:
        header = read_header(folder.filesystem, folder.place_of(part.path), part.size_bytes, part.raw)
    except InvalidInput as error:
        if part.raw:
            raise
        raise InvalidInput(f"its side {name}: {error}") from error
    if not header.duration_s:
        raise InvalidInput(f"its side {name} holds no sound, only a header: copy it again")
    return header
