"""What marks a turn as invented, and what people really say."""

import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Turn, TurnFlag, Word
from include.gpu.wire import Span
from include.gpu_host.stages.inventions import flags


def turn(text: str, confidence: float = 0.9, start_ms: int = 10_000) -> Turn:
    """Words of 200 ms, every 300 ms."""
    words = [
        Word(text=word, start_ms=start, end_ms=start + 200, confidence=confidence)
        for word, start in zip(text.split(), range(start_ms, 1 << 30, 300), strict=False)
    ]
    return Turn(
        id="t1",
        speaker=ChannelRole.AGENT,
        channel=0,
        start_ms=start_ms,
        end_ms=words[-1].end_ms,
        text=text,
        confidence=confidence,
        words=words,
    )


SPOKEN = [Span(start_ms=10_000, end_ms=90_000)]


@pytest.mark.parametrize(
    "text",
    [
        "no " * 9,
        "I'm sorry. " * 7,
        "and then we will go " + "to the bank " * 6,
        "I can see it on the screen now, " * 5,
    ],
)
def test_a_loop_is_a_repetition(text: str) -> None:
    assert flags(turn(text), SPOKEN) == [TurnFlag.REPETITION]


@pytest.mark.parametrize(
    "text",
    [
        "no, no, no, no, that is not what I said",
        "bye bye bye bye",
        "0 0 0 0 0 0 0 0 7",
        "yes it is, yes it is, yes it is",
        "your call is very important to us, so please hold the line, and somebody will be with you",
    ],
)
def test_what_people_say_is_no_repetition(text: str) -> None:
    assert flags(turn(text), SPOKEN) == []


def test_text_where_nobody_speaks_is_on_silence() -> None:
    heard = turn("one two three four five six")
    assert flags(heard, []) == [TurnFlag.ON_SILENCE]
    assert flags(heard, [Span(start_ms=0, end_ms=9_000)]) == [TurnFlag.ON_SILENCE]
    # The first two words are spoken; the other four are not.
    assert flags(heard, [Span(start_ms=9_000, end_ms=10_450)]) == [TurnFlag.ON_SILENCE]
    assert flags(heard, [Span(start_ms=9_000, end_ms=11_100)]) == []


@pytest.mark.parametrize(
    "text", ["Thanks for watching!", "Gracias por ver el vídeo", "Субтитры сделал DimaTorzok"]
)
def test_a_stock_phrase_is_flagged_where_little_speaks_for_it(text: str) -> None:
    text = text.replace("vídeo", "video")
    assert flags(turn(text, confidence=0.5), SPOKEN) == [TurnFlag.KNOWN_PHRASE]
    assert flags(turn(text, confidence=0.95), SPOKEN) == []
    assert TurnFlag.KNOWN_PHRASE in flags(turn(text, confidence=0.95), [])


def test_a_stock_phrase_within_a_sentence_is_speech() -> None:
    assert flags(turn("thank you for calling Acme", confidence=0.5), SPOKEN) == []


def test_words_of_which_the_recogniser_is_unsure_are_flagged() -> None:
    assert flags(turn("I want to cancel it", confidence=0.27), SPOKEN) == [TurnFlag.BADLY_HEARD]
    assert flags(turn("I want to cancel it", confidence=0.55), SPOKEN) == []
