"""Cut and lost seconds of calls whose truth is known."""

import numpy as np
import pytest

from include.gpu.wire import Engine, IvrResult, Segment, SegmentKind, Span
from tests.benchmarks.speech.composing import ComposedCall, Truth
from tests.benchmarks.speech.material import RATE_HZ
from tests.benchmarks.speech.seconds import Overlap, Removed, overlap, removed

PROMPT = Truth("prompt", 0, 4000, 0, "p")
SPEECH = Truth("speech", 6000, 10_000, 0, "s")


def call(truth: list[Truth], speech: list[Truth], channels: int = 1) -> ComposedCall:
    """Ten seconds."""
    return ComposedCall(np.zeros((channels, 10 * RATE_HZ), dtype=np.float32), truth, speech)


def found(kept: list[tuple[int, int]], *segments: tuple[SegmentKind, int, int, int | None]) -> IvrResult:
    return IvrResult(
        call_id="c",
        engine=Engine(name="e", version="1", device="cpu"),
        seconds=0,
        audio_s=10,
        kept=[Span(start_ms=start, end_ms=end) for start, end in kept],
        segments=[
            Segment(kind=kind, start_ms=start, end_ms=end, channel=channel, confidence=1)
            for kind, start, end, channel in segments
        ],
    )


def test_what_is_kept_is_neither_cut_nor_lost() -> None:
    counted = removed(call([PROMPT], [SPEECH]), found([(3000, 7000), (8000, 10_000)]))
    assert counted == Removed(announced_ms=4000, cut_ms=3000, speech_ms=4000, lost_ms=1000)
    assert (counted.cut, counted.lost) == (0.75, 0.25)


def test_a_prompt_under_speech_need_not_be_cut() -> None:
    over = Truth("speech", 2000, 3000, 0, "s")
    counted = removed(call([PROMPT], [over]), found([(1750, 10_000)]))
    assert (counted.announced_ms, counted.cut, counted.lost) == (2500, 0.7, 0)


def test_a_prompt_is_silenced_on_its_own_channel_while_the_other_speaks() -> None:
    other = Truth("speech", 0, 4000, 1, "s")
    ivr = found([(0, 10_000)], (SegmentKind.PROMPT, 0, 4000, 0))
    counted = removed(call([PROMPT], [other], channels=2), ivr)
    assert (counted.cut, counted.lost) == (1, 0)
    on_both = found([(0, 10_000)], (SegmentKind.PROMPT, 0, 4000, 1))
    assert removed(call([PROMPT], [other], channels=2), on_both).lost == 1


def test_what_is_not_kept_is_gone_from_every_channel() -> None:
    counted = removed(call([PROMPT], [SPEECH], channels=2), found([(4000, 8000)]))
    assert (counted.cut, counted.lost) == (1, 0.5)


def test_a_segment_of_a_single_channel_that_is_kept_is_heard() -> None:
    ivr = found([(0, 10_000)], (SegmentKind.PROMPT, 0, 4000, 0))
    assert removed(call([PROMPT], [SPEECH]), ivr).cut == 0


def test_precision_and_recall_are_of_one_kind_and_channel() -> None:
    music = Truth("hold_music", 5000, 9000, 0, "m")
    ivr = found(
        [],
        (SegmentKind.PROMPT, 1000, 6000, 0),
        (SegmentKind.HOLD_MUSIC, 5000, 9000, 1),
        (SegmentKind.DTMF, 0, 500, 0),
    )
    composed = call([PROMPT, music], [], channels=2)
    prompt = overlap(composed, ivr, SegmentKind.PROMPT)
    assert (prompt.precision, prompt.recall) == (pytest.approx(0.6), 0.75)
    assert overlap(composed, ivr, SegmentKind.HOLD_MUSIC) == Overlap(4000, 4000, 0)
    keys = overlap(composed, ivr, SegmentKind.DTMF)
    assert (keys.precision, keys.recall) == (0, None)


def test_a_segment_without_a_channel_is_on_all() -> None:
    ivr = found([], (SegmentKind.PROMPT, 0, 4000, None))
    assert overlap(call([PROMPT], []), ivr, SegmentKind.PROMPT).recall == 1
