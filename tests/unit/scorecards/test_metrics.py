import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn, TurnFlag
from include.scorecards.metrics import call_metrics


def turn(n, who, start_s, end_s, text="some words here"):
    return Turn(
        id=f"t{n}",
        speaker=ChannelRole(who),
        channel=int(who == "customer"),
        start_ms=int(start_s * 1000),
        end_ms=int(end_s * 1000),
        text=text,
        confidence=1,
    )


def call(*turns):
    return Transcript(call_id="c1", language="en", turns=list(turns))


def test_only_music_inside_the_conversation_is_hold(heard):
    ivr = heard(
        ("prompt", 0, 6000, "welcome"),
        ("hold_music", 6000, 20_000, ""),  # the queue
        ("hold_music", 40_000, 70_000, ""),
        ("hold_music", 72_000, 80_000, ""),  # the same hold: the detector dropped out for two seconds
        ("hold_music", 90_000, 95_000, ""),
        ("hold_music", 130_000, 150_000, ""),  # after the last word
    )
    talk = call(turn(1, "agent", 25, 35), turn(2, "customer", 36, 39), turn(3, "agent", 100, 120))
    found = call_metrics(talk, ivr)
    assert (found.hold_count, found.hold_s, found.longest_hold_s) == (2, 45, 40)
    assert found.conversation_s == 95
    assert [announcement.name for announcement in found.announcements] == ["welcome"]


def test_dead_air_is_not_hold_and_not_after_the_end(heard):
    ivr = heard(
        ("dead_air", 0, 9000, ""),
        ("dead_air", 30_000, 48_000, ""),
        ("hold_music", 40_000, 60_000, ""),
        ("dead_air", 65_000, 77_000, ""),
        ("dead_air", 90_000, 99_000, ""),
    )
    found = call_metrics(call(turn(1, "agent", 10, 20), turn(2, "customer", 80, 90)), ivr)
    assert (found.dead_air_s, found.longest_dead_air_s) == (22, 12)


def test_talk_share_interruptions_and_pace(heard):
    found = call_metrics(
        call(
            turn(1, "agent", 0, 30, "word " * 60),
            turn(2, "customer", 20, 30, "no wait a moment"),
            turn(3, "customer", 40, 50),
            turn(4, "agent", 45, 46, "mm-hm"),
        ),
        heard(),
    )
    assert (found.agent_talk_share, found.customer_talk_share) == (0.608, 0.392)
    assert (found.agent_interruptions, found.customer_interruptions) == (0, 1)
    assert found.agent_words_per_min == 118.1


def test_nobody_known_and_nobody_there(heard):
    unknown = call_metrics(call(turn(1, "unknown", 0, 5)), heard())
    assert unknown.agent_talk_share is None and unknown.conversation_s == 5
    silent = call_metrics(call(), heard(("hold_music", 0, 9000, "")))
    assert (silent.hold_count, silent.conversation_s, silent.turns) == (0, 0, 0)


def test_a_word_that_was_invented_in_the_queues_music_does_not_begin_the_conversation(heard):
    ivr = heard(("hold_music", 0, 30_000, ""))
    invented = turn(1, "agent", 5, 6, "you").model_copy(update={"flags": [TurnFlag.BADLY_HEARD]})
    found = call_metrics(call(invented, turn(2, "agent", 30, 40), turn(3, "customer", 41, 50)), ivr)
    assert (found.hold_count, found.conversation_s) == (0, 20)


NOT_SPOKEN, NOT_ITS_WORDS = (
    (TurnFlag.ON_SILENCE, TurnFlag.KNOWN_PHRASE),
    (TurnFlag.REPETITION, TurnFlag.BADLY_HEARD, TurnFlag.OTHER_LANGUAGE),
)


def flagged(flag, *given):
    return turn(*given).model_copy(update={"flags": [flag]})


@pytest.mark.parametrize("flag", NOT_SPOKEN)
def test_what_nobody_said_is_no_talk_no_interruption_and_no_pace(heard, flag):
    said = [turn(1, "agent", 0, 30, "word " * 60), turn(2, "customer", 31, 41)]
    invented = [
        flagged(flag, 3, "agent", 35, 50, "thank you for watching"),
        flagged(flag, 4, "customer", 10, 25, "so there is this"),
    ]
    alone, beside = (call_metrics(call(*turns), heard()) for turns in (said, [*said, *invented]))
    assert beside == alone.model_copy(update={"turns": 4})


@pytest.mark.parametrize("flag", NOT_ITS_WORDS)
def test_who_was_not_understood_has_spoken_in_words_that_nobody_counts(heard, flag):
    said = [turn(1, "agent", 0, 30, "word " * 60), turn(2, "customer", 31, 41)]
    found = call_metrics(call(*said, flagged(flag, 3, "agent", 60, 80, "yes " * 200)), heard())
    assert (found.agent_talk_share, found.agent_words_per_min) == (0.833, 120)


def test_when_all_is_doubtful_nothing_is_known(heard):
    found = call_metrics(call(flagged(TurnFlag.ON_SILENCE, 1, "agent", 0, 30)), heard())
    assert (found.agent_talk_share, found.agent_words_per_min) == (None, None)
