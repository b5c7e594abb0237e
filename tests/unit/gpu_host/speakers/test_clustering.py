"""Voices found among made-up embeddings: where they are known to be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.calls.transcript import Word
from include.gpu.wire import Engine, Span
from include.gpu_host.audio.recording import Recording, Samples
from include.gpu_host.speakers.clustering import STEP_MS, WINDOW_MS, Windows, clustered
from include.gpu_host.speakers.voices import Voices

VALUES = 32


def voice(number: int) -> np.ndarray:
    made = np.random.default_rng(number).normal(size=VALUES)
    return np.asarray(made / np.linalg.norm(made))


def windows_of(turns: list[int], windows_per_turn: int = 4, noise: float = 0.1, seed: int = 0) -> Windows:
    """A second of silence after each turn; embeddings scatter around their voice."""
    rng = np.random.default_rng(seed)
    spans, embeddings, at_ms = [], [], 0
    for number in turns:
        for _ in range(windows_per_turn):
            spans.append(Span(start_ms=at_ms, end_ms=at_ms + WINDOW_MS))
            near = voice(number) + rng.normal(0, noise, VALUES)
            embeddings.append(near / np.linalg.norm(near))
            at_ms += WINDOW_MS // 2
        at_ms += WINDOW_MS // 2 + 1000
    return Windows(spans, np.array(embeddings, dtype=np.float32))


def labels_of(turns: list[int], **made: float) -> tuple[list[int], float] | None:
    """The voice of each turn's middle, and how much the voices are alike."""
    windows = windows_of(turns, **made)
    found = clustered(windows, windows.spans)
    if found is None:
        return None
    each = len(windows.spans) // len(turns)
    middles = [windows.spans[n * each + each // 2].start_ms + WINDOW_MS // 4 for n in range(len(turns))]
    return [int(found.labels[at // STEP_MS]) for at in middles], found.similarity


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 2), min_size=6, max_size=30), st.integers(0, 5))
def test_two_voices_are_numbered_in_the_order_in_which_they_are_first_heard(
    turns: list[int], seed: int
) -> None:
    if min(turns.count(1), turns.count(2)) < len(turns) / 5:
        return
    got = labels_of(turns, seed=seed)
    assert got is not None
    first = turns[0]
    assert got[0] == [0 if number == first else 1 for number in turns]
    assert got[1] < 0.6


def test_a_third_voice_that_is_heard_much_is_a_third() -> None:
    got = labels_of([1, 2, 3, 1, 2, 3, 1, 2, 3])
    assert got is not None and got[0] == [0, 1, 2] * 3


def test_a_cough_is_no_voice() -> None:
    got = labels_of([1, 2] * 8 + [3], windows_per_turn=4)
    assert got is not None and got[0][:-1] == [0, 1] * 8 and set(got[0]) == {0, 1}


def test_a_short_answer_between_long_turns_of_the_other_is_heard() -> None:
    windows = windows_of([1, 2, 1, 2, 1], windows_per_turn=5)
    found = clustered(windows, windows.spans)
    assert found is not None and set(found.labels.tolist()) == {0, 1}


@pytest.mark.parametrize("turns", [[], [1], [1, 2]])
def test_too_little_speech_tells_nobody_apart(turns: list[int]) -> None:
    windows = (
        windows_of(turns, windows_per_turn=1) if turns else Windows([], np.zeros((0, VALUES), np.float32))
    )
    assert clustered(windows, windows.spans) is None


class Ear:
    """An embedder that hears a voice by its pitch: 100 Hz is one, 200 Hz another."""

    engine = Engine(name="ear", version="1", device="cpu")
    longest_ms = 2000

    def __init__(self, alike: float = 0.0) -> None:
        self._alike = alike

    def embed(self, windows: list[Samples]) -> np.ndarray:
        rows = []
        for samples in windows:
            if len(samples) < 4000:
                rows.append(np.zeros(VALUES))
                continue
            low = np.abs(np.fft.rfft(samples))
            is_first = low[: len(samples) * 150 // 16_000].sum() > low[len(samples) * 150 // 16_000 :].sum()
            said = voice(1) if is_first else self._alike * voice(1) + (1 - self._alike) * voice(2)
            rows.append(said / np.linalg.norm(said))
        return np.array(rows, dtype=np.float32)


def tones(*pitches: int, seconds: float = 4.0) -> tuple[Recording, list[Span], list[Word]]:
    """A recording in which each pitch sounds for some seconds, with a word in the middle of each."""
    t = np.arange(round(seconds * 16_000)) / 16_000
    samples = np.concatenate([0.3 * np.sin(2 * np.pi * hz * t) for hz in pitches]).astype(np.float32)
    length_ms = round(seconds * 1000)
    spans = [Span(start_ms=n * length_ms, end_ms=(n + 1) * length_ms) for n in range(len(pitches))]
    middles = [span.start_ms + length_ms // 2 for span in spans]
    words = [Word(text="so", start_ms=at, end_ms=at + 200, confidence=1) for at in middles]
    return Recording.of(samples[None]), spans, words


def test_each_word_has_a_voice_and_how_sure_it_is() -> None:
    recording, speech, words = tones(100, 200, 100, 200)
    found = Voices(Ear()).of_words(recording, 0, speech, words)
    assert found and [word.voice for word in found] == [1, 2, 1, 2]
    assert min(word.confidence for word in found) > 0.9


def test_one_voice_in_two_moods_is_one() -> None:
    recording, speech, words = tones(100, 200, 100, 200)
    assert Voices(Ear(alike=0.7)).of_words(recording, 0, speech, words) is None


def test_nothing_said_tells_nobody_apart() -> None:
    recording, _, _ = tones(100)
    assert Voices(Ear()).of_words(recording, 0, [], []) is None


def test_a_few_seconds_tell_nobody_apart() -> None:
    recording, speech, words = tones(100, 200, 100, seconds=4)
    assert Voices(Ear()).of_words(recording, 0, speech, words) is None
