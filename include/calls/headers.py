"""What a call's header says, whether it lies in one file, in two, or nowhere."""

from fsspec import AbstractFileSystem

from include.calls.parts import Part
from include.calls.probing import Header, read_header
from include.errors import InvalidInput


def header_of(filesystem: AbstractFileSystem, root: str, path: str, parts: tuple[Part, ...]) -> Header:
    """Reads the header of a call.

    Args:
        filesystem: fsspec's.
        root: The folder on it that the paths are below.
        path: Of the call.
        parts: Of the call, if it has some.

    Raises:
        InvalidInput: It is no recording, or its sides do not fit together.
        OSError: The store does not give it.
    """
    if not parts:
        return read_header(filesystem, f"{root}/{path}")
    headers = [_of_part(filesystem, root, part) for part in parts]
    rates = sorted({header.sample_rate_hz for header in headers})
    if len(rates) > 1:
        raise InvalidInput(
            f"its two sides have different sample rates ({' and '.join(map(str, rates))} Hz): convert one"
        )
    return Header(
        max(header.duration_s for header in headers), rates[0], sum(header.channels for header in headers)
    )


def are_sides(filesystem: AbstractFileSystem, root: str, parts: tuple[Part, ...]) -> bool:
    """Whether files that are named like two sides of a call can be that: each has one channel.

    What cannot be read is believed to be a side: it is the call's trouble then.
    """
    try:
        return all(_of_part(filesystem, root, part).channels == 1 for part in parts if part.size_bytes)
    except (InvalidInput, OSError):
        return True


def _of_part(filesystem: AbstractFileSystem, root: str, part: Part) -> Header:
    if part.raw:
        duration_s = part.raw.duration_s(part.size_bytes)
        return Header(duration_s, part.raw.sample_rate_hz, part.raw.channels)
    if part.size_bytes == 0:
        raise InvalidInput(f"its side {part.path.rpartition('/')[2]} is empty: copy it again")
    try:
        return read_header(filesystem, f"{root}/{part.path}")
    except InvalidInput as error:
        raise InvalidInput(f"its side {part.path.rpartition('/')[2]}: {error}") from error
