"""Calls that are no single file with a header: two sides in two files, or samples that nothing describes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Encoding(StrEnum):
    """How the samples of a file without a header are written."""

    MULAW = "mulaw"
    ALAW = "alaw"
    PCM_S16LE = "pcm_s16le"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of one channel."""
        return 2 if self is Encoding.PCM_S16LE else 1


@dataclass(frozen=True)
class RawAudio:
    """What a file without a header holds."""

    encoding: Encoding
    sample_rate_hz: int
    channels: int = 1

    def duration_s(self, size_bytes: int) -> float:
        """How long a file of this size lasts."""
        return size_bytes / (self.encoding.sample_bytes * self.channels * self.sample_rate_hz)


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
    """For a column."""
    return [asdict(part) for part in parts]


def parts_from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    """From a column."""
    return tuple(Part(**{**part, "raw": _raw(part.get("raw"))}) for part in stored)


def _raw(stored: Mapping[str, Any] | None) -> RawAudio | None:
    return RawAudio(**{**stored, "encoding": Encoding(stored["encoding"])}) if stored else None
