"""One conversation in several recordings teaches nothing; prompts are learned as before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.doubled import HeardCall
from include.gpu_host.ivr.landmarks import HOP_MS
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, melody, recording, silence
from tests.unit.gpu_host.ivr.test_gathering import gather

pytestmark = pytest.mark.long

Speech = Callable[[str], Sound]


def quiet(sound: Sound) -> Sound:
    return silence(len(sound) / 16_000)


def own(seed: int, seconds: float) -> Sound:
    return melody(seed, seconds) if seconds else silence(0)


def in_turn(speech: Speech) -> tuple[Sound, Sound]:
    """Two people in turn, with pauses between them; what is turned around is spoken by nobody else."""
    said, answered, pause = speech("cold_hearted"), speech("john_dashwood"), silence(1.8)
    near = np.concatenate([said, pause, quiet(answered), pause, said[::-1], pause, quiet(answered)])
    far = np.concatenate([quiet(said), pause, answered, pause, quiet(said), pause, answered[::-1]])
    return near, far


def sided(near: Sound, far: Sound, seed: int, before_s: float = 0, after_s: float = 0) -> Recording:
    """A recording with a channel a side; what is before and after is its own."""
    sides = [
        np.concatenate([own(100 * seed + n, before_s), side, own(100 * seed + 50 + n, after_s)])
        for n, side in enumerate((near, far))
    ]
    return recording(*(as_on_the_phone(side, 1000 * seed + n) for n, side in enumerate(sides)))


def mixed(near: Sound, far: Sound, seed: int) -> Recording:
    return recording(as_on_the_phone(near + far, seed))


def three_recorders(near: Sound, far: Sound) -> list[Recording]:
    return [sided(near, far, seed) for seed in (1, 2, 3)]


def three_recorders_of_one_channel(near: Sound, far: Sound) -> list[Recording]:
    return [mixed(near, far, seed) for seed in (1, 2, 3)]


def a_consultation_and_a_trunk(near: Sound, far: Sound) -> list[Recording]:
    """Each of two colleagues is near in one recording; the trunk has the first as near."""
    return [
        sided(near, far, 1, before_s=6, after_s=9),
        sided(far, near, 2, after_s=7),
        sided(near, far, 3, before_s=8, after_s=5),
    ]


def a_conference_of_three(near: Sound, far: Sound) -> list[Recording]:
    return [sided(near, far, seed, before_s=3 * seed, after_s=12 - 3 * seed) for seed in (1, 2, 3)]


@pytest.mark.parametrize(
    "recorded",
    [
        three_recorders,
        three_recorders_of_one_channel,
        a_consultation_and_a_trunk,
        a_conference_of_three,
    ],
)
def test_a_conversation_that_was_recorded_three_times_teaches_nothing(
    speech: Speech, recorded: Callable[[Sound, Sound], list[Recording]]
) -> None:
    gathering, _ = gather(recorded(*in_turn(speech)))
    assert gathering.learned == []


def test_a_prompt_that_echoes_on_the_other_channel_is_learned(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering, _ = gather([sided(prompt, 0.3 * prompt, n, before_s=3 + n, after_s=9) for n in (1, 2, 3)])
    assert gathering.learned


def test_a_greeting_and_a_menu_at_fixed_times_are_learned(speech: Speech) -> None:
    played = np.concatenate([speech("cold_hearted"), silence(2), speech("john_dashwood")])
    gathering, _ = gather([sided(played, quiet(played), n, after_s=18) for n in (1, 2, 3)])
    assert len(gathering.learned) >= 2


def test_calls_that_play_a_prompt_of_different_moments_are_learned_in_mono(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    calls = [
        recording(as_on_the_phone(np.concatenate([own(n, 2 * n), prompt, own(50 + n, 22)]), n))
        for n in (1, 2, 3)
    ]
    gathering, _ = gather(calls)
    assert gathering.learned


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MINUTE_FRAMES = round(60_000 / HOP_MS)


@pytest.mark.parametrize(
    ("minutes", "offset_minutes", "apart"),
    [
        (22, 0, True),
        (-22, 0, True),
        (14, 0, False),  # a long consultation
        (20, -20, False),  # a recorder that was switched on later in the same conversation
        (20, 20, True),
        (60, 0, False),  # a recorder with another zone's clock
        (-345, 0, False),
        (330.6, 0, False),  # and half a minute slow
        (331, 0, True),
        (60 * 24, 0, False),
        (60 * 24 + 7, 0, True),
    ],
)
def test_calls_are_apart_when_no_clock_of_a_recorder_explains_it(
    minutes: float, offset_minutes: float, apart: bool
) -> None:
    other = HeardCall("b", NOON)
    call = HeardCall("a", NOON + timedelta(minutes=minutes))
    offset = round(offset_minutes * MINUTE_FRAMES)
    assert call.apart_from(other, offset) is apart
    assert other.apart_from(call, -offset) is apart


def test_of_a_call_whose_time_nobody_knows_nothing_is_sure() -> None:
    known, unknown = HeardCall("a", NOON), HeardCall("b")
    assert not known.apart_from(unknown, 0) and not unknown.apart_from(known, 0)
