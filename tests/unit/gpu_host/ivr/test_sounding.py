"""Music, hums, noise and silence where nobody speaks, told by their sound alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from include.gpu.wire import Engine, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.finding import IvrFinding
from include.gpu_host.ivr.library import load_library
from include.gpu_host.ivr.sounding import Sounding, sounding
from include.gpu_host.stages.job import Head

RATE = 16_000
MUSIC = Path(__file__).parents[4] / "include" / "demo" / "sample_calls" / "prompts" / "hold-music"
HEAD = Head(call_id="c1", engine=Engine(name="x", version="1", device="cpu"), seconds=0.0, audio_s=1.0)


def of(samples: np.ndarray, speech_db: float | None = -20.0) -> Sounding:
    recording = Recording.of(samples[None].astype(np.float32))
    return sounding(recording, 0, [recording.whole], speech_db)


def played(name: str, seconds: float, *, loudness: float = 0.1, telephone: bool = False) -> np.ndarray:
    samples, rate_hz = soundfile.read(MUSIC / name, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)[: round(seconds * rate_hz)]
    if telephone:
        narrow = soxr.resample(mono, rate_hz, 8000)
        curve = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
        coded = np.round(curve * 127) / 127
        mono, rate_hz = np.sign(coded) * (256 ** np.abs(coded) - 1) / 255, 8000
    made = soxr.resample(mono, rate_hz, RATE)
    return np.asarray(made * loudness / np.sqrt(np.mean(made**2)))


def noise(seconds: float, loudness: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, loudness, round(seconds * RATE))


def hum(seconds: float, loudness: float = 0.1) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return loudness * sum(np.sin(2 * np.pi * hz * t) for hz in (150, 250, 350, 450)) / 2


def covered_s(spans: list[Span]) -> float:
    return timeline.total_ms(spans) / 1000


@pytest.mark.long
@pytest.mark.parametrize("telephone", [False, True])
@pytest.mark.parametrize("loudness", [0.01, 0.1])
@pytest.mark.parametrize("name", sorted(path.name for path in MUSIC.iterdir()))
def test_music_is_music_that_no_library_knows(name: str, loudness: float, telephone: bool) -> None:
    heard = of(played(name, 24, loudness=loudness, telephone=telephone))
    assert covered_s(heard.music) > 20 and covered_s(heard.loud) < 4


@pytest.mark.long
@pytest.mark.parametrize("loudness", [0.001, 0.01, 0.1])
def test_noise_hum_and_silence_are_no_music(loudness: float) -> None:
    for sound in (noise(24, loudness), hum(24, loudness), np.zeros(24 * RATE)):
        assert of(sound).music == []


@pytest.mark.long
def test_what_is_as_loud_as_speech_is_told_and_a_line_s_noise_is_not() -> None:
    assert covered_s(of(noise(24, 0.1)).loud) > 20
    assert of(noise(24, 0.005)).loud == []
    assert of(noise(24, 0.1), speech_db=None).loud == []


def test_speech_is_neither(speech: Callable[[str], np.ndarray]) -> None:
    heard = of(np.tile(speech("john_dashwood"), 4), speech_db=0.0)
    assert (heard.music, heard.loud) == ([], [])


def test_a_pause_in_the_music_is_within_it() -> None:
    piece = played("slow-lanterns.ogg", 12)
    heard = of(np.concatenate([piece, np.zeros(4 * RATE), piece]))
    assert len(heard.music) == 1 and covered_s(heard.music) > 24


def test_a_chime_is_no_hold() -> None:
    assert (
        of(np.concatenate([np.zeros(9 * RATE), played("slow-lanterns.ogg", 3), np.zeros(9 * RATE)])).music
        == []
    )


@pytest.mark.long
def test_unknown_hold_music_is_no_dead_air_and_dead_air_stays(speech: Callable[[str], np.ndarray]) -> None:
    talk, wait = speech("cold_hearted"), played("morning-on-the-river.ogg", 30)
    dead = noise(12, 0.0005)
    call = np.concatenate([talk, wait, talk, dead, talk])
    found = IvrFinding(load_library(None), 5.0).run(HEAD, Recording.of(call[None].astype(np.float32)))
    spans = {kind: [s for s in found.segments if s.kind is kind] for kind in SegmentKind}
    begins_ms, talk_ms = len(talk) // 16, len(talk) // 16
    music = Span(start_ms=begins_ms, end_ms=begins_ms + 30_000)
    silent = Span(start_ms=music.end_ms + talk_ms, end_ms=music.end_ms + talk_ms + 12_000)
    assert covered_s(timeline.within(spans[SegmentKind.HOLD_MUSIC], [music])) > 26
    assert covered_s(timeline.within(spans[SegmentKind.DEAD_AIR], [silent])) > 11
    assert timeline.within(spans[SegmentKind.DEAD_AIR], [music]) == []
    assert covered_s(timeline.within(found.kept, [music])) < 4, "what plays is not transcribed"
    assert all(s.confidence < 1 and not s.label for s in spans[SegmentKind.HOLD_MUSIC])


@pytest.mark.long
def test_hiss_as_loud_as_speech_is_unknown_audio(speech: Callable[[str], np.ndarray]) -> None:
    talk = speech("cold_hearted")
    loud = noise(20, float(np.sqrt(np.mean(talk**2))))
    call = np.concatenate([talk, loud, talk])
    found = IvrFinding(load_library(None), 5.0).run(HEAD, Recording.of(call[None].astype(np.float32)))
    kinds = {segment.kind for segment in found.segments}
    assert SegmentKind.UNKNOWN_AUDIO in kinds and SegmentKind.DEAD_AIR not in kinds
