import numpy as np
import pytest

from include.gpu_host.ivr.talk_over import least_power
from tests.unit.gpu_host.ivr.sounds import Sound, recording, silence, span


def hiss(seconds: float, level: float) -> Sound:
    return np.random.default_rng(3).normal(0, level, round(seconds * 16_000)).astype(np.float32)


def least_level(*parts: Sound) -> float:
    call = recording(np.concatenate(parts))
    return float(np.sqrt(least_power(call, 0, [call.whole])))


def test_on_a_quiet_line_it_is_a_trace_of_the_conversation() -> None:
    assert least_level(hiss(4, 0.1), silence(6)) == pytest.approx(0.1 * 10 ** (-22 / 20), rel=0.05)


def test_noise_raises_it_above_itself() -> None:
    assert least_level(hiss(5, 0.1), hiss(5, 0.01)) == pytest.approx(0.01 * 10 ** (6 / 20), rel=0.15)


def test_noise_as_loud_as_speech_does_not_ask_for_more_than_speech_has() -> None:
    assert least_level(hiss(10, 0.1)) == pytest.approx(0.1 * 10 ** (-10 / 20), rel=0.05)


def test_only_what_is_beside_known_audio_counts() -> None:
    call = recording(np.concatenate([hiss(10, 0.3), hiss(4, 0.01)]))
    beside = least_power(call, 0, [span(10_000, 14_000)])
    assert np.sqrt(beside) == pytest.approx(0.01 * 10 ** (-10 / 20), rel=0.05)


def test_too_little_beside_tells_nothing() -> None:
    call = recording(hiss(10, 0.1))
    assert least_power(call, 0, [span(0, 1500), span(4000, 5400)]) == 0
    assert least_power(call, 0, []) == 0
