"""Two sides become one recording while they are read: every sample in its place, and no more in memory."""

import io
from collections.abc import Sequence
from typing import IO

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from include.audio_files.raw import Encoding, RawAudio
from include.calls.joining import JoinedRecording
from include.calls.parts import Part, parts_as_json, parts_from_json
from include.errors import RecordingUnusable


def sound(
    samples: np.ndarray, rate_hz: int = 8000, form: str = "WAV", subtype: str | None = "PCM_16"
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=form, subtype=subtype)
    return file.getvalue()


def joined(contents: Sequence[bytes], raws: Sequence[RawAudio | None] = (), piece: int = 4096) -> bytes:
    files: list[IO[bytes]] = [io.BytesIO(content) for content in contents]
    all_raws = list(raws) or [None] * len(contents)
    parts = [
        Part(f"x/{n}.wav", f"file:///x/{n}.wav", len(content), n, raw)
        for n, (content, raw) in enumerate(zip(contents, all_raws, strict=True))
    ]
    with JoinedRecording(parts, files) as recording:
        whole = b"".join(iter(lambda: recording.read(piece), b""))
        assert len(whole) == recording.size_bytes
    assert all(file.closed for file in files)
    return whole


def samples_of(content: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(content), dtype="int16", always_2d=True)[0]


NOISE = (np.random.default_rng(1).integers(-32768, 32768, 70_000)).astype(np.int16)


def test_every_sample_is_in_its_place_and_the_shorter_side_ends_in_silence() -> None:
    left, right = NOISE[:70_000], NOISE[:40_000][::-1]
    both = samples_of(joined([sound(left), sound(right)]))
    assert both.shape == (70_000, 2)
    assert (both[:, 0] == left).all()
    assert (both[:40_000, 1] == right).all()
    assert not both[40_000:, 1].any()


@pytest.mark.long
@given(
    lengths=st.lists(st.integers(0, 70_000), min_size=2, max_size=3), piece=st.sampled_from([1000, 65_536])
)
def test_any_lengths_and_pieces_make_the_same_file(lengths: list[int], piece: int) -> None:
    if not any(lengths):
        return
    sides = [NOISE[:length] for length in lengths]
    whole = samples_of(joined([sound(side) for side in sides], piece=piece))
    assert whole.shape == (max(lengths), len(sides))
    for channel, side in enumerate(sides):
        assert (whole[: len(side), channel] == side).all()


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "ULAW"),
        ("WAV", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", None),
        ("WAV", "GSM610"),
    ],
)
def test_sides_may_be_written_in_any_format(form: str, subtype: str | None) -> None:
    tone = (0.5 * np.sin(np.arange(32_000) / 10)).astype(np.float32)
    whole = samples_of(joined([sound(tone, form=form, subtype=subtype), sound(tone)]))
    middle = whole[8000:24_000] / 32768
    assert np.corrcoef(middle[:, 0], middle[:, 1])[0, 1] > 0.95


@pytest.mark.parametrize(
    ("encoding", "subtype"),
    [(Encoding.MULAW, "ULAW"), (Encoding.ALAW, "ALAW"), (Encoding.PCM_S16LE, "PCM_16")],
)
def test_samples_without_a_header_are_read_as_the_recorder_says(encoding: Encoding, subtype: str) -> None:
    tone = (0.5 * np.sin(np.arange(16_000) / 10)).astype(np.float32)
    bare = io.BytesIO()
    soundfile.write(bare, tone, 8000, format="RAW", subtype=subtype, endian="LITTLE")
    raw = RawAudio(encoding, 8000)
    assert raw.duration_s(len(bare.getvalue())) == 2
    whole = samples_of(joined([bare.getvalue()], [raw]))
    assert whole.shape == (16_000, 1)
    assert np.corrcoef(whole[:, 0], tone)[0, 1] > 0.999


def test_what_does_not_fit_together_is_refused_with_the_mend() -> None:
    with pytest.raises(RecordingUnusable, match=r"different sample rates \(8000 and 16000 Hz\): convert one"):
        joined([sound(NOISE[:9000]), sound(NOISE[:9000], 16_000)])
    with pytest.raises(
        RecordingUnusable, match=r"side 1\.wav: neither libsndfile nor FFmpeg knows it: convert it"
    ):
        joined([sound(NOISE[:9000]), b"no sound"])


def test_a_store_that_breaks_off_is_not_taken_for_a_wrong_format() -> None:
    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise TimeoutError("the store does not answer")

        readinto = read  # type: ignore[assignment]

    part = Part("a.wav", "file:///a.wav", 100, 0)
    with pytest.raises(TimeoutError):
        JoinedRecording([part], [Broken(b"x" * 100)])


def test_parts_come_back_from_a_column_as_they_were() -> None:
    parts = (
        Part("a.ulaw", "s3://b/a.ulaw", 7, 0, RawAudio(Encoding.MULAW, 8000, 2)),
        Part("b.wav", "s3://b/b.wav", 9, 2),
    )
    assert parts_from_json(parts_as_json(parts)) == parts
