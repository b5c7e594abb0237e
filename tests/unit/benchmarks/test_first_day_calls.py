"""What is counted of a call of the first day: prompts, music and speech, by channel."""

from pathlib import Path

import numpy as np

from include.gpu.wire import Engine, IvrResult, Segment, SegmentKind, Span
from tests.benchmarks.first_day_calls import MIN_CALLS, Cut, rare
from tests.benchmarks.held_out import HeldOutCall


def span(start_ms: int, end_ms: int) -> Span:
    return Span(start_ms=start_ms, end_ms=end_ms)


def result(kept: list[Span], *plays: Segment) -> IvrResult:
    engine = Engine(name="x", version="1", device="cpu")
    return IvrResult(call_id="c", engine=engine, seconds=0, audio_s=60, segments=list(plays), kept=kept)


def test_what_is_cut_and_lost_is_counted_on_its_own_channel() -> None:
    call = HeldOutCall("en-0", "en", np.zeros((2, 0), np.float32))
    call.prompts, call.music = [span(0, 10_000)], [span(10_000, 30_000)]
    speech = [[span(40_000, 50_000)], [span(5_000, 6_000), span(50_000, 60_000)]]
    music = Segment(start_ms=20_000, end_ms=30_000, kind=SegmentKind.HOLD_MUSIC, confidence=1, channel=0)
    cut = Cut()
    # Nobody hears 0 to 5 s at all; of 20 to 30 s the other channel is heard.
    cut.add(call, result([span(5_000, 60_000)], music), speech)
    assert (cut.prompt_ms, cut.prompt_cut_ms) == (10_000, 5_000)
    assert (cut.music_ms, cut.music_cut_ms) == (20_000, 10_000)
    assert (cut.speech_ms, cut.lost_ms) == (21_000, 0)
    cut.add(call, result([span(5_500, 45_000)]), speech)
    assert (cut.speech_ms, cut.lost_ms) == (42_000, 500 + 5_000 + 10_000)
    assert cut.cut == (5_000 + 10_000 + 5_500) / 60_000


def test_what_lies_beside_a_word_of_the_agent_need_not_be_cut() -> None:
    call = HeldOutCall("en-0", "en", np.zeros((2, 0), np.float32))
    call.prompts, call.music = [span(0, 10_000)], [span(20_000, 21_000)]
    cut = Cut()
    cut.add(call, result([span(0, 60_000)]), [[span(9_000, 12_000)], []])
    assert cut.prompt_ms == 8_750


def test_a_prompt_of_too_few_calls_is_rare() -> None:
    calls = [HeldOutCall(f"en-{n}", "en", np.zeros((2, 0), np.float32)) for n in range(MIN_CALLS)]
    for call in calls:
        call.played.append((Path("voice/welcome.wav"), SegmentKind.PROMPT))
    calls[0].played += [(Path("voice/bye.wav"), SegmentKind.PROMPT)] * MIN_CALLS
    calls[1].played.append((Path("moh/piece.wav"), SegmentKind.HOLD_MUSIC))
    assert rare(calls) == {"voice bye": {"en-0"}}
