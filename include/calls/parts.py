"""Calls that are no single file with a header: two sides in two files, or samples that nothing describes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from include.audio_files.raw import Encoding, RawAudio


@dataclass(frozen=True)
class Part:
    """One file of a call.

    Attributes:
        path: As a call's.
        uri: As a call's.
        size_bytes: Of this file.
        channel: Which channel of the call its first one is, 0-based.
        raw: What it holds when it has no header.
    """

    path: str
    uri: str
    size_bytes: int
    channel: int
    raw: RawAudio | None = None


def parts_as_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Parts as a JSON column of the database stores them."""
    return [asdict(part) for part in parts]


def parts_from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Parts as `parts_as_json` has written them."""
    return tuple(Part(**{**part, "raw": _raw(part.get("raw"))}) for part in stored)


def _raw(stored: Mapping[str, Any] | None) -> RawAudio | None:
    return RawAudio(**{**stored, "encoding": Encoding(stored["encoding"])}) if stored else None
