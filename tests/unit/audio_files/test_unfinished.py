"""AU, AIFF, CAF, Wave64, RF64 and AVI as recorders leave them: heard whole, or refused; half is not whole."""

import struct
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from include.calls.probing import read_header
from include.errors import RecordingUnusable
from include.gpu_host.audio.decoding import decode
from tests.unit.calls.odd_files import by_ffmpeg, by_libsndfile

SECONDS = 12
AU = ("AU", "ULAW"), ("AU", "PCM_16"), ("AU", "FLOAT")
AIFF = ("AIFF", "PCM_16"), ("AIFF", "PCM_24"), ("AIFF", "ULAW"), ("AIFF", "FLOAT")
CAF = ("CAF", "PCM_16"), ("CAF", "ALAW"), ("CAF", "FLOAT")
# Of half a second and a second: what a header of an earlier moment says.
EARLIER = 4000, 16_000


def lengths_s(folder: Path, content: bytes) -> tuple[float, float]:
    """As discovery reads it, and as the GPU host hears it."""
    path = folder / "call"
    path.write_bytes(content)
    header = read_header(fsspec.filesystem("file"), str(path), len(content))
    return header.duration_s, decode(path, folder, 3600).duration_s


def with_length(whole: bytes, name: bytes, form: str, length: int, at: int = 4) -> bytes:
    """A file with another length behind a name in it."""
    place = whole.index(name) + at
    return whole[:place] + struct.pack(form, length) + whole[place + struct.calcsize(form) :]


def au(length: int, subtype: str = "ULAW") -> bytes:
    return with_length(by_libsndfile("AU", subtype), b".snd", ">I", length, 8)


def aiff(length: int, subtype: str = "PCM_16", frames: int = 0) -> bytes:
    return with_length(
        with_length(by_libsndfile("AIFF", subtype), b"SSND", ">I", length), b"COMM", ">I", frames, 10
    )


def caf(length: int, subtype: str = "PCM_16") -> bytes:
    return with_length(by_libsndfile("CAF", subtype), b"data", ">q", length)


def wave64(length: int) -> bytes:
    return with_length(by_libsndfile("W64", "PCM_16"), b"data", "<Q", length, 16)


def rf64(length: int) -> bytes:
    return with_length(by_libsndfile("RF64", "PCM_16"), b"ds64", "<Q", length, 16)


@pytest.mark.parametrize(
    "content",
    [
        *(lambda n=n, s=s: au(n, s) for _, s in AU for n in (0, 0xFFFF_FFFF, *EARLIER)),
        *(
            lambda n=n, s=s: aiff(n, s)
            for _, s in AIFF
            for n in (0, 8, 0xFFFF_FFFF, *(8 + n for n in EARLIER))
        ),
        *(lambda n=n, s=s: caf(n, s) for _, s in CAF for n in (-1, 0, 4, *(4 + n for n in EARLIER))),
        *(lambda n=n: wave64(n) for n in (0, 24, 24 + 16_000, (1 << 63) - 1, (1 << 64) - 1)),
        *(lambda n=n: rf64(n) for n in (0, 16_000, (1 << 63) - 1, (1 << 64) - 1)),
    ],
)
def test_a_recorder_that_was_killed_costs_nothing(tmp_path: Path, content: Callable[[], bytes]) -> None:
    assert lengths_s(tmp_path, content()) == pytest.approx((SECONDS, SECONDS), abs=0.1)


@pytest.mark.parametrize(
    "content",
    [
        lambda: by_libsndfile("AU", "ULAW") + b"TAG" + bytes(125),
        lambda: by_libsndfile("AU", "ULAW") + bytes(9000),
        lambda: by_libsndfile("AIFF", "PCM_16") + b"ANNO" + struct.pack(">I", 9000) + b"note " * 1800,
        lambda: by_libsndfile("CAF", "PCM_16") + b"info" + struct.pack(">q", 9000) + bytes(9000),
        lambda: by_libsndfile("AIFF", "PCM_16") + bytes(9000),
        lambda: b"ID3\3\0\0\0\0\1\0" + bytes(128) + by_libsndfile("AIFF", "PCM_16"),
        lambda: b"ID3\3\0\0\0\0\1\0" + bytes(128) + by_libsndfile("WAV", "ULAW"),
        lambda: b"ID3\3\0\0\0\0\1\0" + bytes(128) + by_libsndfile("OGG", "VORBIS", 16_000),
        lambda: b"ID3\3\0\0\0\0\1\0" + bytes(128) + by_libsndfile("FLAC", "PCM_16"),
    ],
)
def test_what_is_put_before_or_behind_is_no_sound(tmp_path: Path, content: Callable[[], bytes]) -> None:
    assert lengths_s(tmp_path, content()) == pytest.approx((SECONDS, SECONDS), abs=0.1)


@pytest.mark.parametrize("tenths", range(1, 10))
@pytest.mark.parametrize(
    ("container", "subtype"), [AU[0], AIFF[0], AIFF[2], CAF[0], CAF[1], ("W64", "PCM_16")]
)
def test_a_part_is_not_taken_for_all_of_it(tmp_path: Path, container: str, subtype: str, tenths: int) -> None:
    whole = by_libsndfile(container, subtype)
    with pytest.raises(RecordingUnusable, match=r"breaks off"):
        lengths_s(tmp_path, whole[: len(whole) * tenths // 10])


@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_part_of_an_avi_is_not_taken_for_all_of_it(tmp_path: Path, tenths: int) -> None:
    whole = by_ffmpeg("avi", "pcm_mulaw", 8000)
    with pytest.raises(RecordingUnusable, match=r"breaks off|no audio"):
        lengths_s(tmp_path, whole[: len(whole) * tenths // 10])


def test_a_whole_avi_is_whole(tmp_path: Path) -> None:
    assert lengths_s(tmp_path, by_ffmpeg("avi", "pcm_mulaw", 8000)) == pytest.approx((12, 12), abs=0.3)


@pytest.mark.parametrize("seconds", [(12, 1), (1, 12), (12, 0.5, 1), (5, 5)])
@pytest.mark.parametrize("same_number", [True, False])
def test_a_short_end_of_a_chained_ogg_is_not_its_length(
    tmp_path: Path, seconds: tuple[float, ...], same_number: bool
) -> None:
    """So that discovery skips no long recording as one that is too short."""
    parts = [by_libsndfile("OGG", "VORBIS", 16_000, part) for part in seconds]
    if same_number:
        parts = [one.replace(one[14:18], parts[0][14:18]) for one in parts]
    path = tmp_path / "call"
    path.write_bytes(b"".join(parts))
    header = read_header(fsspec.filesystem("file"), str(path))
    assert header.estimated and sum(seconds) / 1.5 < header.duration_s < sum(seconds) * 1.5


def test_a_cut_ogg_behind_a_tag_is_cut(tmp_path: Path) -> None:
    whole = by_libsndfile("OGG", "VORBIS", 16_000)
    with pytest.raises(RecordingUnusable, match="breaks off"):
        lengths_s(tmp_path, b"ID3\3\0\0\0\0\1\0" + bytes(128) + whole[: len(whole) // 2])


@pytest.mark.long
def test_an_error_of_a_library_names_no_path_of_the_host(tmp_path: Path) -> None:
    joined = by_libsndfile("OGG", "OPUS", 48_000, 3) + by_libsndfile("OGG", "OPUS", 48_000, 3, channels=2)
    with pytest.raises(RecordingUnusable, match=r"channels or codec change.*split it there") as refused:
        lengths_s(tmp_path, joined)
    assert str(tmp_path) not in str(refused.value) and "Errno" not in str(refused.value)
