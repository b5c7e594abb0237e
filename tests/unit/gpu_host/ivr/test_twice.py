"""What two calls play: a machine's, or words of people whose conversation was recorded twice."""

from collections.abc import Callable

import numpy as np
import pytest

from include.gpu.wire import SegmentKind
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.gathering import Gathering
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, melody, recording, silence
from tests.unit.gpu_host.ivr.test_gathering import gather, heard, plays

Speech = Callable[[str], Sound]


def sided(seed: int, near: Sound, far: Sound, *, after_s: float = 15) -> Recording:
    """A call with a channel a side: own sound of each, then `near` and `far`, then own sound again."""
    sides = [
        np.concatenate(
            [melody(300 + seed + n, 4 + 0.37 * seed), side, melody(400 + seed + n, after_s)]
            if after_s
            else [melody(300 + seed + n, 4 + 0.37 * seed), side]
        )
        for n, side in ((10, near), (20, far))
    ]
    return recording(*(as_on_the_phone(side, seed) for side in sides))


def quiet(sound: Sound) -> Sound:
    return silence(len(sound) / 16_000)


def learned(*calls: Recording, min_calls: int = 2) -> Gathering:
    return gather(calls, min_calls)[0]


def test_a_prompt_of_two_calls_with_a_channel_a_side_is_known_from_the_next_on(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering = learned(*(sided(n, prompt, quiet(prompt)) for n in range(2)))
    [entry] = gathering.learned
    assert entry.learned.kind is SegmentKind.PROMPT and entry.calls == ["call-0", "call-1"]
    third = heard(sided(2, prompt, quiet(prompt)))
    [play] = plays(gathering, third[0])
    assert timeline.length_ms(play.span) > 0.75 * len(prompt) / 16
    assert plays(gathering, third[1]) == []


def test_whoever_asks_for_three_calls_gets_three(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    calls = [sided(n, prompt, quiet(prompt)) for n in range(3)]
    assert learned(*calls[:2], min_calls=3).learned == []
    assert len(learned(*calls, min_calls=3).learned) == 1


def one_channel(prompt: Sound, _: Sound) -> list[Recording]:
    return [
        recording(as_on_the_phone(np.concatenate([melody(n, 5), prompt, melody(50 + n, 15)]), n))
        for n in range(2)
    ]


def copied_channels(prompt: Sound, _: Sound) -> list[Recording]:
    return [sided_alike(n, prompt) for n in range(2)]


def sided_alike(seed: int, prompt: Sound) -> Recording:
    one = as_on_the_phone(np.concatenate([melody(seed, 5), prompt, melody(50 + seed, 15)]), seed)
    return recording(one, one)


def a_consultation(said: Sound, answered: Sound) -> list[Recording]:
    """The colleague's channel of one recording is the far channel of the other."""
    both = [np.concatenate([said, quiet(answered)]), np.concatenate([quiet(said), answered])]
    return [sided(0, both[0], both[1]), sided(1, both[1], both[0])]


def a_consultation_without_an_answer(said: Sound, _: Sound) -> list[Recording]:
    return [sided(0, said, quiet(said)), sided(1, quiet(said), said)]


def a_conference_that_one_leaves(said: Sound, farewell: Sound) -> list[Recording]:
    """The customer is far in both; who leaves is near in one and far in the other."""
    customer = np.concatenate([said, quiet(farewell)])
    leaving = np.concatenate([quiet(said), farewell])
    return [sided(0, leaving, customer, after_s=0), sided(1, quiet(customer), customer + leaving)]


def a_neighbour_who_goes_on(said: Sound, more: Sound) -> list[Recording]:
    """A loud voice beside two agents, which one of them speaks over in between."""
    own = melody(77, 4)
    loud = np.concatenate([said, own, more])
    between = np.concatenate([said, melody(78, 4), more])
    return [sided(0, loud, quiet(loud)), sided(1, 0.2 * between, quiet(between))]


def the_end_of_both(said: Sound, _: Sound) -> list[Recording]:
    return [sided(n, said, quiet(said), after_s=3) for n in range(2)]


@pytest.mark.parametrize(
    "recorded",
    [
        one_channel,
        copied_channels,
        a_consultation,
        a_consultation_without_an_answer,
        a_conference_that_one_leaves,
        a_neighbour_who_goes_on,
        the_end_of_both,
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_people_may_have_said_takes_a_third_call(
    speech: Speech, recorded: Callable[[Sound, Sound], list[Recording]], turned: bool
) -> None:
    calls = recorded(speech("cold_hearted"), speech("john_dashwood"))
    gathering = learned(*(calls[::-1] if turned else calls))
    assert gathering.entries, "the two have something in common"
    assert gathering.learned == []
