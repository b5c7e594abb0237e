"""What the pages of an Ogg file say (RFC 3533): whether it is whole, and whether it is several recordings.

Players and decoders pass over both: half of a file is heard as if it were all, and of two recordings in one
file (recorders that append) libsndfile hears the last alone.
"""

from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from include.audio_files.behind import behind_tags, tag_bytes
from include.errors import RecordingUnusable

_CAPTURE = b"OggS"
_HEADER_BYTES = 27
# Of an ID3 tag that something put before the file, its head says how long it is.
_TAG_BYTES = 10
_FIRST_PAGE = 0x02


@dataclass(frozen=True)
class OggPages:
    """What was found.

    Attributes:
        is_chained: A recording follows another one in the same file.
    """

    is_chained: bool = False


def read_pages(path: Path) -> OggPages | None:
    """Goes through a file page by page, without reading what is in them; None when it is no Ogg file.

    Raises:
        RecordingUnusable: It ends within a page.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        begins = tag_bytes(file.read(_TAG_BYTES))
        file.seek(begins)
        if file.read(len(_CAPTURE)) != _CAPTURE:
            return None
        at, begun, is_chained = begins, False, False
        while True:
            page = _page(file, at)
            if page is None:
                begins, at = at, behind_tags(file, at)
                if at == begins:
                    break
                continue
            is_first, length = page
            is_chained = is_chained or (is_first and begun)
            begun = begun or not is_first
            at += length
            if at > size:
                raise RecordingUnusable(
                    "The Ogg file breaks off within one of its pages: it was cut, copy it again."
                )
        # What is no page after the last one is a tag that something appended, or the begin of a cut page.
        file.seek(at)
        if 0 < size - at < _HEADER_BYTES and file.read(4) == _CAPTURE:
            raise RecordingUnusable("The Ogg file breaks off: it was cut, copy it again.")
    return OggPages(is_chained)


def _page(file: BufferedReader, at: int) -> tuple[bool, int] | None:
    """Whether a page is the first of a stream, and its length in bytes; None where there is none."""
    file.seek(at)
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_CAPTURE):
        return None
    segments = header[26]
    lengths = file.read(segments)
    missing = segments - len(lengths)
    # A cut table of lengths is a cut page.
    return bool(header[5] & _FIRST_PAGE), _HEADER_BYTES + segments + sum(lengths) + missing
