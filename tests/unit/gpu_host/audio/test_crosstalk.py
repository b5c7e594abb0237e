"""Speech that leaks from one side into the other's channel."""

from collections.abc import Callable

import numpy as np
import pytest

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.crosstalk import without_leaks
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans

pytestmark = pytest.mark.long

Speech = Callable[[str], np.ndarray]


def sides(speech: Speech) -> tuple[np.ndarray, np.ndarray, int]:
    """The agent speaks, then the customer, then both: samples of each, and where the customer begins."""
    agent, customer = speech("john_dashwood"), speech("cold_hearted")
    pause = np.zeros(16_000, dtype=np.float32)
    first = np.concatenate([agent, pause, 0 * customer, pause, agent])
    second = np.concatenate([0 * agent, pause, customer, pause, customer, 0 * agent])[: len(first)]
    return first, second, len(agent) + 16_000


def own_speech(channels: list[np.ndarray]) -> list[list[Span]]:
    recording = Recording.of(np.stack(channels).astype(np.float32))
    return without_leaks(recording, [speech_spans(recording, n) for n in recording.channels])


@pytest.mark.parametrize("leak_db", [-8, -14, -20])
@pytest.mark.parametrize("late_ms", [0, 3, 12])
def test_what_leaks_in_from_the_other_side_is_not_ones_own(
    speech: Speech, leak_db: int, late_ms: int
) -> None:
    agent, customer, begins = sides(speech)
    gain, late = 10 ** (leak_db / 20), late_ms * 16
    noise = np.random.default_rng(1).normal(0, 0.0005, (2, len(agent)))
    channels = [agent + gain * np.roll(customer, late), customer + gain * np.roll(agent, late)]
    own = own_speech([channel + hiss for channel, hiss in zip(channels, noise, strict=True)])
    true = own_speech([agent, customer])
    alone = Span(start_ms=begins // 16, end_ms=(begins + len(speech("cold_hearted"))) // 16)
    assert timeline.total_ms(timeline.within(own[0], [alone])) < 0.1 * timeline.length_ms(alone)
    for channel in (0, 1):
        kept = timeline.within(true[channel], own[channel])
        assert timeline.total_ms(kept) > 0.9 * timeline.total_ms(true[channel])


def test_two_people_who_speak_at_once_both_stay(speech: Speech) -> None:
    agent, customer, _ = sides(speech)
    own = own_speech([agent, 0.3 * customer])
    recording = Recording.of(np.stack([agent, 0.3 * customer]).astype(np.float32))
    assert own == [speech_spans(recording, n) for n in (0, 1)]


def test_one_channel_leaks_nowhere(speech: Speech) -> None:
    recording = Recording.of(speech("cold_hearted")[None])
    spans = [speech_spans(recording, 0)]
    assert without_leaks(recording, spans) == spans
