"""Sides as recorders leave them: all of each is in the joined recording, or the call is refused."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from include.calls.joining import JoinedRecording
from include.calls.parts import Part
from include.errors import RecordingUnusable
from tests.unit.calls.odd_files import by_ffmpeg, by_libsndfile, declaring, g722, pcm, two_chunks

OTHER = pcm()
SECONDS = 12


def joined(side: bytes, other: bytes = OTHER) -> np.ndarray:
    """The joined recording of a side and another, shape (frames, 2)."""
    contents = [side, other]
    parts = [Part(f"x/{n}.wav", f"file:///x/{n}.wav", len(one), n) for n, one in enumerate(contents)]
    with JoinedRecording(parts, [io.BytesIO(one) for one in contents]) as recording:
        whole = b"".join(iter(lambda: recording.read(1 << 16), b""))
    return soundfile.read(io.BytesIO(whole), always_2d=True)[0]


def killed_au() -> bytes:
    whole = by_libsndfile("AU", "ULAW")
    return whole[:8] + bytes(4) + whole[12:]


@pytest.mark.parametrize(
    "side",
    [
        lambda: declaring(pcm(), 0, 0),
        lambda: declaring(pcm(), 32_000),
        lambda: declaring(pcm(), 0xFFFF_FFFF),
        lambda: two_chunks(pcm()),
        lambda: pcm() + pcm(),
        lambda: by_ffmpeg("wav", "g726", 8000, bits_per_s=32_000),
        lambda: by_libsndfile("RAW", "GSM610"),
        lambda: by_libsndfile("WAV", "GSM610"),
        lambda: by_ffmpeg("amr", "libopencore_amrnb", 8000, bits_per_s=12_200),
        lambda: by_libsndfile("OGG", "VORBIS") * 2,
        lambda: b"ID3\3\0\0\0\0\1\0" + bytes(128) + pcm(),
        killed_au,
    ],
)
def test_all_of_a_side_is_heard(side: Callable[[], bytes]) -> None:
    heard = joined(side())[:, 0]
    assert len(heard) >= (SECONDS - 0.1) * 8000
    loud = [np.std(heard[start : start + 8000]) for start in range(0, (SECONDS - 1) * 8000, 8000)]
    assert min(loud) > max(loud) / 2


def test_a_side_of_16_khz_goes_with_another() -> None:
    assert joined(g722(0x0065, 8000), by_libsndfile("WAV", "PCM_16", 16_000)).shape[1] == 2


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    ("container", "subtype"), [("WAV", "PCM_16"), ("AU", "ULAW"), ("AIFF", "PCM_16"), ("FLAC", "PCM_16")]
)
def test_a_side_that_was_cut_is_named(container: str, subtype: str, share: float) -> None:
    whole = by_libsndfile(container, subtype)
    with pytest.raises(RecordingUnusable, match=r"its side 0\.wav.*(breaks off|is broken).*opy it again"):
        joined(whole[: int(share * len(whole))])


def test_a_side_with_a_header_alone_is_silent() -> None:
    empty = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 0
    )
    assert not joined(empty)[:, 0].any()
