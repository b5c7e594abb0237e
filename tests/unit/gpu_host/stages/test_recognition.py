"""What the STT stage has a model hear, and what it makes of the answer: real speech, a made-up model."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from include.calls.call import ChannelRole
from include.calls.transcript import Word
from include.gpu.wire import (
    Engine,
    IvrResult,
    LanguageSpan,
    LidResult,
    Segment,
    SegmentKind,
    Span,
    StageOptions,
    SttResult,
)
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.engines.protocol import Heard, LanguageIdentifier
from include.gpu_host.speakers.voices import SpokenBy
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.pieces import pieces
from include.gpu_host.stages.recognition import Recognition

ENGINE = Engine(name="ears", version="1", device="cpu")
HEAD = Head(call_id="c1", engine=ENGINE, seconds=0.0, audio_s=1.0)
CLIPS = Path(__file__).parents[3] / "data" / "speech"
ROLES = [ChannelRole.AGENT, ChannelRole.CUSTOMER]


class Ears:
    """Hears the number of each piece, over and over."""

    engine = ENGINE
    hears_vocabulary = False

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[float]]] = []
        self._count = 0

    def hear(
        self, pieces: Sequence[np.ndarray], language: str, vocabulary: Sequence[str] = ()
    ) -> list[Heard]:
        self.heard.append((language, [len(piece) / 16_000 for piece in pieces]))
        return [Heard(self._words(len(piece) // 16)) for piece in pieces]

    def _words(self, length_ms: int) -> list[Word]:
        self._count += 1
        return [
            Word(text=f" w{self._count}", start_ms=at_ms, end_ms=at_ms + 200, confidence=0.9)
            for at_ms in range(0, length_ms, 300)
        ]


class TakesTurns:
    """Gives every second word to the other of two voices, or knows one voice only."""

    engine = ENGINE

    def __init__(self, *, one: bool = False, sure: float = 0.9) -> None:
        self._one, self._sure = one, sure

    def of_words(
        self, recording: Recording, channel: int, speech: Sequence[Span], words: Sequence[Word]
    ) -> list[SpokenBy] | None:
        return None if self._one else [SpokenBy(1 + n % 2, self._sure) for n in range(len(words))]


def clip(name: str) -> np.ndarray:
    samples, _ = soundfile.read(CLIPS / f"{name}.flac", dtype="float32")
    return np.asarray(samples)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 16_000), dtype=np.float32)


def said(language: str | None, *spans: LanguageSpan, **probabilities: float) -> LidResult:
    return LidResult(
        **HEAD, language=language, confidence=0.9, probabilities=probabilities, speech_s=1, spans=list(spans)
    )


def transcribed(
    ears: Ears,
    lid: LidResult,
    *channels: np.ndarray,
    segments: Sequence[Segment] = (),
    kept: list[Span] | None = None,
    voices: "TakesTurns | None" = None,
    identifier: LanguageIdentifier | None = None,
) -> SttResult:
    length = max(map(len, channels))
    recording = Recording.of(np.stack([np.pad(one, (0, length - len(one))) for one in channels]))
    ivr = IvrResult(**HEAD, segments=list(segments), kept=[recording.whole] if kept is None else kept)
    recognition = Recognition(ears, voices, identifier=identifier)
    return recognition.run(HEAD, recording, ivr, lid, StageOptions(channel_roles=ROLES))  # type: ignore[arg-type]


@pytest.mark.long
def test_speech_is_heard_with_a_margin_and_silence_is_not() -> None:
    ears = Ears()
    talk = clip("cold_hearted")
    got = transcribed(
        ears, said("en"), np.concatenate([silence(5), talk, silence(20), talk, silence(5)]), silence(1)
    )
    [(language, [length_s])] = ears.heard
    # Twice the clip, with margins at its ends and in its pause, and without the silence around it.
    assert language == "en" and length_s == pytest.approx(2 * len(talk) / 16_000 + 1, abs=1)
    assert (got.language, {turn.speaker for turn in got.turns}) == ("en", {"agent"})


@pytest.mark.long
def test_silence_music_and_noise_are_an_empty_transcript_in_no_language() -> None:
    t = np.arange(160_000) / 16_000
    music = 0.1 * sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277, 330)) * (np.sin(2 * np.pi * 2 * t) > 0)
    noise = np.random.default_rng(1).normal(0, 0.05, 160_000)
    for sound in (silence(10), music.astype(np.float32), noise.astype(np.float32)):
        ears = Ears()
        got = transcribed(ears, said("en", en=0.6), sound)
        assert (got.turns, got.language, ears.heard) == ([], None, [])


@pytest.mark.long
def test_pieces_are_packed_up_to_30_s_and_come_a_few_at_a_time() -> None:
    ears = Ears()
    talk = np.concatenate([clip("john_dashwood"), silence(1.5)])
    transcribed(ears, said("en"), np.tile(talk, 60))
    lengths_s = [length_s for _, group in ears.heard for length_s in group]
    assert max(lengths_s) <= 30 and min(lengths_s[:-1]) > 20
    assert [len(group) for _, group in ears.heard[:-1]] == [16] * (len(ears.heard) - 1)


def test_long_speech_is_cut_where_there_is_least_of_it() -> None:
    talk = clip("john_dashwood")
    # The clips' own pauses of up to 300 ms are the only ones.
    loud = talk[np.argmax(np.abs(talk) > 0.02) : len(talk) - np.argmax(np.abs(talk[::-1]) > 0.02)]
    recording = Recording.of(np.tile(loud, 8)[None])
    whole = [recording.whole]
    found = list(pieces(recording, 0, whole, said("en")))
    spans = [span for piece in found for span in piece.spans]
    assert timeline.joined(spans) == whole and all(timeline.total_ms(one.spans) <= 30_000 for one in found)
    for cut_ms in [span.end_ms for span in spans[:-1]]:
        around = recording.samples(0, (cut_ms - 40) * 16, (cut_ms + 40) * 16)
        assert np.sqrt(np.mean(around**2)) < 0.35 * np.sqrt(np.mean(loud**2))


@pytest.mark.long
def test_each_stretch_is_heard_in_its_language() -> None:
    talk = np.concatenate([clip("cold_hearted"), silence(2)])
    half_ms = 2 * len(talk) // 16
    spans = [
        LanguageSpan(start_ms=0, end_ms=half_ms, channel=0, language="en", confidence=1),
        LanguageSpan(start_ms=half_ms, end_ms=2 * half_ms, channel=0, language="es", confidence=1),
        LanguageSpan(start_ms=0, end_ms=2 * half_ms, channel=1, language="fr", confidence=1),
    ]
    ears = Ears()
    got = transcribed(ears, said("en", *spans), np.tile(talk, 4), talk)
    assert [language for language, _ in ears.heard] == ["en", "es", "fr"]
    assert {(turn.channel, turn.language) for turn in got.turns} == {(0, "en"), (0, "es"), (1, "fr")}


@pytest.mark.parametrize(
    ("lid", "heard_in"), [(said(None, es=0.4, en=0.35), "es"), (said(None), "en")], ids=["unsure", "nothing"]
)
def test_no_word_is_lost_where_lid_is_unsure(lid: LidResult, heard_in: str) -> None:
    ears = Ears()
    got = transcribed(ears, lid, clip("cold_hearted"))
    assert [language for language, _ in ears.heard] == [heard_in]
    assert got.turns and got.language is None


def test_what_is_cut_or_plays_on_the_channel_is_not_heard() -> None:
    talk = clip("cold_hearted")
    length_ms = len(talk) // 16
    prompt = Segment(
        start_ms=length_ms, end_ms=2 * length_ms, kind=SegmentKind.PROMPT, confidence=1, channel=0
    )
    ears = Ears()
    got = transcribed(
        ears,
        said("en"),
        np.tile(talk, 4),
        np.tile(talk, 4),
        segments=[prompt],
        kept=[Span(start_ms=length_ms, end_ms=3 * length_ms)],
    )
    [(_, lengths_s)] = ears.heard
    assert lengths_s == [
        pytest.approx(length_ms / 1000, abs=0.6),
        pytest.approx(2 * length_ms / 1000, abs=0.6),
    ]
    assert 2 * length_ms <= got.turns[1].start_ms <= 3 * length_ms


@pytest.mark.parametrize("hears", [True, False])
def test_a_vocabulary_goes_to_a_recogniser_that_hears_one(hears: bool) -> None:
    class Told(Ears):
        hears_vocabulary = hears
        told: ClassVar[list[Sequence[str]]] = []

        def hear(
            self, pieces: Sequence[np.ndarray], language: str, vocabulary: Sequence[str] = ()
        ) -> list[Heard]:
            self.told.append(vocabulary)
            return super().hear(pieces, language)

    recording = Recording.of(clip("cold_hearted")[None])
    ivr = IvrResult(**HEAD, segments=[], kept=[recording.whole])
    Recognition(Told()).run(HEAD, recording, ivr, said("en"), StageOptions(vocabulary=["Riverside"]))
    assert Told.told and all(one == (["Riverside"] if hears else []) for one in Told.told)


def test_flags_stand_on_the_turn() -> None:
    class Dreaming(Ears):
        def hear(
            self, pieces: Sequence[np.ndarray], language: str, vocabulary: Sequence[str] = ()
        ) -> list[Heard]:
            dreamt = Heard([Word(text=" Bye.", start_ms=0, end_ms=100, confidence=0.5)])
            return [dreamt for _ in pieces]

    [turn] = transcribed(Dreaming(), said("en"), np.concatenate([silence(1), clip("cold_hearted")])).turns
    assert turn.flags == ["on_silence", "known_phrase"]


def test_a_result_says_that_its_words_have_no_times_of_their_own() -> None:
    class Spreading(Ears):
        def hear(
            self, pieces: Sequence[np.ndarray], language: str, vocabulary: Sequence[str] = ()
        ) -> list[Heard]:
            return [one._replace(times_spread=True) for one in super().hear(pieces, language)]

    assert transcribed(Spreading(), said("en"), clip("cold_hearted")).times_spread
    assert not transcribed(Ears(), said("en"), clip("cold_hearted")).times_spread


def conversation_of_two() -> np.ndarray:
    """Two stretches of speech, far enough apart to be two pieces."""
    talk = np.tile(clip("john_dashwood"), 3)
    return np.concatenate([talk, silence(2), talk, silence(2), talk])


@pytest.mark.long
def test_two_people_on_the_only_channel_are_told_apart() -> None:
    got = transcribed(Ears(), said("en"), conversation_of_two(), voices=TakesTurns())
    assert len(got.turns) > 1
    assert [turn.label for turn in got.turns] == [f"speaker_{1 + n % 2}" for n in range(len(got.turns))]
    assert {(turn.speaker, turn.voice_confidence) for turn in got.turns} == {("unknown", 0.9)}


@pytest.mark.long
def test_a_side_without_a_word_leaves_the_other_to_two_people() -> None:
    got = transcribed(Ears(), said("en"), conversation_of_two(), silence(1), voices=TakesTurns())
    assert {turn.label for turn in got.turns} == {"speaker_1", "speaker_2"}
    one = transcribed(Ears(), said("en"), conversation_of_two(), silence(1), voices=TakesTurns(one=True))
    assert {turn.label for turn in one.turns} == {"agent"}, "one voice: the channel's role holds"


@pytest.mark.long
def test_two_sides_that_both_speak_keep_their_roles() -> None:
    talk = conversation_of_two()
    got = transcribed(Ears(), said("en"), talk, np.roll(talk, 1600), voices=TakesTurns())
    assert {turn.label for turn in got.turns} == {"agent", "customer"}


@pytest.mark.long
def test_a_voice_that_is_hardly_told_is_nobodys() -> None:
    got = transcribed(Ears(), said("en"), conversation_of_two(), voices=TakesTurns(sure=0.6))
    assert {(turn.label, turn.voice, turn.voice_confidence) for turn in got.turns} == {
        ("speaker_0", None, 0.6)
    }


def words_between(got: SttResult, start: int, end: int) -> int:
    """How many words begin between two samples; `Ears` hears one every 300 ms."""
    words = [word for turn in got.turns for word in turn.words]
    return sum(start <= word.start_ms * 16 < end for word in words)


def test_a_far_side_that_voice_activity_misses_beside_the_near_one_is_heard() -> None:
    near, far, pause = clip("john_dashwood"), 0.003 * clip("cold_hearted"), silence(0.5)
    call = np.concatenate([near, pause, far, pause, near])
    begins = len(near) + len(pause)
    # Without the near side levelled it is 8 % of the speech, and the margins around that.
    spoken = len(far) / 4800
    assert words_between(transcribed(Ears(), said("en"), call), begins, begins + len(far)) > 0.8 * spoken


def test_what_leaks_into_the_other_sides_channel_is_heard_once() -> None:
    agent, pause = clip("john_dashwood"), silence(3)
    customer = np.concatenate([0 * agent, pause, clip("cold_hearted")])
    call = np.pad(agent, (0, len(customer) - len(agent)))
    hiss = np.random.default_rng(1).normal(0, 0.0005, (2, len(call))).astype(np.float32)
    got = transcribed(Ears(), said("en"), call + 0.2 * customer + hiss[0], customer + 0.2 * call + hiss[1])
    begins_ms = (len(agent) + len(pause)) / 16
    assert {(turn.speaker, turn.start_ms > begins_ms - 1000) for turn in got.turns} == {
        ("agent", False),
        ("customer", True),
    }
