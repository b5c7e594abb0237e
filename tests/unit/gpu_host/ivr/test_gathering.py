"""Learning call by call, from small calls made here: speech of real voices, music and tones."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from include.gpu.wire import SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr.doubled import HeardCall
from include.gpu_host.ivr.entries import Entry
from include.gpu_host.ivr.gathering import Gathering, library_of
from include.gpu_host.ivr.hearings import HeardChannel, heard_channel
from include.gpu_host.ivr.landmarks import peaks_of
from include.gpu_host.ivr.learned import LearnedPlay, learned_confidence
from include.gpu_host.ivr.profiles import profile_of
from tests.unit.gpu_host.ivr.learned_prompts import learned_audio
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, keyed, melody, recording, silence

pytestmark = pytest.mark.long

Speech = Callable[[str], Sound]
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def heard(call: Recording) -> list[HeardChannel]:
    return [
        heard_channel(peaks_of(call, n), profile_of(call, n), [], speech_spans(call, n))
        for n in call.channels
    ]


def gather(
    calls: Sequence[Recording], min_calls: int = 3, began: Sequence[datetime] = ()
) -> tuple[Gathering, list[list[Entry]]]:
    gathering, learned = Gathering(min_calls), []
    for n, call in enumerate(calls):
        heard_call = HeardCall(f"call-{n}", began[n] if began else None)
        _, new = gathering.hear(n, heard_call, heard(call), NOW)
        learned.append(new)
    return gathering, learned


def call(seed: int, *played: Sound) -> Recording:
    """A call whose own sound is unlike every other's, around what it plays."""
    own = [melody(100 + seed, 4 + 0.37 * seed), melody(200 + seed, 4)]
    return recording(as_on_the_phone(np.concatenate([own[0], *played, own[1]]), seed))


def plays(gathering: Gathering, channel: HeardChannel) -> list[LearnedPlay]:
    return [play for _, play in library_of(gathering.entries).plays(channel.peaks, channel.profile)]


def test_what_three_calls_play_is_known_from_the_next_on_from_edge_to_edge(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering, learned = gather([call(n, prompt) for n in range(3)])
    assert [len(new) for new in learned] == [0, 0, 1]
    [entry] = learned[2]
    assert entry.calls == ["call-0", "call-1", "call-2"] and entry.learned.kind is SegmentKind.PROMPT
    assert entry.call_id == "call-1" and entry.start_ms == pytest.approx(4370, abs=300)
    fourth = call(3, prompt)
    [play] = plays(gathering, heard(fourth)[0])
    # The clip begins and ends with a pause.
    said, at_ms = speech_spans(recording(prompt), 0, margin_ms=0), round(1000 * (4 + 0.37 * 3))
    assert play.span.start_ms == pytest.approx(at_ms + said[0].start_ms, abs=200)
    assert play.span.end_ms == pytest.approx(at_ms + said[-1].end_ms, abs=250)
    assert play.spoken_over == []


def test_music_is_music_and_a_call_that_was_broken_off_does_not_shorten_it() -> None:
    music = melody(1, 15)
    calls = [call(n, music[: 6 * 16_000] if n == 1 else music) for n in range(6)]
    gathering, _ = gather(calls)
    assert {entry.learned.kind for entry in gathering.learned} == {SegmentKind.HOLD_MUSIC}
    found = timeline.joined(play.span for play in plays(gathering, heard(call(7, music))[0]))
    assert timeline.total_ms(found) == pytest.approx(15_000, abs=900)


@pytest.mark.parametrize("kind", ["the same words, other renditions", "in two calls", "keys", "a tone"])
def test_this_is_not_learned(speech: Speech, kind: str) -> None:
    clip = speech("john_dashwood")
    tone = (0.2 * np.sin(2 * np.pi * 425 * np.arange(16_000 * 4) / 16_000)).astype(np.float32)
    rendered = [
        np.interp(np.arange(0, len(clip), 1 + 0.02 * n), np.arange(len(clip)), clip) for n in range(4)
    ]
    played: dict[str, list[Sound]] = {
        "the same words, other renditions": [one.astype(np.float32) for one in rendered],
        "in two calls": [clip, clip],
        "keys": 4 * [keyed("1234567890")],
        "a tone": 4 * [tone],
    }
    gathering, _ = gather([call(n, one) for n, one in enumerate(played[kind])])
    assert gathering.learned == []


@pytest.mark.parametrize(
    ("minutes", "min_calls", "seconds", "learned"),
    [
        (100, 3, 6, True),
        (100, 2, 6, True),
        (100, 4, 6, False),
        (0, 3, 6, False),
        (60, 3, 6, False),
        (100, 3, 2.5, False),
        (100, 2, 2.5, True),
    ],
)
def test_of_two_calls_a_sentence_is_learned_when_they_surely_played_it_at_different_times(
    speech: Speech, minutes: int, min_calls: int, seconds: float, learned: bool
) -> None:
    prompt = speech("cold_hearted")[: round(seconds * 16_000)]
    began = [NOW, NOW + timedelta(minutes=minutes)]
    gathering, _ = gather([call(n, prompt) for n in range(2)], min_calls, began)
    assert bool(gathering.learned) is learned
    if learned:
        found = plays(gathering, heard(call(2, prompt))[0])
        assert sum(timeline.length_ms(play.span) for play in found) > 0.7 * len(prompt) / 16


def test_two_people_at_different_times_teach_nothing(speech: Speech) -> None:
    """Of one voice, other words; of one script, another rendition."""
    clip = speech("john_dashwood")
    again = np.interp(np.arange(0, len(clip), 1.02), np.arange(len(clip)), clip).astype(np.float32)
    played = [clip, again, speech("cold_hearted")]
    gathering, _ = gather(
        [call(n, one) for n, one in enumerate(played)], 2, [NOW + n * timedelta(minutes=37) for n in range(3)]
    )
    assert gathering.learned == []


def test_who_speaks_over_a_learned_prompt_is_heard(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering, _ = gather([call(n, prompt) for n in range(3)])
    over = speech("john_dashwood")[16_000 : 3 * 16_000]
    at = 2 * 16_000
    mixed = prompt.copy()
    mixed[at : at + len(over)] += over
    fourth = call(3, mixed)
    [play] = plays(gathering, heard(fourth)[0])
    start_ms = round(1000 * (4 + 0.37 * 3)) + 2000
    [spoken] = speech_spans(recording(np.pad(over, (16_000, 16_000))), 0, margin_ms=0)
    said = Span(start_ms=start_ms - 1000 + spoken.start_ms, end_ms=start_ms - 1000 + spoken.end_ms)
    lost = timeline.without(timeline.within([said], [play.span]), play.spoken_over)
    assert timeline.total_ms(lost) <= 0.1 * timeline.length_ms(said)
    assert timeline.total_ms(play.spoken_over) < 0.7 * timeline.length_ms(play.span)


def test_a_copy_that_somebody_spoke_over_is_mended_by_later_ones(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    spoken = prompt.copy()
    spoken[2 * 16_000 : 4 * 16_000] += speech("john_dashwood")[16_000 : 3 * 16_000]
    gathering, _ = gather([call(n, spoken if n == 1 else prompt) for n in range(5)])
    found = plays(gathering, heard(call(6, prompt))[0])
    free = timeline.without((p.span for p in found), (s for p in found for s in p.spoken_over))
    assert timeline.total_ms(free) > 0.9 * len(prompt) / 16


def test_a_prompt_on_one_channel_is_found_on_another_call_with_two(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering, _ = gather([call(n, prompt) for n in range(3)])
    other = np.concatenate([silence(1), melody(9, 3), prompt])
    channels = heard(recording(melody(8, 9), as_on_the_phone(other)))
    assert [len(plays(gathering, channel)) for channel in channels] == [0, 1]


def test_a_call_that_was_recorded_twice_teaches_nothing() -> None:
    gathering, _ = gather(3 * [recording(melody(5, 40))])
    assert gathering.learned == []


def test_a_refused_prompt_is_not_cut_and_not_learned_again(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering, _ = gather([call(n, prompt) for n in range(3)])
    gathering.learned[0].refused = True
    for n in range(3, 7):
        assert plays(gathering, heard(call(n, prompt))[0]) == []
        gathering.hear(n, HeardCall(f"call-{n}"), heard(call(n, prompt)), NOW)
    assert len(gathering.learned) == 1


def test_the_same_audio_from_elsewhere_replaces_the_own(speech: Speech) -> None:
    prompt = speech("cold_hearted")
    gathering, learned = gather([call(n, prompt) for n in range(3)])
    piece = learned_audio(prompt, "f" * 16, "welcome")
    support = np.full(len(piece.profile), 5, dtype=np.int32)
    elsewhere = Entry(
        piece=piece,
        support=support,
        call_id="other",
        channel=0,
        start_frame=0,
        spoken=np.zeros(0, dtype=np.bool_),
        heard_at=NOW,
        prompt_id=piece.prompt_id,
        name="welcome",
        plays=5,
        heard_in=5,
    )
    assert gathering.take(elsewhere) == learned[2][0].prompt_id
    assert gathering.take(elsewhere) is None
    assert [piece.name for piece in library_of(gathering.entries).pieces] == ["welcome"]


def test_how_sure_it_is_grows_with_the_calls() -> None:
    sure = [learned_confidence(calls, 3) for calls in (0, 2, 10, 21, 40, 10_000)]
    assert sure[:2] == [0, 0] and sure == sorted(sure) and sure[3] == pytest.approx(0.82, abs=0.01)
    assert sure[-1] == 1


def test_there_is_an_end_to_what_is_remembered(speech: Speech, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.gpu_host.ivr.gathering.MOST_ENTRIES", 4)
    prompt = speech("cold_hearted")
    gathering, _ = gather([call(n, prompt) for n in range(3)])
    for n in range(3, 13, 2):  # ten more, each heard in two calls
        both = melody(50 + n, 5)
        for number in (n, n + 1):
            gathering.hear(number, HeardCall(f"call-{number}"), heard(call(number, both)), NOW)
    assert len(gathering.entries) <= 4
    assert len(gathering.learned) == 1, "candidates go before what was learned"
