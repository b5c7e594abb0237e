"""Learning from small calls: speech of two voices, music and tones made here."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from include.gpu.wire import SegmentKind
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.copies import is_tone
from include.gpu_host.ivr.fingerprints import FingerprintLibrary, KnownAudio
from include.gpu_host.ivr.landmarks import RATE_HZ
from include.gpu_host.ivr.learning import Learned, Learner
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, keyed, known, melody, recording, silence

pytestmark = pytest.mark.long

Speech = Callable[[str], Sound]


def learn(
    calls: Sequence[Recording], min_calls: int = 3, library: Sequence[KnownAudio] = ()
) -> list[Learned]:
    learner = Learner(FingerprintLibrary(library), min_calls)
    for n, call in enumerate(calls):
        learner.hear(n, call)
    return list(learner.learned(lambda n: calls[n], lambda done, of: None))


def call(seed: int, *played: Sound) -> Recording:
    """A call whose own sound is unlike every other's, with what it plays after it."""
    return recording(
        as_on_the_phone(np.concatenate([melody(100 + seed, 4), *played, melody(200 + seed, 4)]), seed)
    )


def test_what_many_calls_play_is_cut_out_to_its_edges(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    calls = [call(n, silence(0.3 * n), prompt, silence(0.5)) for n in range(4)]
    [learned] = learn(calls)
    assert learned.calls == 4
    assert learned.audio.kind is SegmentKind.PROMPT
    assert len(learned.audio.samples) / RATE_HZ == pytest.approx(len(prompt) / 16_000, abs=0.6)
    assert learned.start_ms == pytest.approx(4000 + 300 * learned.call, abs=300)


def test_music_that_begins_anywhere_is_music_and_a_part_in_one_call_does_not_shorten_it() -> None:
    music = melody(1, 15)
    calls = [call(n, music[: 6 * 16_000] if n == 0 else music) for n in range(5)]
    learned = learn(calls)
    assert {one.audio.kind for one in learned} == {SegmentKind.HOLD_MUSIC}
    assert max(len(one.audio.samples) for one in learned) / RATE_HZ == pytest.approx(15, abs=0.5)


def test_too_few_calls_known_audio_and_like_speech_are_not_learned(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    calls = [call(n, prompt) for n in range(3)]
    assert learn(calls, min_calls=4) == []
    assert learn(calls, library=[known("greeting", SegmentKind.PROMPT, prompt)]) == []
    # The same words a little faster each time are another recording to the sample.
    clip = speech("john_dashwood")
    spoken = [np.interp(np.arange(0, len(clip), 1 + 0.03 * n), np.arange(len(clip)), clip) for n in range(3)]
    assert learn([call(n, one.astype(np.float32)) for n, one in enumerate(spoken)]) == []


def test_tones_and_silence_are_not_learned() -> None:
    t = np.arange(4 * 16_000) / 16_000
    ringing = (0.1 * np.sin(2 * np.pi * 440 * t) + 0.1 * np.sin(2 * np.pi * 480 * t)).astype(np.float32)
    assert learn([call(n, ringing, silence(4), ringing) for n in range(4)]) == []
    assert is_tone(known("r", SegmentKind.PROMPT, ringing).samples)
    assert is_tone(known("k", SegmentKind.PROMPT, np.tile(keyed("5"), 5)).samples)
    assert not is_tone(known("m", SegmentKind.PROMPT, melody(1)).samples)


def test_one_call_recorded_twice_is_no_repeat() -> None:
    whole = np.concatenate([melody(n, 8) for n in range(4)])
    calls = [recording(as_on_the_phone(whole, seed)) for seed in range(3)]
    learner = Learner(FingerprintLibrary([]), 2)
    for n, one in enumerate(calls):
        learner.hear(n, one)
    assert (learner.copies, learner.candidates) == (2, 0)
