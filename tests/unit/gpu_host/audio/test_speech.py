"""Voice activity on the clips of tests/data/speech and synthetic sounds."""

from collections.abc import Callable

import numpy as np
import pytest

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import FRAME_MS, FRAME_SAMPLES, speech_probabilities, speech_spans
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, melody, recording, silence, span

Speech = Callable[[str], Sound]


def test_speech_is_told_from_silence_music_and_noise(speech: Speech) -> None:
    clip = speech("john_dashwood")
    spans = speech_spans(recording(np.concatenate([silence(2), clip, silence(2)])), 0)
    assert spans[0].start_ms == pytest.approx(2000, abs=500)
    assert spans[-1].end_ms == pytest.approx(2000 + len(clip) / 16, abs=500)
    noise = np.random.default_rng(1).normal(0, 0.05, 80_000).astype(np.float32)
    for sound in (silence(3), melody(1), noise, silence(0)):
        assert speech_spans(recording(sound), 0) == []


def test_frames_are_of_the_span_across_blocks(speech: Speech) -> None:
    heard = recording(np.concatenate([silence(9), speech("john_dashwood"), silence(9)]))
    frames = speech_probabilities(heard, 0, span(2000, 20_000))
    assert len(frames) == -(-18_000 // FRAME_MS)
    spoken = Span(start_ms=9500, end_ms=15_500)
    inside = frames[(spoken.start_ms - 2000) // FRAME_MS : (spoken.end_ms - 2000) // FRAME_MS]
    assert (inside > 0.5).mean() > 0.8


@pytest.mark.long
@pytest.mark.parametrize("before", [silence(100), 0.3 * melody(1, 100)], ids=["silence", "music"])
def test_speech_after_minutes_of_silence_or_music_is_heard_like_any(speech: Speech, before: Sound) -> None:
    clip = as_on_the_phone(speech("john_dashwood"))
    alone = timeline.total_ms(speech_spans(recording(clip), 0))
    late = recording(np.concatenate([as_on_the_phone(before), clip]))
    spans = timeline.within(speech_spans(late, 0), [span(100_000, late.whole.end_ms)])
    assert timeline.total_ms(spans) > 0.9 * alone


def test_spans_are_listened_to_each_for_itself(speech: Speech) -> None:
    clip = speech("cold_hearted")
    heard = recording(np.concatenate([clip, silence(1), clip]))
    second = span(len(clip) // 16 + 1000, heard.whole.end_ms)
    found = speech_spans(heard, 0, [second])
    assert found and found[0].start_ms >= second.start_ms and found[-1].end_ms <= second.end_ms


@pytest.mark.long
@pytest.mark.parametrize("frames", [1, 512, 513, 16_001, 617_913, 988_161])
def test_every_frame_has_a_probability_whatever_the_length(frames: int) -> None:
    recording = Recording.of(np.zeros((1, frames), dtype=np.float32))
    assert len(speech_probabilities(recording, 0)) == -(-frames // FRAME_SAMPLES)


@pytest.mark.parametrize("start_ms", [500, 1700, 2000, 3500, 3800])
def test_a_word_that_begins_with_the_recording_is_heard(speech: Speech, start_ms: int) -> None:
    within_a_word = as_on_the_phone(speech("cold_hearted")[start_ms * 16 :])
    assert speech_spans(recording(within_a_word), 0, margin_ms=0)[0].start_ms == 0


def test_a_soft_beginning_belongs_to_the_word(speech: Speech) -> None:
    heard = recording(as_on_the_phone(speech("cold_hearted")[200 * 16 :]))
    likely = speech_probabilities(heard, 0)
    first = speech_spans(heard, 0, margin_ms=0)[0].start_ms // FRAME_MS
    assert 0.25 < likely[first] < 0.5 and likely[:first].max(initial=0) <= 0.25
