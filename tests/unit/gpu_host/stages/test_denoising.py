from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from include.gpu.wire import Engine
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.stages.denoising import Denoising, snr_db
from include.gpu_host.stages.job import Head

pytestmark = pytest.mark.long

Speech = Callable[[str], np.ndarray]
THRESHOLD_DB = 12.0


class Halving:
    """An engine whose work is easy to recognise: it halves what it hears."""

    engine = Engine(name="halving", version="1", device="cpu")
    gains_below_snr_db: float | None = 50.0

    def enhance(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            yield block / 2


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def with_noise(samples: np.ndarray, snr_db: float) -> np.ndarray:
    spoken = samples[np.abs(samples) > 0.02]
    level = np.sqrt(np.mean(spoken**2) / 10 ** (snr_db / 10))
    return samples + np.random.default_rng(1).normal(0, level, len(samples)).astype(np.float32)


def melody(seconds: float) -> np.ndarray:
    """Music of a kind: every 200 ms two other notes, each with its overtones."""
    random, t = np.random.default_rng(3), np.arange(3200) / SAMPLE_RATE_HZ
    beats = [
        sum(np.sin(2 * np.pi * hz * n * t) / n for hz in random.uniform(150, 900, 2) for n in range(1, 9))
        for _ in range(round(seconds / 0.2))
    ]
    return (0.05 * np.concatenate(beats)).astype(np.float32)


def dialled(digits: int) -> np.ndarray:
    t = np.arange(SAMPLE_RATE_HZ // 10) / SAMPLE_RATE_HZ
    key = 0.1 * (np.sin(2 * np.pi * 770 * t) + np.sin(2 * np.pi * 1336 * t))
    return np.tile(np.concatenate([key, np.zeros(len(key))]), digits).astype(np.float32)


def measured_db(samples: np.ndarray) -> float | None:
    return snr_db(Recording.of(samples[None]), 0)


@pytest.fixture
def call(speech: Speech) -> np.ndarray:
    pieces = [silence(1), speech("john_dashwood"), silence(1), speech("cold_hearted"), silence(1)]
    return np.concatenate(pieces)


@pytest.fixture
def head() -> Head:
    return Head(call_id="call", engine=Halving.engine, seconds=0.0, audio_s=1.0)


@pytest.fixture
def denoising() -> Denoising:
    return Denoising(Halving(), THRESHOLD_DB)


def test_snr_is_measured_from_speech_and_its_pauses(call: np.ndarray) -> None:
    measured = [measured_db(with_noise(call, snr)) for snr in (0, 5, 15, 25)]
    assert measured == pytest.approx([0, 5, 15, 25], abs=4)


def test_without_speech_or_pauses_there_is_no_snr(speech: Speech) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 80_000).astype(np.float32)
    for samples in (silence(3), noise, silence(0), speech("john_dashwood")[16_000:32_000]):
        assert measured_db(samples) is None


def test_what_comes_on_top_of_the_noise_is_no_noise(call: np.ndarray) -> None:
    clean = with_noise(call, 40)
    for sound in (melody(8), dialled(10)):
        gap = with_noise(call, 40)[: SAMPLE_RATE_HZ // 2]
        beside = np.concatenate([sound, gap, clean, gap, sound, gap, clean])
        assert (measured_db(beside) or 0) > 25


def test_a_long_recording_is_measured_like_a_short_one(call: np.ndarray) -> None:
    noisy = with_noise(np.tile(call, 8), 10)
    assert len(noisy) > 80 * SAMPLE_RATE_HZ
    assert measured_db(noisy) == pytest.approx(measured_db(with_noise(call, 10)), abs=0.7)


def test_only_noisy_channels_are_enhanced_and_the_result_says_why(
    tmp_path: Path, denoising: Denoising, head: Head, call: np.ndarray
) -> None:
    recording = Recording.of(
        np.stack([with_noise(call, 40), with_noise(call, 5), silence(1).repeat(30)[: len(call)]])
    )
    result = denoising.run(head, recording, tmp_path / "draft")
    assert result.applied
    assert [(quality.channel, quality.applied) for quality in result.channels] == [
        (0, False),
        (1, True),
        (2, False),
    ]
    assert result.snr_db == result.channels[1].snr_db == pytest.approx(5, abs=4)
    assert result.channels[2].snr_db is None
    assert f"below 12 dB on channel 1 ({result.snr_db} dB)" in result.reason
    heard = decode(tmp_path / "draft", tmp_path, 60)
    assert (heard.samples(0) == recording.samples(0)).all()
    assert heard.samples(1) == pytest.approx(recording.samples(1) / 2, abs=1e-4)
    assert not heard.samples(2).any()


def test_what_is_clean_or_silent_is_left_as_it_is(
    tmp_path: Path, denoising: Denoising, head: Head, call: np.ndarray
) -> None:
    for samples, reason in (
        (with_noise(call, 30), "is not below 12 dB"),
        (silence(2), "No speech with pauses"),
    ):
        result = denoising.run(head, Recording.of(samples[None]), tmp_path / "draft")
        assert not result.applied and not result.channels[0].applied
        assert reason in result.reason and "left as it is" in result.reason
    assert list(tmp_path.iterdir()) == []


def test_the_gate_is_the_engines_unless_the_operator_has_another(
    tmp_path: Path, head: Head, call: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Halving, "gains_below_snr_db", 3.0)
    noisy = Recording.of(with_noise(call, 9)[None])
    for below_snr_db, tuning, applied in ((None, 3.0, False), (THRESHOLD_DB, THRESHOLD_DB, True)):
        denoising = Denoising(Halving(), below_snr_db)
        assert denoising.tuning == [tuning]
        assert denoising.run(head, noisy, tmp_path / "draft").applied is applied


def test_an_engine_that_recognition_only_loses_by_is_for_listening(
    tmp_path: Path, head: Head, call: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Halving, "gains_below_snr_db", None)
    denoising = Denoising(Halving(), None)
    result = denoising.run(head, Recording.of(with_noise(call, 0)[None]), tmp_path / "draft")
    assert (result.applied, denoising.tuning) == (False, ["never"])
    assert "for listening" in result.reason and result.snr_db == pytest.approx(0, abs=4)
    assert list(tmp_path.iterdir()) == []


def test_for_listening_every_channel_is_enhanced(
    tmp_path: Path, denoising: Denoising, call: np.ndarray
) -> None:
    recording = Recording.of(np.stack([call, np.roll(call, 8000) * 0.5]))
    denoising.write_enhanced(recording, tmp_path / "draft")
    heard = decode(tmp_path / "draft", tmp_path, 60)
    assert heard.frames == recording.frames
    for channel in recording.channels:
        assert heard.samples(channel) == pytest.approx(recording.samples(channel) / 2, abs=1e-4)
