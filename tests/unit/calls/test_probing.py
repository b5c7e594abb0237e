"""A header costs a request or two of its store, wherever in the file it lies."""

import io
from collections.abc import Iterator

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from include.audio_files.header import Header
from include.audio_files.raw import Encoding, RawAudio
from include.calls.probing import PiecewiseFile, read_header
from include.errors import InvalidInput
from tests.unit.calls.odd_files import (
    by_ffmpeg,
    by_libsndfile,
    chunk,
    declaring,
    pcm,
    raw,
    tracks,
    two_chunks,
)

LONG_S = 90.0


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of the memory filesystem while it is read."""
    asked: list[str] = []
    for name in ("cat_file", "open", "info", "ls"):
        method = getattr(MemoryFileSystem, name)

        def counted(self, *arguments, _name=name, _method=method, **options):
            asked.append(_name)
            return _method(self, *arguments, **options)

        monkeypatch.setattr(MemoryFileSystem, name, counted)
    yield asked


def probed(content: bytes, raw_audio: RawAudio | None = None) -> Header:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.store["/a"] = MemoryFile(memory, "/a", content)
    return read_header(memory, "/a", len(content), raw_audio)


def with_picture(mp3: bytes, size: int) -> bytes:
    """An MP3 behind a tag of such a size."""
    length = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + length + bytes(size) + mp3


# What contact centres have most of; all longer than what is read at once.
LONG = {
    "wav": lambda: by_libsndfile("WAV", "PCM_16", seconds=LONG_S),
    "wav of u-law": lambda: by_libsndfile("WAV", "ULAW", seconds=LONG_S),
    "wav of gsm": lambda: by_libsndfile("WAV", "GSM610", seconds=LONG_S),
    "wav of g726": lambda: by_ffmpeg("wav", "adpcm_g726", 8000, LONG_S, 32_000),
    "stereo wav": lambda: by_libsndfile("WAV", "PCM_16", seconds=LONG_S, channels=2),
    "flac": lambda: by_libsndfile("FLAC", "PCM_16", seconds=LONG_S),
    "ogg vorbis": lambda: by_libsndfile("OGG", "VORBIS", 16_000, LONG_S),
    "ogg opus": lambda: by_libsndfile("OGG", "OPUS", seconds=LONG_S),
    "mp3": lambda: by_ffmpeg("mp3", "mp3", 16_000, LONG_S),
    "mp3 without a length": lambda: by_ffmpeg("mp3", "mp3", 16_000, LONG_S)[1000:],
    "m4a, its index last": lambda: by_ffmpeg("mp4", "aac", 16_000, LONG_S),
    "3gp": lambda: by_ffmpeg("3gp", "libopencore_amrnb", 8000, LONG_S, 12_200),
    "amr": lambda: by_ffmpeg("amr", "libopencore_amrnb", 8000, LONG_S, 12_200),
    "webm": lambda: by_ffmpeg("webm", "libopus", 48_000, LONG_S),
    "aac": lambda: by_ffmpeg("adts", "aac", 16_000, LONG_S),
    "mpeg ts": lambda: by_ffmpeg("mpegts", "aac", 48_000, LONG_S),
    "gsm": lambda: by_libsndfile("RAW", "GSM610", seconds=LONG_S),
    "killed recorder": lambda: declaring(by_libsndfile("WAV", "PCM_16", seconds=LONG_S), 0),
    "two chunks": lambda: two_chunks(by_libsndfile("WAV", "PCM_16", seconds=LONG_S)),
    "notes behind": lambda: by_libsndfile("WAV", "PCM_16", seconds=LONG_S) + chunk(b"LIST", b"INFO" * 9),
    "a picture before": lambda: with_picture(by_ffmpeg("mp3", "mp3", 16_000, LONG_S), 200_000),
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.long
def test_a_long_recording_costs_two_requests_at_most(requests: list[str], name: str) -> None:
    content = LONG[name]()
    assert len(content) > 64 * 1024

    header = probed(content)

    assert header.duration_s == pytest.approx(LONG_S, rel=0.05)
    assert requests in (["cat_file"], ["cat_file"] * 2)


@pytest.mark.parametrize(
    "content", [pcm()[:60_000], by_libsndfile("OGG", "OPUS"), by_ffmpeg("mp4", "aac", 16_000, 4.0)]
)
def test_a_short_one_costs_one(requests: list[str], content: bytes) -> None:
    assert len(content) <= 64 * 1024
    probed(content)
    assert requests == ["cat_file"]


def test_what_is_no_recording_costs_one(requests: list[str]) -> None:
    with pytest.raises(InvalidInput):
        probed(b"%PDF-1.7" + bytes(500_000))
    assert requests == ["cat_file"]


def test_the_end_of_a_file_costs_one_however_it_is_read(requests: list[str]) -> None:
    memory = fsspec.filesystem("memory")
    memory.store["/long"] = MemoryFile(memory, "/long", bytes(5_000_000))
    file = PiecewiseFile(memory, "/long", 5_000_000)

    assert len(file.read(1000)) == 1000
    file.seek(-1_000_000, io.SEEK_END)
    while file.read(32_768):
        pass

    assert requests == ["cat_file"] * 2


def test_a_header_in_many_places_is_left_to_the_host(requests: list[str]) -> None:
    scattered = b"RIFF\xff\xff\xff\x7fWAVE" + chunk(b"junk", bytes(300_000)) * 40 + pcm()[12:]
    with pytest.raises(OSError, match="scattered over too many places"):
        probed(scattered)
    assert len(requests) == 8


@pytest.mark.long
def test_a_store_that_breaks_off_in_the_middle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = MemoryFileSystem.cat_file

    def first_only(self, path, start=None, end=None, **options):
        if start:
            raise RuntimeError("no route to the store")
        return whole(self, path, start, end, **options)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", first_only)
    with pytest.raises(OSError, match="no route to the store"):
        probed(by_libsndfile("OGG", "OPUS", seconds=LONG_S))


class TestRawAudio:
    @pytest.mark.parametrize(
        ("subtype", "encoding"),
        [("ULAW", Encoding.MULAW), ("ALAW", Encoding.ALAW), ("PCM_16", Encoding.PCM_S16LE)],
    )
    def test_a_file_without_a_header_is_what_was_said_of_it(self, subtype: str, encoding: Encoding) -> None:
        said = RawAudio(encoding, 8000, 1)
        header = probed(raw(subtype), said)
        assert (header.duration_s, header.sample_rate_hz, header.channels) == (12.0, 8000, 1)

    def test_silence_of_a_law_is_not_taken_for_gsm(self) -> None:
        silence = b"\xd5" * 80_000
        assert probed(silence, RawAudio(Encoding.ALAW, 8000)).duration_s == 10.0

    @pytest.mark.parametrize("content", [pcm(), by_libsndfile("OGG", "OPUS"), tracks(picture=True)])
    def test_a_file_with_a_header_says_itself_what_it_is(self, content: bytes) -> None:
        header = probed(content, RawAudio(Encoding.MULAW, 8000))
        assert header.duration_s == pytest.approx(12.0, abs=0.1)

    def test_what_is_no_sound_is_none_whatever_was_said(self) -> None:
        with pytest.raises(InvalidInput, match="a PDF document"):
            probed(b"%PDF-1.7" + bytes(5000), RawAudio(Encoding.MULAW, 8000))


@given(
    content=st.binary(max_size=300),
    reads=st.lists(st.tuples(st.integers(-5, 320), st.sampled_from([0, 1, 2]), st.integers(-1, 40))),
)
def test_pieces_read_as_the_file_does(content: bytes, reads: list[tuple[int, int, int]]) -> None:
    memory = fsspec.filesystem("memory")
    memory.store["/piecewise"] = MemoryFile(memory, "/piecewise", content)
    file, plain = PiecewiseFile(memory, "/piecewise", len(content)), io.BytesIO(content)
    for offset, whence, size in reads:
        try:
            plain.seek(offset, whence)
        except ValueError:
            assert file.seek(offset, whence) == -1
            continue
        if plain.tell() == 0 and offset < 0:  # BytesIO stops at the beginning where a file refuses
            file.seek(0)
        else:
            assert file.seek(offset, whence) == plain.tell()
        assert file.read(size) == plain.read(size)
