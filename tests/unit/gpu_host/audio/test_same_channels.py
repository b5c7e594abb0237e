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


def speech(seed: int, seconds: int = 8) -> np.ndarray:
    """Like speech: syllables of low-passed noise, and pauses."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(0, 1, seconds * SECOND), np.ones(8) / 8, "same")
    loud = np.repeat(rng.random(seconds * 4) < 0.6, SECOND // 4)
    return 12_000 * noise * loud


def later(samples: np.ndarray, milliseconds: float) -> np.ndarray:
    shift = round(milliseconds * 16)
    return np.concatenate([np.zeros(shift), samples[: len(samples) - shift]])


@pytest.mark.long
@pytest.mark.parametrize("milliseconds", [0.125, 1, 5, 20, 45])
@pytest.mark.parametrize("gain", [1, -1, 0.5, 1.5])
def test_a_copy_that_comes_some_milliseconds_later_is_dropped(milliseconds: float, gain: float) -> None:
    one = speech(1)
    for first, second in ((one, later(one, milliseconds)), (later(one, milliseconds), one)):
        assert len(kept(0.6 * first, 0.6 * gain * second)) == 1


@pytest.mark.parametrize("offset", [-3000, 300, 3000])
@pytest.mark.parametrize("gain", [1, -0.5])
def test_a_copy_beside_zero_is_dropped(offset: int, gain: float) -> None:
    assert len(kept(speech(1), gain * speech(1) + offset)) == 1


@pytest.mark.parametrize("milliseconds", [0, 3, 20])
@pytest.mark.parametrize("level_db", [-6, -10, -14, -20])
def test_what_leaks_from_side_to_side_makes_no_copies(milliseconds: float, level_db: float) -> None:
    agent, customer, leak = speech(1), speech(2), 10 ** (level_db / 20)
    sides = agent + leak * later(customer, milliseconds), customer + leak * later(agent, milliseconds)
    assert kept(*sides) == [0, 1]


def test_an_echo_of_the_other_side_is_no_copy_of_it() -> None:
    """Where nobody speaks on the one side of a line, its own channel says whose words the other has."""
    assert kept(speech(1), 0.1 * later(speech(1), 20)) == [0, 1]


def test_one_word_that_only_the_later_channel_has_makes_them_two() -> None:
    one = speech(1)
    other = later(one, 5)
    other[5 * SECOND : 5 * SECOND + SECOND // 2] += sound(3, 1)[: SECOND // 2]
    assert kept(one, other) == [0, 1]


def test_a_side_with_nothing_but_an_offset_is_a_side_of_its_own() -> None:
    assert kept(speech(1), 0 * speech(1) + 1500) == [0, 1]


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
