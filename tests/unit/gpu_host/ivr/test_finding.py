from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from include.gpu.wire import IvrResult, SegmentKind
from include.gpu_host.audio import timeline
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr.finding import IvrFinding, Learning
from include.gpu_host.ivr.fingerprints import FingerprintLibrary
from include.gpu_host.ivr.learned import LearnedLibrary
from include.gpu_host.stages.job import Head
from tests.unit.gpu_host.ivr.learned_prompts import learned_audio
from tests.unit.gpu_host.ivr.sounds import (
    Sound,
    as_on_the_phone,
    keyed,
    known,
    melody,
    recording,
    silence,
    span,
)

pytestmark = pytest.mark.long

Speech = Callable[[str], Sound]


@pytest.fixture(scope="module")
def finding(speech: Speech) -> IvrFinding:
    prompt = known("greeting", SegmentKind.PROMPT, speech("cold_hearted"))
    music = known("waltz", SegmentKind.HOLD_MUSIC, melody(1, 60))
    return IvrFinding(FingerprintLibrary([prompt, music]), dead_air_s=5)


def find(finding: IvrFinding, *channels: Sound) -> IvrResult:
    heard = recording(*channels)
    return finding.run(Head(call_id="c", engine=finding.engine, seconds=0, audio_s=heard.duration_s), heard)


def test_all_kinds_are_found_and_the_conversation_is_kept(finding: IvrFinding, speech: Speech) -> None:
    prompt, talk = speech("cold_hearted"), speech("john_dashwood")
    agent = np.concatenate([prompt, silence(1), melody(1, 60)[:160_000], talk, silence(6)])
    customer = np.concatenate([silence(len(prompt) / 16_000 + 0.5), keyed("42#")])
    found = find(finding, as_on_the_phone(agent), as_on_the_phone(customer))
    assert [(s.kind, s.label, s.channel) for s in found.segments] == [
        (SegmentKind.PROMPT, "greeting", 0),
        (SegmentKind.DTMF, "42#", 1),
        (SegmentKind.HOLD_MUSIC, "waltz", 0),
        (SegmentKind.DEAD_AIR, "", None),
    ]
    assert all(0.5 < segment.confidence <= 1 for segment in found.segments)
    prompt_ms = len(prompt) / 16
    [between, rest] = found.kept
    assert between.start_ms == pytest.approx(prompt_ms, abs=50)
    assert between.end_ms == pytest.approx(prompt_ms + 1000, abs=50)
    assert rest.start_ms == pytest.approx(prompt_ms + 11_000, abs=80)
    assert rest.end_ms == pytest.approx(len(agent) / 16, abs=2)
    assert found.engine.weights_sha256 and finding.tuning == [5]


def test_a_caller_who_talks_over_music_on_another_channel_is_kept(
    finding: IvrFinding, speech: Speech
) -> None:
    talk = speech("john_dashwood")
    found = find(finding, melody(1, 30), np.concatenate([silence(10), talk]))
    assert {s.kind for s in found.segments} == {SegmentKind.HOLD_MUSIC}
    spoken = speech_spans(recording(talk), 0, margin_ms=0)
    shifted = [span(s.start_ms + 10_000, s.end_ms + 10_000) for s in spoken]
    assert timeline.without(shifted, found.kept) == []
    assert timeline.total_ms(found.kept) < 9000


def test_who_talks_over_music_on_its_own_channel_is_kept_and_is_no_segment(
    finding: IvrFinding, speech: Speech
) -> None:
    talk = speech("john_dashwood")
    mixed = melody(1, 30) + np.pad(talk, (160_000, 30 * 16_000 - 160_000 - len(talk)))
    found = find(finding, as_on_the_phone(mixed))
    middle = span(10_300, 10_000 + len(talk) // 16 - 300)
    assert timeline.total_ms(timeline.without([middle], found.kept)) < 300
    assert timeline.total_ms(timeline.within([middle], found.segments)) < 300
    assert timeline.total_ms(found.kept) < 9000


def test_people_behind_the_line_do_not_keep_a_prompt(finding: IvrFinding, speech: Speech) -> None:
    prompt, talk = speech("cold_hearted"), speech("john_dashwood")
    call = np.concatenate([prompt, silence(1), talk])
    # Two voices at once, as long as the call is, 14 dB below it.
    babble = sum(np.resize(np.roll(talk, 7001 * n), len(call)) for n in (1, 2))
    babble *= 0.2 * np.std(talk) / np.std(babble)
    found = find(finding, as_on_the_phone(call + babble))
    [segment, *_] = found.segments
    assert segment.kind is SegmentKind.PROMPT
    assert (segment.start_ms, segment.end_ms) == (
        pytest.approx(0, abs=50),
        pytest.approx(len(prompt) / 16, abs=50),
    )
    assert timeline.total_ms(timeline.within([span(100, len(prompt) // 16 - 100)], found.kept)) == 0
    assert timeline.without([span(len(prompt) // 16 + 1200, len(call) // 16 - 300)], found.kept) == []


def test_speech_right_after_a_minute_of_music_is_kept_and_is_no_dead_air(
    finding: IvrFinding, speech: Speech
) -> None:
    talk = speech("john_dashwood")
    found = find(finding, as_on_the_phone(np.concatenate([melody(1, 60), talk])))
    assert [s.kind for s in found.segments] == [SegmentKind.HOLD_MUSIC]
    [kept] = found.kept
    assert (kept.start_ms, kept.end_ms) == (pytest.approx(60_000, abs=80), 60_000 + len(talk) // 16)


def test_without_a_library_everything_is_kept(speech: Speech) -> None:
    talk = speech("john_dashwood")
    found = find(IvrFinding(FingerprintLibrary([]), dead_air_s=5), talk)
    assert found.segments == []
    assert found.kept == [span(0, len(talk) // 16)]


def test_silence_is_dead_air_from_its_beginning_to_its_end(finding: IvrFinding) -> None:
    found = find(finding, silence(7), silence(7))
    assert [(s.kind, s.start_ms, s.end_ms) for s in found.segments] == [(SegmentKind.DEAD_AIR, 0, 7000)]


def hidden_in_noise(sound: Sound, snr_db: float, seed: int = 3) -> Sound:
    noise = np.random.default_rng(seed).normal(0, 1, len(sound))
    return (sound + noise * np.std(sound) * 10 ** (-snr_db / 20)).astype(np.float32)


def test_what_hides_in_noise_is_cut_from_its_beginning_to_its_end(
    finding: IvrFinding, speech: Speech
) -> None:
    prompt, music, talk = speech("cold_hearted"), melody(1, 60)[160_000:480_000], speech("john_dashwood")
    call = np.concatenate([prompt, silence(1), music, talk])
    found = find(finding, as_on_the_phone(hidden_in_noise(call, -3)))
    known_segments = [s for s in found.segments if s.label]
    assert [s.label for s in known_segments] == ["greeting", "waltz"]
    assert all(segment.confidence > 0.3 for segment in known_segments)
    [greeting, waltz] = known_segments
    assert greeting.end_ms == pytest.approx(len(prompt) / 16, abs=400)
    assert waltz.start_ms == pytest.approx(len(prompt) / 16 + 1000, abs=400)
    assert waltz.end_ms == pytest.approx(len(prompt) / 16 + 21_000, abs=400)


def test_noise_and_other_music_are_not_taken_for_what_is_known(finding: IvrFinding) -> None:
    for seed in (2, 3):
        found = find(finding, as_on_the_phone(hidden_in_noise(melody(seed, 30), 0)))
        assert [segment for segment in found.segments if segment.label] == []


def test_learned_music_is_cut_where_it_is_unlike_itself_and_nobody_speaks(
    speech: Callable[[str], Sound], tmp_path: Path
) -> None:
    music, said = melody(1, 12), speech("john_dashwood")[16_000 : 3 * 16_000]
    piece = replace(learned_audio(music), kind=SegmentKind.HOLD_MUSIC)
    learning = Learning(LearnedLibrary([piece]), 30, 3, tmp_path / "hearing.npz")
    finding = IvrFinding(FingerprintLibrary([]), dead_air_s=5)
    cut_ms = {}
    for name, over in (("other music", 2 * melody(2, 4)), ("a voice", 3 * said)):
        played = music.copy()
        played[4 * 16_000 : 4 * 16_000 + len(over)] += over[: 4 * 16_000]
        heard = recording(as_on_the_phone(np.concatenate([silence(2), played, silence(2)])))
        head = Head(call_id="c", engine=finding.engine, seconds=0, audio_s=heard.duration_s)
        found = finding.run(head, heard, learning)
        cut_ms[name] = heard.whole.end_ms - timeline.total_ms(found.kept)
    assert cut_ms["other music"] > 11_000
    assert cut_ms["a voice"] < 10_700
