"""Words become turns: by channel, by pause, by language."""

from include.calls.call import ChannelRole
from include.calls.transcript import Word
from include.gpu_host.stages.turns import HeardWord, conversation


def said(text: str, start_ms: int, language: str = "en", confidence: float = 0.8) -> list[HeardWord]:
    """Words of 200 ms, every 300 ms."""
    return [
        HeardWord(Word(text=f" {word}", start_ms=start, end_ms=start + 200, confidence=confidence), language)
        for word, start in zip(text.split(), range(start_ms, 1 << 30, 300), strict=False)
    ]


def test_channels_are_merged_in_order_of_start() -> None:
    agent = said("good morning", 0) + said("how can I help", 5000)
    customer = said("hello", 2000)
    turns = conversation([agent, customer], [ChannelRole.AGENT, ChannelRole.CUSTOMER])
    assert [(t.id, t.speaker, t.channel, t.text, t.start_ms, t.end_ms) for t in turns] == [
        ("t1", "agent", 0, "good morning", 0, 500),
        ("t2", "customer", 1, "hello", 2000, 2200),
        ("t3", "agent", 0, "how can I help", 5000, 6100),
    ]
    assert turns[0].words[1].text == "morning" and turns[0].confidence == 0.8 and turns[0].language == "en"


def test_who_speaks_on_a_shared_channel_is_not_guessed() -> None:
    heard = said("are you there?", 0) + said("yes I am", 1400)
    turns = conversation([heard], [ChannelRole.AGENT, ChannelRole.CUSTOMER])
    # A pause of 600 ms after a sentence: the other may have answered.
    assert [(t.speaker, t.text) for t in turns] == [("unknown", "are you there?"), ("unknown", "yes I am")]
    assert len(conversation([heard, []], [ChannelRole.AGENT, ChannelRole.CUSTOMER])) == 1


def test_a_change_of_language_ends_a_turn() -> None:
    turns = conversation([said("one moment", 0) + said("un momento", 600, "es")], [])
    assert [(t.language, t.text) for t in turns] == [("en", "one moment"), ("es", "un momento")]


def test_words_without_spaces_stay_together() -> None:
    heard = [
        HeardWord(Word(text=text, start_ms=n * 100, end_ms=n * 100 + 90, confidence=1), "ja")
        for n, text in enumerate([" お", "世話", "に"])
    ]
    assert conversation([heard], [])[0].text == "お世話に"
