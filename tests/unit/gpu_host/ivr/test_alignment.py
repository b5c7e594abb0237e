"""Edges and talk-over on real speech as the prompt, through an 8 kHz line."""

from collections.abc import Callable

import numpy as np
import pytest

from include.gpu.wire import SegmentKind
from include.gpu_host.audio import timeline
from include.gpu_host.ivr.alignment import REACH_S, Play, listen
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, known, melody, recording, silence, span

Speech = Callable[[str], Sound]


def listened(
    sound: Sound,
    piece: Sound,
    begins_ms: int,
    *,
    sure_ms: tuple[int, int] = (500, 2000),
    reach_s: int = REACH_S,
) -> Play:
    samples = known("p", SegmentKind.PROMPT, piece).samples
    first, last = (ms * 8 for ms in sure_ms)
    play = listen(recording(sound), 0, samples, begins=begins_ms * 8, first=first, last=last, reach_s=reach_s)
    assert play is not None
    return play


def test_edges_are_exact_when_landmarks_are_rough(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    heard = as_on_the_phone(np.concatenate([silence(2), prompt, silence(2)]))
    play = listened(heard, prompt, 2000 + 20)
    assert play.start_ms == pytest.approx(2000, abs=10)
    assert play.end_ms == pytest.approx(2000 + len(prompt) / 16, abs=20)
    assert play.explained > 0.9
    assert play.spoken_over == []


@pytest.mark.long
def test_a_piece_that_is_broken_off_ends_where_it_does(speech: Speech) -> None:
    music, talk = melody(1, 20), speech("john_dashwood")
    heard = as_on_the_phone(np.concatenate([silence(1), music[7 * 16_000 : 15 * 16_000], talk]))
    play = listened(heard, music, 1000 - 7000, sure_ms=(8500, 13_500))
    assert play.start_ms == pytest.approx(1000, abs=60)
    assert play.end_ms == pytest.approx(9000, abs=60)


@pytest.mark.long
def test_edges_of_a_piece_12_db_below_the_noise_are_those_of_what_plays() -> None:
    music = melody(1, 40)
    call = np.concatenate([silence(4), music[5 * 16_000 : 25 * 16_000], silence(8)])
    noise = np.random.default_rng(2).normal(0, 4 * np.std(call), len(call)).astype(np.float32)
    play = listened(as_on_the_phone(call + noise), music, -1000, sure_ms=(8000, 20_000))
    assert play.start_ms == pytest.approx(4000, abs=200)
    assert play.end_ms == pytest.approx(24_000, abs=200)
    assert play.explained > 0.9
    assert play.spoken_over == []


@pytest.mark.long
def test_a_piece_is_followed_far_before_what_is_sure() -> None:
    """Chunks of 20 s in which nothing is sure come first."""
    music = melody(1, 60)
    heard = as_on_the_phone(np.concatenate([silence(1), music]))
    play = listened(heard, music, 1000 + 10, sure_ms=(50_000, 55_000), reach_s=60)
    assert play.start_ms == pytest.approx(1000, abs=60)
    assert play.end_ms == pytest.approx(61_000, abs=60)
    assert play.explained > 0.9


def test_who_speaks_over_a_prompt_is_heard(speech: Speech) -> None:
    prompt, talk = np.tile(speech("cold_hearted"), 2), speech("john_dashwood")[: 3 * 16_000]
    over = np.pad(talk, (2 * 16_000, 0))
    heard = np.pad(prompt, (0, max(0, len(over) - len(prompt))))
    heard[: len(over)] += over
    play = listened(as_on_the_phone(heard), prompt, 0)
    spoken_ms = timeline.total_ms(timeline.within([span(2200, 5000)], play.spoken_over))
    assert spoken_ms > 2600
    assert timeline.total_ms(play.spoken_over) < 3600
    assert listened(as_on_the_phone(prompt), prompt, 0).spoken_over == []


def test_another_piece_is_not_explained() -> None:
    assert listened(as_on_the_phone(melody(2)), melody(1), 0).explained < 0.1
