"""A quiet side beside a loud one is found as if it were alone, and what is no speech does not become it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.gpu_host.audio import timeline
from include.gpu_host.audio.levelling import Levelled
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ
from include.gpu_host.audio.speech import speech_spans
from tests.unit.gpu_host.ivr.sounds import Sound, recording, silence

pytestmark = pytest.mark.long

Speech = Callable[[str], Sound]
# Six frames of voice activity: where a turn is cut within a word, its border is anywhere.
_BORDERS_MS = 200


def in_turns(near: Sound, far: Sound, near_s: float, far_s: float, pause_s: float) -> Sound:
    """What two say in turns of so many seconds, with pauses in between, as long as both last."""
    lengths = [int(seconds * SAMPLE_RATE_HZ) for seconds in (near_s, far_s)]
    count = min(len(near) // lengths[0], len(far) // lengths[1])
    turns = [
        side[n * k : (n + 1) * k] for n in range(count) for side, k in zip((near, far), lengths, strict=True)
    ]
    return np.concatenate([part for turn in turns for part in (turn, silence(pause_s))])


def missed(near: Sound, far: Sound, level_db: float, lengths_s: tuple[float, ...]) -> tuple[int, int]:
    """What is not found of the far side at a level, of what is found of it when it is alone; in ms."""
    quiet = np.float32(10 ** (level_db / 20)) * far
    own = speech_spans(recording(in_turns(0 * near, far, *lengths_s)), 0, margin_ms=0)
    found = speech_spans(Levelled(recording(in_turns(near, quiet, *lengths_s)), 0), 0, margin_ms=0)
    return timeline.total_ms(timeline.without(own, found)), timeline.total_ms(own)


@pytest.mark.parametrize(
    "lengths_s",
    [(1, 1, 0), (1, 0.5, 0), (0.5, 0.5, 0.1), (1, 0.4, 0.05), (0.5, 0.3, 0.1), (1, 0.3, 0.15)],
    ids=str,
)
def test_a_short_quiet_turn_right_beside_loud_ones_is_found(
    speech: Speech, lengths_s: tuple[float, float, float]
) -> None:
    lost_ms, own_ms = missed(speech("john_dashwood"), speech("cold_hearted"), -30, lengths_s)
    assert own_ms > 1000
    assert lost_ms <= 0.05 * own_ms


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    st.integers(-40, -10),
    st.tuples(st.floats(0.4, 1.5), st.floats(0.3, 1.2), st.floats(0, 0.3)),
    st.permutations(["john_dashwood", "cold_hearted"]),
)
def test_the_far_side_is_found_at_any_level(
    speech: Speech, level_db: int, lengths_s: tuple[float, float, float], names: list[str]
) -> None:
    near, far = map(speech, names)
    lost_ms, own_ms = missed(near, far, level_db, lengths_s)
    assert own_ms > 500
    assert lost_ms <= 0.1 * own_ms + _BORDERS_MS


def noise(colour: str, length: int) -> Sound:
    """White, or with the low hum of a room or of a mains."""
    white = np.random.default_rng(1).normal(0, 0.05, length)
    if colour == "room":
        white = np.cumsum(white)
        white = 0.2 * (white - np.convolve(white, np.ones(800) / 800, "same"))
    elif colour == "mains":
        t = np.arange(length) / SAMPLE_RATE_HZ
        white = 0.02 * white + sum(0.05 * np.sin(2 * np.pi * 50 * n * t) / n for n in (1, 2, 3, 5, 7))
    return np.asarray(white, dtype=np.float32)


@pytest.mark.parametrize("colour", ["white", "room", "mains"])
@pytest.mark.parametrize("level_db", [-10, -30, -50])
def test_noise_between_loud_turns_is_no_speech_at_any_level(
    speech: Speech, colour: str, level_db: int
) -> None:
    near = speech("john_dashwood")
    other = noise(colour, len(near))
    for lengths_s in ((1, 1, 0.1), (1, 0.4, 0.1), (0.5, 0.5, 0)):
        alone = recording(in_turns(near, 0 * other, *lengths_s))
        call = recording(in_turns(near, np.float32(10 ** (level_db / 20)) * other, *lengths_s))
        own = speech_spans(alone, 0, margin_ms=200)
        more = timeline.without(speech_spans(Levelled(call, 0), 0, margin_ms=0), own)
        assert own and [span for span in more if timeline.length_ms(span) >= 250] == []


def test_nothing_and_silence_are_left_as_they_are() -> None:
    for sound in (silence(0), silence(2)):
        assert not Levelled(recording(sound), 0).samples(0).any()
