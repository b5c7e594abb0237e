"""What few landmarks hint at is decided by the waveform."""

import numpy as np
import pytest

from include.gpu.wire import SegmentKind
from include.gpu_host.ivr.fingerprints import Trace
from include.gpu_host.ivr.landmarks import HOP, RATE_HZ
from include.gpu_host.ivr.traces import SURE, Stretch, stretches
from tests.unit.gpu_host.ivr.sounds import Sound, known, melody, recording, silence, span

MUSIC = known("waltz", SegmentKind.HOLD_MUSIC, melody(1, 60)).samples
# 20 s of it, from its 10th second on, after 3 s of silence: it would begin at -7 s.
PLAYED = np.concatenate([silence(3), melody(1, 60)[10 * 16_000 : 30 * 16_000], silence(5)])
BEGINS = -7 * RATE_HZ
TRACE = Trace(0, BEGINS // HOP, np.array([12, 15, 20, 25, 27], dtype=np.int32) * RATE_HZ // HOP)


def in_noise(sound: Sound, snr_db: float) -> Sound:
    noise = np.random.default_rng(1).normal(0, 1, len(sound))
    return (sound + noise * np.std(sound) * 10 ** (-snr_db / 20)).astype(np.float32)


def found(sound: Sound, trace: Trace = TRACE, **taken: int) -> list[Stretch]:
    return stretches(recording(sound), 0, MUSIC, trace, [span(**taken)] if taken else [])


def test_a_piece_10_db_below_the_noise_is_found_to_the_sample() -> None:
    [stretch] = found(in_noise(PLAYED, -10))
    assert stretch.begins == pytest.approx(BEGINS, abs=2)
    assert stretch.score > 2 * SURE
    # Surely between the chunks of 8 s at its ends, and mostly in those too.
    assert 10 * RATE_HZ <= stretch.first < stretch.last <= 30 * RATE_HZ
    assert stretch.about is not None
    assert stretch.about.start <= 18 * RATE_HZ and stretch.about.stop >= 28 * RATE_HZ


def test_chance_and_other_music_are_not_it() -> None:
    assert found(in_noise(np.concatenate([silence(3), melody(2, 20)]), 0)) == []
    assert found(silence(25)) == []
    # Right music, wrong place: farther off than landmarks err.
    wrong = Trace(0, TRACE.offset + 20, TRACE.frames)
    assert found(in_noise(PLAYED, 10), wrong) == []


def test_what_chance_might_do_too_is_not_claimed() -> None:
    """At -33 dB it stands out by 9 deviations of chance, at -30 by 12."""
    assert len(found(in_noise(PLAYED, -30))) == 1
    assert found(in_noise(PLAYED, -33)) == []


def test_what_another_piece_plays_over_is_left_to_it() -> None:
    assert found(PLAYED, start_ms=3000, end_ms=23_000) == []
    assert len(found(PLAYED, start_ms=0, end_ms=3000)) == 1
