"""Audio without a header, as some telephony recorders write it: only who set them up knows what it is."""

import struct
from dataclasses import dataclass
from enum import StrEnum

from include.errors import InvalidInput

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
    *(
        b"\x1a\x45\xdf\xa3",
        b"FLV\x01",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        b"wvpk",
        b"MAC ",
        b"TTA1",
        b"#!SILK",
    ),
    *(b"Creative Voice File", b"NIST_1A"),
)


class RawEncoding(StrEnum):
    """How samples are written."""

    ALAW = "alaw"
    ULAW = "ulaw"
    PCM16 = "pcm16"

    @property
    def wav_tag(self) -> int:
        """Its number in WAV files."""
        return {RawEncoding.ALAW: 6, RawEncoding.ULAW: 7, RawEncoding.PCM16: 1}[self]

    @property
    def bytes_per_sample(self) -> int:
        """Of one channel; 16-bit samples begin with their low byte."""
        return 2 if self is RawEncoding.PCM16 else 1


@dataclass(frozen=True)
class RawAudio:
    """What a file without a header holds; written as `ulaw/8000/1`.

    Attributes:
        encoding: How samples are written.
        sample_rate_hz: Samples per second of each channel.
        channels: How many; their samples take turns.
    """

    encoding: RawEncoding
    sample_rate_hz: int = 8000
    channels: int = 1

    @classmethod
    def parse(cls, text: str) -> "RawAudio":
        """Reads `ulaw/8000/2`; rate and channels may be left out.

        Raises:
            InvalidInput: It is nothing of that kind.
        """
        encoding, _, rest = text.strip().lower().partition("/")
        rate, _, channels = rest.partition("/")
        try:
            raw = cls(RawEncoding(_NAMES.get(encoding, encoding)), int(rate or 8000), int(channels or 1))
        except ValueError as error:
            raise InvalidInput(f"'{text}' is no audio encoding: write it like ulaw/8000/1") from error
        if not (4000 <= raw.sample_rate_hz <= 192_000 and 1 <= raw.channels <= 8):
            raise InvalidInput(f"'{text}': no recording has that rate or so many channels; write ulaw/8000/1")
        return raw

    def __str__(self) -> str:
        """As it is stored and sent along."""
        return f"{self.encoding}/{self.sample_rate_hz}/{self.channels}"

    @property
    def frame_bytes(self) -> int:
        """Of one sample of all channels."""
        return self.encoding.bytes_per_sample * self.channels

    def duration_s(self, size_bytes: int) -> float:
        """How long a file of so many bytes lasts."""
        return size_bytes / (self.frame_bytes * self.sample_rate_hz)

    def wav_header(self, size_bytes: int) -> bytes:
        """What makes a WAV file of so many bytes of audio that follow it."""
        bits, tag = 8 * self.encoding.bytes_per_sample, self.encoding.wav_tag
        rates = (self.sample_rate_hz, self.sample_rate_hz * self.frame_bytes, self.frame_bytes, bits)
        chunks = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, tag, self.channels, *rates)
        return (
            b"RIFF"
            + struct.pack("<I", len(chunks) + 8 + size_bytes)
            + chunks
            + b"data"
            + struct.pack("<I", size_bytes)
        )


_NAMES = {"pcma": "alaw", "pcmu": "ulaw", "mulaw": "ulaw", "u-law": "ulaw", "a-law": "alaw", "s16le": "pcm16"}


def describes_itself(begin: bytes) -> bool:
    """Whether a file begins like one with a header, so that it is not raw audio whatever anybody says."""
    return begin.startswith(_SELF_DESCRIBING) or begin[4:8] == b"ftyp"
