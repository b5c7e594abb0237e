"""Which channels hold the same."""

import numpy as np
import pytest

from include.gpu_host.audio.recording import Pcm
from include.gpu_host.audio.same_channels import without_copies

SECOND = 16_000


def sound(seed: int, seconds: int = 6, loudness: float = 4000) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, loudness, seconds * SECOND)


def pcm(samples: np.ndarray) -> Pcm:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def kept(*channels: np.ndarray) -> list[int]:
    """Numbers of the channels that are left."""
    made = [pcm(channel) for channel in channels]
    left = without_copies(made)
    return [n for n, channel in enumerate(made) if any(channel is other for other in left)]


@pytest.mark.parametrize("gain", [1, 0.5, 2, -1, -0.3, 0.05])
def test_a_copy_is_dropped_however_loud_and_whichever_way_up(gain: float) -> None:
    one = sound(1, loudness=2000)
    louder = [0] if abs(gain) <= 1 else [1]
    assert kept(one, gain * one) == louder
    assert kept(one + sound(2, loudness=5), gain * one) == louder


def test_two_sides_are_two() -> None:
    assert kept(sound(1), sound(2)) == [0, 1]


@pytest.mark.parametrize("gain", [1, 0.5])
def test_one_word_that_only_one_channel_has_makes_them_two(gain: float) -> None:
    one, other = sound(1, 30), gain * sound(1, 30)
    other[20 * SECOND : 20 * SECOND + SECOND // 2] += sound(3, 1)[: SECOND // 2]
    assert kept(one, other) == [0, 1]


def test_crosstalk_is_no_copy_when_both_sides_speak() -> None:
    agent, customer = sound(1), sound(2)
    agent[: 3 * SECOND] = 0
    customer[3 * SECOND :] = 0
    leak = 10 ** (-14 / 20)
    assert kept(agent + leak * customer, customer + leak * agent) == [0, 1]


def test_a_silent_side_is_a_side_of_its_own() -> None:
    assert kept(sound(1), 0 * sound(1)) == [0, 1]
    assert kept(sound(1), sound(2, loudness=20)) == [0, 1]
    assert kept(0 * sound(1), 0 * sound(1)) == [0]


def test_of_four_channels_two_may_be_left() -> None:
    agent, customer = sound(1), sound(2)
    assert kept(0.5 * agent, customer, agent, -customer) in ([1, 2], [2, 3])


def test_nothing_is_one_channel_of_nothing() -> None:
    assert [len(channel) for channel in without_copies([pcm(sound(1, 0)), pcm(sound(2, 0))])] == [0]
