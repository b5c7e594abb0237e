from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.gpu.wire import Span
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.recording import Recording, RecordingWriter, write_flac
from tests.unit.gpu_host.audio.recordings import tone


def rising(frames: int, channels: int = 1) -> np.ndarray:
    """Every sample tells where it is; shape (channels, frames)."""
    ramp = np.arange(frames) / 32768
    return np.stack([ramp if n == 0 else -ramp for n in range(channels)]).astype(np.float32)


def test_samples_are_read_where_they_are() -> None:
    recording = Recording.of(rising(32_000, channels=2))
    assert (recording.frames, recording.duration_s, recording.channels) == (32_000, 2.0, range(2))
    assert recording.whole == Span(start_ms=0, end_ms=2000)
    assert (recording.samples(1, 16_000, 16_003) * -32768 == [16_000, 16_001, 16_002]).all()
    heard = recording.heard(0, [Span(start_ms=10, end_ms=20), Span(start_ms=1000, end_ms=9000)])
    assert len(heard) == 160 + 16_000
    assert (heard[[0, 159, 160, -1]] * 32768 == [160, 319, 16_000, 31_999]).all()
    assert len(recording.heard(0, [])) == 0


def test_blocks_are_the_whole_channel() -> None:
    recording = Recording.of(rising(32_001))
    blocks = list(recording.blocks(0, block_s=0.5))
    assert [len(block) for block in blocks] == [8000, 8000, 8000, 8000, 1]
    assert (np.concatenate(blocks) == recording.samples(0)).all()


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, 2)
    whole = rising(20_000, channels=2).T
    for start in range(0, 20_000, 7_001):
        writer.write(whole[start : start + 7_001])
    recording = writer.finished()
    writer.close()
    assert list(tmp_path.iterdir()) == []
    for n in recording.channels:
        assert (recording.samples(n) == whole[:, n]).all()


def test_too_loud_is_clipped_and_no_number_is_silence() -> None:
    recording = Recording.of(np.array([[2.0, -2.0, np.nan, np.inf]], dtype=np.float32))
    assert recording.samples(0) == pytest.approx([1.0, -1.0, 0.0, 1.0], abs=1e-4)


def test_flac_comes_back_as_it_was(tmp_path: Path) -> None:
    channels = np.stack([tone(16_000, 3.0), tone(16_000, 3.0)[::-1] * np.linspace(0, 1.2, 48_000)]).astype(
        np.float32
    )
    recording = Recording.of(channels)
    write_flac(tmp_path / "copy", [recording.blocks(n, block_s=0.7) for n in recording.channels])
    assert soundfile.info(tmp_path / "copy").format == "FLAC"
    back = decode(tmp_path / "copy", tmp_path, 10)
    for n in recording.channels:
        assert (back.samples(n) == recording.samples(n)).all()
