"""Audio without a header, as some telephony recorders write it: only who set them up knows what it is."""

from dataclasses import dataclass
from enum import StrEnum

# How files begin that say themselves what they are.
_SELF_DESCRIBING = (
    *(
        b"RIFF",
        b"RF64",
        b"riff\x2e\x91\xcf\x11",
        b"OggS",
        b"fLaC",
        b"ID3",
        b"FORM",
        b".snd",
        b"caff",
        b"#!AMR",
    ),
    *(b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"wvpk", b"MAC ", b"TTA1"),
    *(b"#!SILK", b"Creative Voice File", b"NIST_1A"),
)


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


def describes_itself(begin: bytes) -> bool:
    """Whether a file begins like one with a header, so that it is not raw audio whatever anybody says."""
    return begin.startswith(_SELF_DESCRIBING) or begin[4:8] == b"ftyp"
