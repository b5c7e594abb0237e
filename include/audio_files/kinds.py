"""What a file is that is no recording, by its first bytes, and what to do about it."""

import math
from collections import Counter
from typing import NamedTuple
from unicodedata import category

_COPY = "copy it again"
_UNPACK = "unpack it here, and delete it"
_MOVE = "move it out of the day's folder"
_EXPORT = "export it as WAV, FLAC, Ogg or MP3"
_DECRYPT = "decrypt it, and put the recording in its place"
# Bits per byte: audio and text stay below; 16 KiB are enough to tell.
_RANDOM_ABOVE_BITS, _RANDOM_FROM_BYTES = 7.95, 16 * 1024


class Kind(NamedTuple):
    """What a file is, with its article, and the mend."""

    what: str
    mend: str


_IN_PLACE = "saved in place of the recording: look at what it says, and download the recording again"
_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", Kind("a PDF document", _MOVE)),
    (b"PK\x03\x04", Kind("a ZIP archive or an Office document", _UNPACK)),
    (b"PK\x05\x06", Kind("an empty ZIP archive", _COPY)),
    (b"\x1f\x8b", Kind("compressed by gzip", _UNPACK)),
    (b"BZh", Kind("compressed by bzip2", _UNPACK)),
    (b"\xfd7zXZ\x00", Kind("compressed by xz", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("compressed by Zstandard", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7-Zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Kind("a RAR archive", _UNPACK)),
    (b"\x89PNG\r\n\x1a\n", Kind("a PNG picture", _MOVE)),
    (b"\xff\xd8\xff", Kind("a JPEG picture", _MOVE)),
    (b"GIF8", Kind("a GIF picture", _MOVE)),
    (b"BM", Kind("a bitmap picture", _MOVE)),
    (b"II*\x00", Kind("a TIFF picture", _MOVE)),
    (b"MM\x00*", Kind("a TIFF picture", _MOVE)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office document", _MOVE)),
    (b"{\\rtf", Kind("a text document (RTF)", _MOVE)),
    (b"SQLite format 3\x00", Kind("an SQLite database", _MOVE)),
    (b"\x7fELF", Kind("a program", _MOVE)),
    (b"MZ", Kind("a Windows program", _MOVE)),
    (b"MThd", Kind("a MIDI file: notes, not sound", _MOVE)),
    (b"\xd4\xc3\xb2\xa1", Kind("a network capture (pcap)", "export the call from it as WAV")),
    (b"\xa1\xb2\xc3\xd4", Kind("a network capture (pcap)", "export the call from it as WAV")),
    (b"\x0a\x0d\x0d\x0a", Kind("a network capture (pcapng)", "export the call from it as WAV")),
    (b"#!rtpplay1.0", Kind("an RTP dump", "export the call from it as WAV")),
    (b"Salted__", Kind("encrypted by OpenSSL", _DECRYPT)),
    (b"age-encryption.org/", Kind("encrypted by age", _DECRYPT)),
    (b"-----BEGIN PGP MESSAGE", Kind("encrypted by PGP", _DECRYPT)),
    (b"-----BEGIN", Kind("a key or a certificate", _MOVE)),
    (b"#EXTM3U", Kind("a playlist, not a recording", _MOVE)),
    (b"version https://git-lfs", Kind("a pointer of Git LFS", "fetch the recording itself")),
)
_FORMATS = (
    (b"RIFF", "a WAV or AVI file"),
    (b"RF64", "an RF64 file"),
    (b"fLaC", "a FLAC file"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"ftyp", "an MP4 or 3GP file"),
    (b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (b"#!AMR", "an AMR file"),
    (b"FORM", "an AIFF file"),
    (b".snd", "an AU file"),
    (b"caff", "a CAF file"),
    (b"FLV\x01", "a Flash video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
)
# Public-key encrypted session keys of OpenPGP: old packet format, version 3.
_PGP = tuple(bytes([tag]) for tag in (0x84, 0x85, 0x86))
_PGP_VERSIONS_AT = {0x84: 2, 0x85: 3, 0x86: 5}


def kind_of(begin: bytes) -> Kind | None:
    """Tells what a file is that is surely no recording.

    Args:
        begin: Its first bytes; some thousand tell text from sound.

    Returns:
        None for what may be one.
    """
    if begin and not begin.strip(b"\0"):
        return Kind("nothing but zeros: its copy broke off, or a disk was full", _COPY)
    for signature, kind in _SIGNATURES:
        if begin.startswith(signature) and (len(signature) > 2 or _is_binary_header(begin)):
            return kind
    if begin[257:262] == b"ustar":
        return Kind("a tar archive", _UNPACK)
    if begin.startswith(_PGP) and begin[_PGP_VERSIONS_AT[begin[0]] :][:1] == b"\x03":
        return Kind("encrypted by PGP", _DECRYPT)
    return _text(begin)


def unreadable_kind(begin: bytes) -> Kind:
    """Names the kind of a file that no library reads, as far as its first bytes show it."""
    codec_at = begin.find(b"fmt ") + 8
    if begin[:4] == b"RIFF" and begin[8:12] == b"WAVE" and codec_at >= 8:
        codec = int.from_bytes(begin[codec_at : codec_at + 2], "little")
        return Kind(
            f"a WAV file that is damaged, or whose codec (format tag {codec:#06x}) is not known",
            f"{_COPY}, or {_EXPORT}",
        )
    for signature, name in _FORMATS:
        if begin.startswith(signature) or (signature == b"ftyp" and begin[4:8] == signature):
            return Kind(f"{name} whose header is damaged or not complete", f"{_COPY}, or {_EXPORT}")
    if _is_random(begin):
        return Kind("encrypted, or compressed in a way that is not known", _DECRYPT)
    return Kind(
        f"in no format that is known (its first bytes are {begin[:8].hex(' ')}), or has no header",
        f"{_EXPORT}, or say what it holds where its recorder is described",
    )


def _is_binary_header(begin: bytes) -> bool:
    """Signatures of two letters are also how words begin, and samples."""
    if begin.startswith(b"BM"):
        return begin[6:10] == bytes(4)
    if begin.startswith(b"MZ"):
        return b"PE\0\0" in begin[:1024] or b"DOS mode" in begin[:1024]
    return True


def _text(begin: bytes) -> Kind | None:
    text = _as_text(begin)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return Kind("an HTML page", f"such pages are often errors that were {_IN_PLACE}")
    if start.startswith("<"):
        # Stores answer errors in XML.
        return Kind(
            "an XML text", f"it may be an error that was {_IN_PLACE}" if "<error" in start[:500] else _MOVE
        )
    if start.startswith(("{", "[")):
        return Kind("a JSON text", _MOVE)
    return Kind("a text", _MOVE)


def _as_text(begin: bytes) -> str | None:
    """The text that bytes are; None when they are none. The last character may be torn."""
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = begin[: len(begin) // 2 * 2].decode("utf-16", "replace")
    else:
        try:
            text = begin.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if error.start < len(begin) - 3:
                return None
            text = begin[: error.start].decode("utf-8-sig", "replace")
    return text if text and all(_is_readable(letter) for letter in set(text)) else None


def _is_readable(letter: str) -> bool:
    """Neither a control character, nor a code point that nobody uses, nor what could not be decoded."""
    return letter in "\t\r\n\f" or (category(letter) not in {"Cc", "Cn", "Co", "Cs"} and letter != "\ufffd")


def _is_random(begin: bytes) -> bool:
    if len(begin) < _RANDOM_FROM_BYTES:
        return False
    shares = (count / len(begin) for count in Counter(begin).values())
    return -sum(share * math.log2(share) for share in shares) > _RANDOM_ABOVE_BITS
