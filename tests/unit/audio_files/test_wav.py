"""A WAV is read to where its audio ends, whatever its header says; what is behind it is none."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from include.audio_files.whole import as_one, refuse_truncated
from include.errors import RecordingUnusable
from tests.unit.calls.odd_files import by_libsndfile, chunk, declaring, g722, pcm, two_chunks

PCM = pcm()
AUDIO = PCM[44:]


def audio_of(whole: bytes) -> bytes:
    """The samples, as libsndfile reads the file in the place of it."""
    mended = as_one(io.BytesIO(whole), len(whole))
    samples, _ = soundfile.read(mended or io.BytesIO(whole), dtype="int16")
    return np.asarray(samples).astype("<i2").tobytes()


@pytest.mark.parametrize(
    "whole",
    [
        PCM,
        PCM + chunk(b"LIST", b"INFOICMTnotes"),
        PCM[:12] + chunk(b"JUNK", bytes(28)) + PCM[12:],
        by_libsndfile("WAV", "ULAW"),
        by_libsndfile("FLAC", "PCM_16"),
        by_libsndfile("W64", "PCM_16"),
        by_libsndfile("RF64", "PCM_16"),
        PCM[:-4000],
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        PCM[:44],
        declaring(PCM[:44], 0),
        b"RIFF\xff\xff\xff\xffAVI " + bytes(99),
    ],
)
def test_what_can_be_read_as_it_is_stays_as_it_is(whole: bytes) -> None:
    assert as_one(io.BytesIO(whole), len(whole)) is None


@pytest.mark.parametrize("length", [0, 2, 1000, 32_000, 0x7FFF_F000, 0xFFFF_FFFF])
@pytest.mark.parametrize("riff", [0, 36, 4096, 0xFFFF_FFFF])
def test_a_header_of_an_earlier_moment_costs_nothing(length: int, riff: int) -> None:
    assert audio_of(declaring(PCM, length, riff)) == AUDIO


@pytest.mark.parametrize(
    "whole",
    [
        two_chunks(PCM),
        two_chunks(PCM, chunk(b"LIST", b"INFOICMTnotes")),
        two_chunks(PCM, chunk(b"fmt ", PCM[20:36])),
        declaring(PCM[:44], 0) + chunk(b"data", AUDIO),
    ],
)
def test_chunks_of_audio_are_one(whole: bytes) -> None:
    assert audio_of(whole) == AUDIO


def test_files_one_after_the_other_are_one() -> None:
    assert audio_of(PCM + PCM) == AUDIO * 2
    assert audio_of(PCM + declaring(PCM, 0)) == AUDIO * 2


@pytest.mark.parametrize(
    "behind",
    [
        bytes(50_000),
        b"TAG" + bytes(125),
        b"ID3\x04" + bytes(40_000),
        b"APETAGEX" + bytes(40_000),
        b"<recording id='17'/>\r\n" * 2000,
        b"\x01" * 999,
        chunk(b"LIST", b"INFO" + bytes(40_000)),
        chunk(b"iXML", b"<x/>" * 9000),
        b"LIST\xff\xff\xff\x00" + bytes(40_000),
    ],
)
def test_what_is_behind_the_audio_is_none(behind: bytes) -> None:
    assert audio_of(PCM + behind) == AUDIO


def test_a_chunk_of_odd_length_may_lack_the_byte_that_evens_it_out() -> None:
    whole = by_libsndfile("WAV", "PCM_U8", seconds=1.0)
    at = whole.index(b"data")
    audio = whole[at + 8 :]
    odd = whole[:at] + b"data" + struct.pack("<I", 4001) + audio[:4001]
    for pad in (b"", b"\0"):
        both = odd + pad + chunk(b"data", audio[4001:8000])
        mended = as_one(io.BytesIO(both), len(both))
        assert mended and mended.read().endswith(audio[:8000])


def test_recordings_of_different_formats_are_not_joined() -> None:
    both = PCM + by_libsndfile("WAV", "ULAW")
    with pytest.raises(RecordingUnusable, match=r"two recordings of different formats.*split it into files"):
        as_one(io.BytesIO(both), len(both))


def test_the_second_chunk_may_not_break_off() -> None:
    whole = two_chunks(PCM)
    torn = whole[: -len(AUDIO) // 3]
    with pytest.raises(RecordingUnusable, match="breaks off"):
        refuse_truncated(io.BytesIO(torn), len(torn), 1.0)
    refuse_truncated(io.BytesIO(whole), len(whole), 1.0)


@pytest.mark.parametrize(("tag", "rate_hz"), [(0x028F, 8000), (0x0065, 16_000), (0x0065, 8000)])
def test_g722_is_called_what_libraries_call_it(tag: int, rate_hz: int) -> None:
    whole = g722(tag, rate_hz)
    mended = as_one(io.BytesIO(whole), len(whole))
    assert mended
    assert struct.unpack("<HHI", mended.read()[20:28]) == (0x028F, 1, 16_000)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_bytes_bring_it_down(rubbish: bytes, at: int) -> None:
    whole = PCM[:60][:at] + rubbish
    for content in (whole, b"RIFF\0\0\0\0WAVE" + rubbish):
        try:
            mended = as_one(io.BytesIO(content), len(content))
        except RecordingUnusable:
            continue
        assert mended is None or mended.read()[:4] == b"RIFF"
