"""What the LID stage makes of a model's answers: real speech, its language told by the lowest bit."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.gpu.wire import Engine, IvrResult, LidResult, Segment, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.languages import Languages
from include.gpu_host.stages.switching import MAX_WINDOWS, windows

ENGINE = Engine(name="ears", version="1", device="cpu")
HEAD = Head(call_id="c1", engine=ENGINE, seconds=0.0, audio_s=1.0)
CLIPS = Path(__file__).parents[3] / "data" / "speech"
PAUSE_S = 0.5


class ParityIsLanguage:
    """Even samples are English, odd ones Spanish; a window that holds both is as likely as its parts."""

    engine = ENGINE
    languages = frozenset({"en", "es", "pt"})

    def __init__(self, at_most: float = 0.97) -> None:
        self.heard: list[float] = []
        self.odd: set[int] = set()
        self._at_most = at_most

    def probabilities(
        self, windows: Sequence[np.ndarray], *, filled_up: bool = False
    ) -> list[dict[str, float]]:
        return [self._heard(window) for window in windows]

    def _heard(self, window: np.ndarray) -> dict[str, float]:
        self.heard.append(len(window) / 16_000)
        spanish = float(np.mean(np.rint(window * 32_768).astype(int) & 1))
        if len(self.heard) in self.odd:
            spanish = 1.0
        spoken = {"en": (1 - spanish) * self._at_most, "es": spanish * self._at_most}
        return {**spoken, "pt": 1 - self._at_most}


def in_spanish(english: np.ndarray) -> np.ndarray:
    return english + np.float32(1 / 32_768)


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """12.4 s of speech and a pause, as loud as on the telephone."""
    clips = [
        soundfile.read(CLIPS / f"{n}.flac", dtype="float32")[0] for n in ("john_dashwood", "cold_hearted")
    ]
    pause = np.zeros(round(PAUSE_S * 16_000), dtype=np.float32)
    spoken = np.concatenate([part for clip in clips for part in (clip, pause)])
    return np.asarray(np.rint(spoken * 16_000) / 16_384, dtype=np.float32)


def ivr(recording: Recording, *segments: Segment, kept: list[Span] | None = None) -> IvrResult:
    return IvrResult(**HEAD, segments=list(segments), kept=[recording.whole] if kept is None else kept)


def identified(model: ParityIsLanguage, *channels: np.ndarray, allowed: Sequence[str] = ()) -> LidResult:
    length = max(map(len, channels))
    recording = Recording.of(np.stack([np.pad(one, (0, length - len(one))) for one in channels]))
    return Languages(model).run(HEAD, recording, ivr(recording), allowed)


def test_one_language_is_heard_in_a_few_windows(talk: np.ndarray) -> None:
    model = ParityIsLanguage()
    found = identified(model, np.tile(talk, 3))
    assert (found.language, found.switches, found.confidence) == ("en", False, pytest.approx(0.97, abs=0.01))
    assert [(one.channel, one.language) for one in found.channels] == [(0, "en")]
    [span] = found.spans
    assert span.start_ms < 1000 and span.end_ms > 36_000
    assert 2 <= len(model.heard) <= 3 and max(model.heard) <= 8


def test_silence_and_a_click_are_no_language() -> None:
    model = ParityIsLanguage()
    click = np.zeros(48_000, dtype=np.float32)
    click[20_000:20_100] = 0.5
    for sound in (np.zeros(48_000, dtype=np.float32), click):
        found = identified(model, sound)
        assert (found.language, found.confidence, found.probabilities, found.spans) == (None, 0, {}, [])
    assert model.heard == []


def test_unsure_is_none_with_the_likeliest_named(talk: np.ndarray) -> None:
    found = identified(ParityIsLanguage(at_most=0.45), talk, allowed=["en", "pt"])
    assert (found.language, found.probabilities) == ("pt", {"pt": 0.55, "en": 0.45})
    unsure = ParityIsLanguage(at_most=0.96)
    mixed = talk.copy()
    mixed[::2] = in_spanish(mixed)[::2]
    found = identified(unsure, mixed)
    assert (found.language, found.spans, found.channels[0].language) == (None, [], None)
    assert found.probabilities == {"en": 0.48, "es": 0.48, "pt": 0.04}


def test_the_allow_list_takes_the_probability_of_the_rest(talk: np.ndarray) -> None:
    found = identified(ParityIsLanguage(at_most=0.4), talk, allowed=["en", "es"])
    assert (found.language, found.probabilities) == ("en", {"en": 1.0})
    assert identified(ParityIsLanguage(), talk, allowed=["xx"]).language is None


@pytest.mark.long
def test_channels_speak_their_own_languages(talk: np.ndarray) -> None:
    silent = np.zeros_like(talk)
    found = identified(
        ParityIsLanguage(), np.concatenate([talk, talk, silent]), np.concatenate([silent, in_spanish(talk)])
    )
    assert [(one.channel, one.language) for one in found.channels] == [(0, "en"), (1, "es")]
    assert (found.language, found.switches) == ("en", True)
    assert [(span.channel, span.language) for span in found.spans] == [(0, "en"), (1, "es")]
    assert found.spans[1].start_ms == pytest.approx(len(talk) / 16, abs=600)
    # Weighted by speech: two thirds of it are English.
    assert found.probabilities["en"] == pytest.approx(0.97 * 2 / 3, abs=0.03)


@pytest.mark.long
def test_a_yes_on_the_other_channel_does_not_switch_the_call(talk: np.ndarray) -> None:
    found = identified(ParityIsLanguage(), np.tile(talk, 2), in_spanish(talk[16_000:48_000]))
    assert [(one.channel, one.language) for one in found.channels] == [(0, "en"), (1, None)]
    assert not found.switches and {span.language for span in found.spans} == {"en"}


@pytest.mark.long
@pytest.mark.parametrize(("english", "spanish"), [(2, 2), (6, 3), (3, 10)])
def test_a_call_that_switches_says_so_and_when(talk: np.ndarray, english: int, spanish: int) -> None:
    found = identified(
        ParityIsLanguage(), np.concatenate([np.tile(talk, english), np.tile(in_spanish(talk), spanish)])
    )
    assert found.switches and [span.language for span in found.spans] == ["en", "es"]
    assert found.language == ("en" if english >= spanish else "es")
    first, second = found.spans
    switch_ms = english * len(talk) / 16
    assert first.end_ms <= second.start_ms
    assert second.start_ms == pytest.approx(switch_ms, abs=6000)
    assert (first.start_ms, second.end_ms) == (
        pytest.approx(0, abs=500),
        pytest.approx((english + spanish) * len(talk) / 16, abs=1000),
    )


@pytest.mark.long
def test_there_and_back_again(talk: np.ndarray) -> None:
    parts = [np.tile(talk, 5), np.tile(in_spanish(talk), 5), np.tile(talk, 5)]
    found = identified(ParityIsLanguage(), np.concatenate(parts))
    assert [span.language for span in found.spans] == ["en", "es", "en"]


@pytest.mark.long
def test_one_odd_window_is_no_switch(talk: np.ndarray) -> None:
    model = ParityIsLanguage()
    model.odd = {2}
    found = identified(model, np.tile(talk, 6))
    assert not found.switches and [span.language for span in found.spans] == ["en"]
    assert len(model.heard) > 3, "the odd window was not heard again"
    # One of its halves is odd too.
    model = ParityIsLanguage()
    model.odd = {2, 4}
    found = identified(model, np.tile(talk, 6))
    assert not found.switches and [span.language for span in found.spans] == ["en"]


@pytest.mark.parametrize(
    ("speech_s", "count"), [(4, 1), (24, 2), (60, 3), (200, 4), (600, 10), (7200, MAX_WINDOWS)]
)
def test_windows_lie_evenly_over_the_speech_and_cost_little(speech_s: int, count: int) -> None:
    heard: list[list[Span]] = []

    def listen(spans: Sequence[list[Span]]) -> list[dict[str, float]]:
        heard.extend(spans)
        return [{"en": 1.0}] * len(spans)

    # Two seconds are spoken, two are not.
    speech = [Span(start_ms=4000 * n, end_ms=4000 * n + 2000) for n in range(speech_s // 2)]
    found = windows(speech, listen)
    assert len(found) == len(heard) == count
    assert {timeline.total_ms(spans) for spans in heard} == {min(8_000, 1000 * speech_s)}
    middles_ms = [window.middle_ms for window in found]
    assert np.diff([0, *middles_ms, 1000 * speech_s])[1:-1] == pytest.approx(1000 * speech_s / count)


def test_what_is_cut_and_what_plays_on_the_channel_is_not_heard(talk: np.ndarray) -> None:
    prompt, agent = in_spanish(talk), talk
    recording = Recording.of(np.stack([np.concatenate([prompt, prompt, agent]), np.tile(talk, 3)]))
    prompt_ms = len(talk) // 16
    known = Segment(
        start_ms=prompt_ms,
        end_ms=2 * prompt_ms,
        kind=SegmentKind.PROMPT,
        confidence=1,
        channel=0,
        label="menu",
    )
    kept = [Span(start_ms=prompt_ms, end_ms=3 * prompt_ms)]
    found = Languages(ParityIsLanguage()).run(HEAD, recording, ivr(recording, known, kept=kept), [])
    assert [one.language for one in found.channels] == ["en", "en"] and not found.switches
    assert found.channels[0].speech_s == pytest.approx(found.channels[1].speech_s / 2, abs=1)
    assert found.spans[0].start_ms >= 2 * prompt_ms
