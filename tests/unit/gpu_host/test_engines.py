"""The engines that need no downloaded weights, on synthetic sounds and two short clips of speech."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.gpu.wire import SegmentKind
from include.gpu_host import timeline
from include.gpu_host.audio import SAMPLE_RATE_HZ, Recording, resampled
from include.gpu_host.engines import dtmf
from include.gpu_host.engines.denoise import DenoiseEngine, estimated_snr_db
from include.gpu_host.engines.fingerprints import FingerprintLibrary, KnownAudio
from include.gpu_host.engines.ivr import IvrEngine
from include.gpu_host.speech import speech_spans

Speech = Callable[[str], np.ndarray]

# Music has no clear beginning: its first and last second may hold no landmark that survives.
MUSIC_EDGE_MS = 1000


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def keyed(digits: str, tone_ms: int = 80, pause_ms: int = 80, level: float = 0.2) -> np.ndarray:
    pieces = []
    for digit in digits:
        row = next(n for n, keys in enumerate(dtmf.KEYS) if digit in keys)
        tones_hz = dtmf.LOW_HZ[row], dtmf.HIGH_HZ[dtmf.KEYS[row].index(digit)]
        t = np.arange(tone_ms * 16) / SAMPLE_RATE_HZ
        pieces += [level * sum(np.sin(2 * np.pi * hz * t) for hz in tones_hz), silence(pause_ms / 1000)]
    return np.concatenate(pieces).astype(np.float32)


def melody(seed: int, seconds: float = 6.0) -> np.ndarray:
    """Music of a kind: every 200 ms two other notes, each with its overtones, over a soft rustle."""
    random, t = np.random.default_rng(seed), np.arange(3200) / SAMPLE_RATE_HZ
    fading = np.exp(-8 * t) * np.minimum(1, t * 200)
    beats = [
        sum(np.sin(2 * np.pi * hz * n * t) / n for hz in random.uniform(150, 900, 2) for n in range(1, 9))
        * fading
        for _ in range(round(seconds / 0.2))
    ]
    rustle = random.normal(0, 0.02, len(beats) * 3200)
    return (0.1 * np.concatenate(beats) + 0.1 * rustle).astype(np.float32)


def as_on_the_phone(samples: np.ndarray, seed: int = 0) -> np.ndarray:
    """8 kHz, mu-law in 8 bits, quieter, with a little noise."""
    narrow = 0.5 * resampled(samples, SAMPLE_RATE_HZ, 8000)
    narrow = narrow + np.random.default_rng(seed).normal(0, 0.002, len(narrow))
    law = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
    law = np.round(law * 127) / 127
    back = np.sign(law) * (256 ** np.abs(law) - 1) / 255
    return resampled(back.astype(np.float32), 8000, SAMPLE_RATE_HZ)


def test_dtmf_reads_every_key_and_parts_entries() -> None:
    heard = np.concatenate([silence(1), keyed("0123456789"), silence(4), keyed("*#ABCD")])
    first, second = dtmf.entries(as_on_the_phone(heard))
    assert (first.digits, second.digits) == ("0123456789", "*#ABCD")
    assert first.start_ms == pytest.approx(1000, abs=25)
    assert second.start_ms == pytest.approx(1000 + 1600 + 4000, abs=25)
    assert first.end_ms == pytest.approx(1000 + 1600 - 80, abs=25)


def test_dtmf_is_not_heard_in_speech_music_silence_or_crosstalk(speech: Speech) -> None:
    for sound in (
        speech("john_dashwood"),
        melody(1),
        silence(2),
        keyed("123", level=0.001),
        keyed("5", tone_ms=25),
    ):
        assert dtmf.entries(sound) == []


def test_repeated_digits_are_counted() -> None:
    assert dtmf.entries(keyed("1100"))[0].digits == "1100"


def test_known_audio_is_found_through_the_phone_in_part_and_twice() -> None:
    known = [KnownAudio(f"m{n}", SegmentKind.HOLD_MUSIC, melody(n)) for n in range(5)]
    library = FingerprintLibrary(known)
    played = [silence(2), melody(3), silence(3), melody(1)[: 3 * 16_000], silence(3), melody(3)]
    found = library.matches(as_on_the_phone(np.concatenate(played)))
    assert [match.name for match in found] == ["m3", "m1", "m3"]
    for match, (start_ms, end_ms) in zip(
        found, [(2000, 8000), (11_000, 14_000), (17_000, 23_000)], strict=True
    ):
        assert match.start_ms == pytest.approx(start_ms, abs=MUSIC_EDGE_MS)
        assert match.end_ms == pytest.approx(end_ms, abs=MUSIC_EDGE_MS)


def test_unknown_audio_matches_nothing(speech: Speech) -> None:
    library = FingerprintLibrary([KnownAudio("m1", SegmentKind.PROMPT, melody(1))])
    for sound in (melody(2), speech("john_dashwood"), silence(3), silence(0), melody(1)[:800]):
        assert library.matches(sound) == []
    assert FingerprintLibrary([]).matches(melody(1)) == []


def test_a_librarys_identity_is_its_content() -> None:
    def identity(seed: int, name: str = "a") -> str:
        return FingerprintLibrary([KnownAudio(name, SegmentKind.PROMPT, melody(seed))]).sha256

    assert identity(1) == identity(1)
    assert len({identity(1), identity(2), identity(1, "b")}) == 3


def test_speech_is_told_from_silence_music_and_noise(speech: Speech) -> None:
    clip = speech("john_dashwood")
    spans = speech_spans(np.concatenate([silence(2), clip, silence(2)]))
    assert spans[0].start_ms == pytest.approx(2000, abs=500)
    assert spans[-1].end_ms == pytest.approx(2000 + len(clip) / 16, abs=500)
    noise = np.random.default_rng(1).normal(0, 0.05, 80_000).astype(np.float32)
    for sound in (silence(3), melody(1), noise, silence(0)):
        assert speech_spans(sound) == []


@pytest.fixture
def prompts_dir(tmp_path: Path, speech: Speech) -> Path:
    for folder, sound in (("prompts", speech("cold_hearted")), ("hold-music", melody(1, 20))):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / f"the {folder}.wav", sound, SAMPLE_RATE_HZ)
    (tmp_path / "prompts" / "README.md").write_text("not audio")
    return tmp_path


def test_ivr_finds_all_kinds_and_keeps_the_conversation(prompts_dir: Path, speech: Speech) -> None:
    prompt, talk = speech("cold_hearted"), speech("john_dashwood")
    agent = np.concatenate([prompt, silence(1), melody(1, 20)[:160_000], talk, silence(6)])
    customer = np.concatenate([silence(len(prompt) / 16_000 + 0.5), keyed("42#")])
    customer = np.pad(customer, (0, len(agent) - len(customer)))
    found = IvrEngine(prompts_dir, dead_air_s=5).find(Recording(np.stack([agent, customer])))
    assert [(s.kind, s.label, s.channel) for s in found.segments] == [
        (SegmentKind.PROMPT, "the prompts", 0),
        (SegmentKind.DTMF, "42#", 1),
        (SegmentKind.HOLD_MUSIC, "the hold-music", 0),
        (SegmentKind.DEAD_AIR, "", None),
    ]
    prompt_ms = len(prompt) / 16
    talk_ms = prompt_ms + 11_000
    assert found.segments[0].end_ms == pytest.approx(prompt_ms, abs=150)
    [between, rest] = found.kept
    assert between.start_ms == pytest.approx(prompt_ms, abs=150)
    assert between.end_ms == pytest.approx(prompt_ms + 1000, abs=MUSIC_EDGE_MS)
    assert rest.start_ms == pytest.approx(talk_ms, abs=MUSIC_EDGE_MS)
    assert rest.end_ms == pytest.approx(len(agent) / 16, abs=2)


def test_a_prompt_that_the_caller_talks_over_is_not_cut_there(prompts_dir: Path, speech: Speech) -> None:
    music, talk = melody(1, 20), speech("john_dashwood")
    customer = np.concatenate([silence(10), talk, silence(20)])[: len(music)]
    found = IvrEngine(prompts_dir, dead_air_s=5).find(Recording(np.stack([music, customer])))
    assert [s.kind for s in found.segments] == [SegmentKind.HOLD_MUSIC]
    assert timeline.without(speech_spans(customer), found.kept) == []
    assert timeline.total_ms(found.kept) < 9000


def test_without_a_library_everything_is_kept(speech: Speech) -> None:
    samples = speech("john_dashwood")
    found = IvrEngine(None, dead_air_s=5).find(Recording(samples[None]))
    assert found.segments == []
    assert [(s.start_ms, s.end_ms) for s in found.kept] == [(0, len(samples) // 16)]


def with_noise(samples: np.ndarray, snr_db: float) -> np.ndarray:
    spoken = samples[np.abs(samples) > 0.02]
    level = np.sqrt(np.mean(spoken**2) / 10 ** (snr_db / 10))
    return samples + np.random.default_rng(1).normal(0, level, len(samples)).astype(np.float32)


def test_snr_is_measured_from_speech_and_its_pauses(speech: Speech) -> None:
    clean = np.concatenate([silence(1), speech("john_dashwood"), silence(1), speech("cold_hearted")])
    measured = [estimated_snr_db(with_noise(clean, snr_db)) for snr_db in (5, 15, 25)]
    assert measured == pytest.approx([5, 15, 25], abs=4)
    assert estimated_snr_db(silence(3)) is None


def test_denoise_enhances_the_noisy_channel_only_and_in_time(speech: Speech) -> None:
    clean = np.concatenate([silence(1), speech("john_dashwood"), silence(1)])
    quiet, noisy = with_noise(clean, 40), with_noise(clean, 5)
    enhanced = DenoiseEngine(below_snr_db=15).enhance(Recording(np.stack([quiet, noisy])))
    assert enhanced.recording is not None and enhanced.snr_db == pytest.approx(5, abs=4)
    assert "channel 1" in enhanced.reason
    left, cleaned = enhanced.recording.samples
    assert (left == quiet).all() and cleaned.shape == noisy.shape
    pause = slice(1600, 14_400)
    suppressed_db = 20 * np.log10(np.std(noisy[pause]) / np.std(cleaned[pause]))
    assert suppressed_db == pytest.approx(12, abs=2)
    # The speech stays where it was: the best lag against the clean recording is none.
    lags = range(-200, 201, 8)
    match = [float(np.dot(np.roll(cleaned, -lag), clean)) for lag in lags]
    assert abs(lags[int(np.argmax(match))]) <= 16
    assert np.std(cleaned - clean) < 0.7 * np.std(noisy - clean)


def test_denoise_leaves_what_is_clean_or_silent(speech: Speech) -> None:
    engine = DenoiseEngine(below_snr_db=15)
    clean = np.concatenate([silence(1), speech("john_dashwood")])
    for samples in (with_noise(clean, 35), silence(2)):
        left = engine.enhance(Recording(samples[None]))
        assert left.recording is None and "left as it is" in left.reason
