"""Who has which of several voices on one channel is told by what is said: right, or not at all."""

from collections import Counter

from include.calls.transcript import Turn
from include.plain_yaml import read_yaml
from include.roles.content import roles_of_voices, with_roles
from include.roles.detection import RoleDetection
from include.roles.speaker_role import RoleSource
from tests.unit.roles.test_content import AGENT, COMPANY, CORPORA, CUSTOMER, UNKNOWN, call, of_corpus


def on_one_channel(turns: list[Turn], unsure: int | None = None) -> list[Turn]:
    """Voices from 1 on instead of channels; one turn may be nobody's."""
    return [
        turn.model_copy(update={"channel": 0, "voice": None if n == unsure else turn.channel + 1})
        for n, turn in enumerate(turns)
    ]


def test_of_calls_that_no_cue_was_written_for_no_voice_is_told_wrongly() -> None:
    found: Counter[str] = Counter()
    for file in CORPORA:
        for one in read_yaml(file.read_text("utf-8")):
            for agent in (0, 1):
                turns = on_one_channel(of_corpus(one["turns"], agent))
                told = {each.voice: each.role for each in roles_of_voices(turns, one.get("kept", []))}
                right = {agent + 1: AGENT, 2 - agent: CUSTOMER}
                kind = "right" if told == right else "unknown" if set(told.values()) == {UNKNOWN} else "wrong"
                found[kind] += 1
    assert found["wrong"] == 0 and found["right"] > 0.6 * found.total(), found


def test_turns_take_the_role_of_their_voice_and_nobodys_stay_unknown() -> None:
    said = call(
        (0, "Riverside Telecom, Maya speaking. This call is recorded. How can I help?"),
        (1, "Hello, my internet is down and I want to complain."),
        (0, "What is your account number?"),
        (1, "yes"),
    )
    turns = on_one_channel(said, unsure=3)
    told = RoleDetection(COMPANY).roles("c1", turns, 1, [], None)
    assert [(one.voice, one.role, one.source) for one in told] == [
        (1, AGENT, RoleSource.CONTENT),
        (2, CUSTOMER, RoleSource.CONTENT),
    ]
    labels = [turn.label for turn in with_roles(turns, told)]
    assert labels == ["agent", "customer", "agent", "speaker_0"]


def test_one_voice_tells_nobody_and_is_counted_as_unknown() -> None:
    turns = [turn.model_copy(update={"channel": 0}) for turn in call((0, "Hello, how can I help you?"))]
    assert roles_of_voices(turns, COMPANY) == []
    [told] = RoleDetection(COMPANY).roles("c1", turns, 1, [], None)
    assert (told.role, told.source, told.voice) == (UNKNOWN, RoleSource.NOBODY, None)


def test_voices_on_one_side_of_two_have_roles_of_their_own() -> None:
    """All is said on the left, the right is silent: the channel's own role is not everybody's."""
    said = call((0, "Riverside Telecom, how can I help?"), (1, "Hi, I want to cancel my contract."))
    told = RoleDetection(COMPANY).roles("c1", on_one_channel(said), 2, [CUSTOMER, AGENT], "manifest")
    assert {one.voice for one in told} == {1, 2} and {one.source for one in told} == {RoleSource.CONTENT}
