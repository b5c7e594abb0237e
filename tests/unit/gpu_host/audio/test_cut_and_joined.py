"""Files that were cut or joined: all of the sound is heard, or the file is refused; half is not whole."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import RecordingUnusable
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.mp3_header import promised_s
from include.gpu_host.audio.ogg_pages import read_pages
from tests.unit.calls.odd_files import by_ffmpeg, by_libsndfile

OGG = ("OGG", "VORBIS"), ("OGG", "OPUS")
MP3 = ("MP3", "MPEG_LAYER_III")


@cache
def made(container: str, subtype: str, seconds: float = 12, *, rate_hz: int = 16_000, seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate_hz)).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, noise, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


def heard_s(folder: Path, content: bytes, name: str = "call") -> float:
    path = folder / name
    path.write_bytes(content)
    return decode(path, folder, 3600).duration_s


@pytest.mark.long
@pytest.mark.parametrize(("container", "subtype"), OGG)
def test_recordings_one_after_the_other_in_a_file_are_all_heard(
    tmp_path: Path, container: str, subtype: str
) -> None:
    parts = [made(container, subtype, seconds, seed=n) for n, seconds in enumerate((5, 8, 3))]
    assert heard_s(tmp_path, b"".join(parts)) == pytest.approx(16, abs=0.2)


def test_recordings_of_different_rates_in_a_file_are_heard_or_refused(tmp_path: Path) -> None:
    content = made(*OGG[0], 5) + made(*OGG[0], 5, rate_hz=8000)
    with pytest.raises(RecordingUnusable, match=r"broken at 5\.\d s"):
        heard_s(tmp_path, content)


@pytest.mark.long
@pytest.mark.parametrize(("container", "subtype"), [*OGG, MP3])
def test_whole_files_are_whole(tmp_path: Path, container: str, subtype: str) -> None:
    for rate_hz in (8000, 16_000, 48_000):
        content = made(container, subtype, 3, rate_hz=rate_hz)
        assert heard_s(tmp_path, content) == pytest.approx(3, abs=0.2)


@pytest.mark.long
@pytest.mark.parametrize(("container", "subtype"), [*OGG, MP3])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.1, 0.9))
def test_a_part_of_a_file_is_not_taken_for_all_of_it(
    tmp_path: Path, container: str, subtype: str, share: float
) -> None:
    whole = made(container, subtype)
    with pytest.raises(RecordingUnusable, match=r"breaks off|broken|no audio frames|is no audio format"):
        heard_s(tmp_path, whole[: round(share * len(whole))])


def test_a_tag_that_something_appended_is_no_page(tmp_path: Path) -> None:
    assert heard_s(tmp_path, made(*OGG[0], 3) + b"TAG" + bytes(125)) == pytest.approx(3, abs=0.1)
    assert heard_s(tmp_path, made(*MP3, 3) + b"TAG" + bytes(125)) == pytest.approx(3, abs=0.2)


def test_an_mp3_behind_a_tag_says_its_length_too(tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    content = made(*MP3, 5)
    path.write_bytes(b"ID3\x04\x00\x00" + bytes([0, 0, 1, 0]) + bytes(128) + content)
    assert promised_s(path) == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xfb\x90", bytes(4000), b"RIFF" + bytes(40)])
def test_what_says_no_length_has_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "call"
    path.write_bytes(content)
    assert promised_s(path) is None and read_pages(path) is None


@pytest.mark.long
@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_reading_of_headers(tmp_path: Path, content: bytes) -> None:
    for begin in (b"OggS", b"\xff\xfb\x50\x00", b"ID3\x04\x00\x00"):
        path = tmp_path / "call"
        path.write_bytes(begin + content)
        promised = promised_s(path)
        assert promised is None or promised >= 0
        try:
            read_pages(path)
        except RecordingUnusable as error:
            assert "copy it again" in str(error)


APPENDED = (
    *(("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("AIFF", "PCM_16"), ("AU", "ULAW"), ("CAF", "PCM_16")),
    *(("W64", "PCM_16"), ("WAV", "PCM_16"), ("WAV", "ULAW"), ("WAV", "GSM610"), ("OGG", "VORBIS"), MP3),
)
BETWEEN = b"", b"TAG" + bytes(125), b"ID3\3\0\0\0\0\1\0" + bytes(128)


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize(("container", "subtype"), APPENDED)
def test_a_recording_behind_another_is_heard_or_the_file_refused(
    tmp_path: Path, container: str, subtype: str, between: bytes
) -> None:
    rate_hz = 16_000 if container in {"OGG", "MP3"} else 8000
    parts = [by_libsndfile(container, subtype, rate_hz, seconds) for seconds in (3, 4)]
    try:
        assert heard_s(tmp_path, between.join(parts)) == pytest.approx(7, abs=0.3)
    except RecordingUnusable as error:
        assert "one after the other: split it" in str(error)


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize(
    ("container", "codec"),
    [("ipod", "aac"), ("mov", "pcm_s16le"), ("flv", "libmp3lame"), ("tta", "tta"), ("asf", "wmav2")],
)
def test_a_recording_behind_another_in_a_container_of_ffmpeg_is_told(
    tmp_path: Path, container: str, codec: str, between: bytes
) -> None:
    one = by_ffmpeg(container, codec, 22_050, 3)
    assert heard_s(tmp_path, one) == pytest.approx(3, abs=0.2)
    with pytest.raises(RecordingUnusable, match="holds two recordings, one after the other: split it"):
        heard_s(tmp_path, one + between + one)
