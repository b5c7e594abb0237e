"""A recording as libraries can read all of it, whatever its header says of its length; cut ones are refused.

Discovery, the GPU host, and whoever joins two sides of a call open their files through it.
"""

from typing import BinaryIO

from include.audio_files import fragmented, unfinished, wav
from include.audio_files.behind import read_at, tag_bytes
from include.audio_files.spliced import SplicedFile
from include.errors import RecordingUnusable

# A tag before one of these is no beginning of an MP3, but a tag that something put before a whole file.
_BEHIND_A_TAG = (b"RIFF", b"RF64", b"riff\x2e\x91", b"OggS", b"fLaC", b"FORM", b".snd", b"caff", b"#!AMR")
# Pictures are in tags of music, and in those of MP3.
_MOST_TAG_BYTES = 1024 * 1024
# Where no rate tells how long what is missing lasts, this share may be.
_ROUNDED_SHARE = 0.01


def as_one(file: BinaryIO, size_bytes: int) -> SplicedFile | None:
    """A file that libraries would read wrongly, or a part of, as one that they read whole.

    Args:
        file: Any file, seekable.
        size_bytes: Its size.

    Returns:
        What to read in its place; None when the file can be read as it is.

    Raises:
        RecordingUnusable: It holds audio of two formats, or its chunks make no sense.
    """
    bare = without_tag(file, size_bytes)
    whole, size = (bare, bare.size_bytes) if bare else (file, size_bytes)
    return wav.as_one(whole, size) or unfinished.as_one(whole, size) or bare  # type: ignore[arg-type]


def without_tag(file: BinaryIO, size_bytes: int) -> SplicedFile | None:
    """A file behind an ID3 tag that does not belong to its format; None where there is none."""
    tag = tag_bytes(read_at(file, 0, 10))
    # Read through, as FFmpeg does: each leap costs a store a request more.
    if not tag or tag > _MOST_TAG_BYTES or not read_at(file, 0, tag + 8)[tag:].startswith(_BEHIND_A_TAG):
        return None
    return SplicedFile(b"", file, [(tag, size_bytes - tag)])


def refuse_truncated(file: BinaryIO, size_bytes: int, tolerated_s: float) -> None:
    """Refuses a file that is shorter than its header says.

    Args:
        file: Any file; what states no length passes, but for a fragmented MP4 that breaks off.
        size_bytes: Its size.
        tolerated_s: This much may be missing.

    Raises:
        RecordingUnusable: It breaks off, or its chunks make no sense.
    """
    bare = without_tag(file, size_bytes)
    if bare:
        file, size_bytes = bare, bare.size_bytes  # type: ignore[assignment]
    stated = unfinished.stated_sound(file, size_bytes)
    fragmented.refuse_cut(file, size_bytes)
    if stated is None:
        wav.refuse_truncated(file, size_bytes, tolerated_s)
        return
    promised, held = stated.declared or 0, max(0, size_bytes - stated.start)
    tolerated_bytes = tolerated_s * stated.byte_rate or promised * _ROUNDED_SHARE
    if promised - held > min(tolerated_bytes, promised / 10):
        raise RecordingUnusable(
            f"The {stated.container} file breaks off: its header promises {promised} bytes of sound and "
            f"{held} are there. Copy it again."
        )
