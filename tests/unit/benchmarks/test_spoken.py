"""Calls with known words: every clip lies where its truth says, and word times are measured from there."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.calls.call import ChannelRole
from include.calls.transcript import Turn, Word
from tests.benchmarks.speech.conversations import off_ms
from tests.benchmarks.speech.material import RATE_HZ, Material
from tests.benchmarks.speech.spoken import Piece, spoken_call


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Noises stand for speech, prompts and music."""
    chance = np.random.default_rng(1)
    lengths_s = {"speech": (1, 2, 3), "prompts-en": (1, 2, 3), "hold-music": (20,), "noise": (4,)}
    for folder, lengths in lengths_s.items():
        (tmp_path / folder).mkdir()
        for n, length_s in enumerate(lengths):
            sound = np.convolve(chance.normal(size=length_s * RATE_HZ), np.ones(4) / 4, "same")
            soundfile.write(tmp_path / folder / f"{n}.wav", 0.05 * sound, RATE_HZ)
    return Material(tmp_path)


@pytest.mark.parametrize("channels", [1, 2])
def test_every_clip_lies_where_the_truth_says(material: Material, channels: int) -> None:
    call = spoken_call(material, material.speech, seed=3, channels=channels)
    clips = {clip.name: clip for clip in [*material.speech, *material.prompts]}
    assert len(call.pieces) == 6 and sum(piece.spoken for piece in call.pieces) == 3
    assert len(call.samples) == channels
    assert {piece.channel for piece in call.pieces if piece.spoken} == set(range(channels))
    for piece in call.pieces:
        samples = clips[piece.name].samples
        start = piece.start_ms * RATE_HZ // 1000
        # The truth is in whole milliseconds.
        alike = [
            np.corrcoef(call.samples[piece.channel, start + n : start + n + len(samples)], samples)[0, 1]
            for n in range(RATE_HZ // 1000)
        ]
        assert max(alike) > 0.99, piece
        assert piece.end_ms - piece.start_ms == len(samples) * 1000 // RATE_HZ


def test_noise_is_at_its_ratio_to_speech(material: Material) -> None:
    quiet, noisy = (
        spoken_call(material, material.speech, seed=3, channels=1, noise_snr_db=snr_db)
        for snr_db in (None, 10.0)
    )
    noise = noisy.samples - quiet.samples
    speech = material.speech[0].samples
    ratio_db = 10 * np.log10(np.mean(speech**2) / np.mean(noise**2))
    assert ratio_db == pytest.approx(10, abs=1.5)


def word(text: str, start_ms: int) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=start_ms + 200, confidence=1)


def test_times_are_compared_word_by_word_on_the_channel_of_the_clip() -> None:
    alone = [word("Good", 100), word("morning,", 500), word("all", 900)]
    piece = Piece("speech/a.wav", 60_000, 61_200, channel=1, spoken=True)
    words = [word("press", 58_000), word("good", 60_130), word("mourning", 60_500), word("all.", 60_880)]
    turn = Turn(
        id="t1",
        speaker=ChannelRole.AGENT,
        channel=1,
        start_ms=58_000,
        end_ms=61_080,
        text="",
        confidence=1,
        words=words,
    )
    assert off_ms([turn], piece, alone) == [30, 30, 20, 20]
    assert off_ms([turn.model_copy(update={"channel": 0})], piece, alone) == []
    assert off_ms([turn], piece, []) == []
