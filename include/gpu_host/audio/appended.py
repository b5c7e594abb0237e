"""A second recording behind the first in one file, of which libraries hear the first alone.

Of Ogg, MP3, WAV and some others all are heard; these are told: half a call is not taken for all of it.
"""

import mmap
import re
from pathlib import Path
from typing import NamedTuple

from include.errors import RecordingUnusable


class _Beginning(NamedTuple):
    """How files of a format begin, so that chance writes no such bytes.

    Attributes:
        what: The format's name.
        literal: What is searched for.
        at: Where in the beginning it stands.
        whole: All of the beginning.
    """

    what: str
    literal: bytes
    at: int
    whole: re.Pattern[bytes]


_WAVE64 = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_BEGINNINGS = (
    _Beginning("FLAC", b"fLaC", 0, re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")),
    _Beginning("MP4", b"ftyp", 4, re.compile(rb"\x00\x00\x00.ftyp[ -~]{4}\x00", re.DOTALL)),
    _Beginning("AIFF", b"FORM", 0, re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL)),
    _Beginning("CAF", b"caff", 0, re.compile(rb"caff\x00\x01\x00\x00desc")),
    _Beginning("AU", b".snd", 0, re.compile(rb"\.snd\x00\x00..\x00*", re.DOTALL)),
    _Beginning("Wave64", _WAVE64, 0, re.compile(re.escape(_WAVE64))),
    _Beginning("Windows Media", _ASF, 0, re.compile(re.escape(_ASF))),
    _Beginning("Flash", b"FLV\x01", 0, re.compile(rb"FLV\x01.\x00\x00\x00\x09", re.DOTALL)),
    _Beginning("TTA", b"TTA1", 0, re.compile(rb"TTA1[\x01\x02]\x00")),
)
_LONGEST_BEGINNING = 32


def refuse_appended(path: Path) -> None:
    """Refuses a file that holds a second recording of its own format.

    Raises:
        RecordingUnusable: It does.
    """
    with path.open("rb") as file:
        begin = file.read(_LONGEST_BEGINNING)
        own = next((one for one in _BEGINNINGS if one.whole.match(begin)), None)
        if own is None:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _LONGEST_BEGINNING
            while (found := content.find(own.literal, found + 1)) >= 0:
                if own.whole.match(content[found - own.at : found - own.at + _LONGEST_BEGINNING]):
                    raise RecordingUnusable(
                        f"The {own.what} file holds two recordings, one after the other: split it into files "
                        "of their own."
                    )
