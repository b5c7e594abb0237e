"""A sentence that breaks off where music begins is badly heard; what people say before it is not."""

import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import TurnFlag, Word
from include.gpu.wire import Segment, SegmentKind
from include.gpu_host.stages.inventions import flags
from include.gpu_host.stages.seams import at_music
from include.gpu_host.stages.turns import HeardWord, conversation

SAID = [(" Press", 0), (" one.", 400)]
MUSIC_MS = 3000


def words(*spoken: tuple[str, int], length_ms: int = 300) -> list[HeardWord]:
    return [
        HeardWord(Word(text=text, start_ms=at_ms, end_ms=at_ms + length_ms, confidence=0.9), "en")
        for text, at_ms in spoken
    ]


def music(start_ms: int = MUSIC_MS, kind: SegmentKind = SegmentKind.HOLD_MUSIC, channel: int = 0) -> Segment:
    return Segment(start_ms=start_ms, end_ms=start_ms + 20_000, kind=kind, confidence=0.7, channel=channel)


def badly_heard(heard: list[HeardWord], *segments: Segment) -> list[str]:
    marked = at_music(heard, 0, segments)
    speech = [music(0)]
    found = conversation([marked, []], [ChannelRole.AGENT, ChannelRole.CUSTOMER])
    return [turn.text for turn in found if TurnFlag.BADLY_HEARD in flags(turn, speech)]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ([(" The", 2500)], ["The"]),
        ([(" Il", 2300), (" ne", 2700)], ["Il ne"]),
        ([(" The", 1600)], []),  # long before the music
        ([(" Thanks.", 2500)], []),
        ([(" Hold", 2100), (" on.", 2500)], []),
        ([(" I", 1900), (" think", 2200), (" that", 2600)], []),
        ([(" and", 1000), (" wait", 1400), (" for", 1800), (" the", 2200), (" tone", 2600)], []),
    ],
)
def test_one_or_two_words_that_open_a_sentence_at_music_are_badly_heard(
    last: list[tuple[str, int]], expected: list[str]
) -> None:
    assert badly_heard(words(*SAID, *last), music()) == expected


def test_the_rest_of_the_turn_is_heard_well() -> None:
    marked = at_music(words(*SAID, (" The", 1400)), 0, [music(1700)])
    assert [one.word.text for one in marked if one.is_at_music] == [" The"]
    assert [turn.text for turn in conversation([marked], [])] == ["Press one.", "The"]


def test_between_two_pieces_of_music_and_where_nobody_has_spoken_before() -> None:
    between = [music(0).model_copy(update={"end_ms": 2000}), music()]
    assert badly_heard(words((" Pour", 2600)), *between) == ["Pour"]


@pytest.mark.parametrize(
    "segment",
    [
        music(kind=SegmentKind.PROMPT),
        music(kind=SegmentKind.DEAD_AIR),
        music(channel=1),
        music(start_ms=9000),
    ],
)
def test_only_music_right_after_it_on_its_channel_says_so(segment: Segment) -> None:
    assert badly_heard(words(*SAID, (" The", 2500)), segment) == []


def test_without_words_there_is_nothing_to_mark() -> None:
    assert at_music([], 0, [music()]) == []
