"""Who is on which channel is told by what is said there: right, or not at all."""

import re
from collections import Counter
from pathlib import Path

import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.gpu.wire import IvrResult, Segment, SegmentKind
from include.plain_yaml import read_yaml
from include.roles.content import Heard, roles_by_content
from include.roles.detection import RoleDetection, heard_in
from include.roles.speaker_role import RoleSource, roles_of
from tests.unit.gpu.fake_host import ENGINE

AGENT, CUSTOMER, UNKNOWN = ChannelRole.AGENT, ChannelRole.CUSTOMER, ChannelRole.UNKNOWN
CORPORA = sorted(Path("tests/corpora/redaction").glob("*.yaml"))
MARKED = re.compile(r"\{[A-Z]+\|([^}]*)\}")
COMPANY = ("Riverside Telecom",)


def call(*said: tuple[int, str]) -> list[Turn]:
    """Turns, each with the channel that it is said on."""
    return [
        Turn(
            id=f"t{n}",
            speaker=UNKNOWN,
            channel=channel,
            start_ms=5000 * n,
            end_ms=5000 * n + 4000,
            text=text,
            confidence=1,
        )
        for n, (channel, text) in enumerate(said, start=1)
    ]


def of_corpus(dialogue: str, agent: int) -> list[Turn]:
    lines = [line.strip().split(": ", 1) for line in dialogue.strip().splitlines()]
    return call(*((agent if who == "A" else 1 - agent, MARKED.sub(r"\1", text)) for who, text in lines))


def test_of_calls_that_no_cue_was_written_for_none_is_told_wrongly_and_most_are_told() -> None:
    found: Counter[str] = Counter()
    for file in CORPORA:
        for one in read_yaml(file.read_text("utf-8")):
            for agent in (0, 1):
                told = roles_of(roles_by_content(of_corpus(one["turns"], agent), 2, one.get("kept", [])))
                right = [AGENT, CUSTOMER] if agent == 0 else [CUSTOMER, AGENT]
                kind = "right" if told == right else "unknown" if told == [UNKNOWN] * 2 else "wrong"
                found[kind] += 1
    assert found["wrong"] == 0
    assert found["right"] / found.total() > 0.6, found


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("Thank you for calling Riverside Telecom, how can I help?", "My internet is slow."),
        ("Riverside Telecom, this call is recorded.", "Hello, I have a question about my bill."),
        ("Gracias por llamar a Riverside Telecom, le atiende Lucía.", "Buenas, llamo por mi factura."),
        ("I'm calling from Riverside Telecom about your contract.", "Ah, well, I have not much time now."),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_who_greets_for_the_company_is_the_agent(agent: str, customer: str, first: int) -> None:
    told = roles_by_content(call((first, agent), (1 - first, customer)), 2, COMPANY)
    assert told[first].role is AGENT and told[1 - first].role is CUSTOMER
    assert all(one.source is RoleSource.CONTENT and one.confidence >= 0.9 for one in told)
    assert told[first].because


@pytest.mark.parametrize(
    "said",
    [
        [(0, "Hello."), (1, "Hello, who is there?")],
        [(0, "Is this Riverside Telecom?"), (1, "Yes it is.")],
        # An agent asks another: both speak for the company.
        [
            (0, "Thank you for calling Riverside Telecom, how can I help?"),
            (1, "Thank you for calling Riverside Telecom support, how may I help?"),
        ],
        # All of the conversation is on one channel: whose it is nobody can say.
        [
            (0, "Thank you for calling Riverside Telecom, how can I help?"),
            (0, "Hi, I am calling about my bill, I have a question."),
            (0, "Sure, can I have your name, please?"),
        ],
        # The other channel is a faint copy.
        [
            (0, "Thank you for calling Riverside Telecom, how can I help?"),
            (1, "Thank you for calling Riverside Telecom, how can I help?"),
            (0, "Hi, I am calling about my bill."),
            (1, "Hi, I am calling about my bill."),
        ],
        [(0, "Guten Tag, Stadtwerke, was kann ich tun?"), (1, "Meine Rechnung ist zu hoch.")],
    ],
)
def test_who_cannot_be_told_is_nobody(said: list[tuple[int, str]]) -> None:
    told = roles_by_content(call(*said), 2, COMPANY)
    assert roles_of(told) == [UNKNOWN, UNKNOWN]
    assert {one.source for one in told} == {RoleSource.NOBODY}


def test_an_agent_whose_customer_says_nothing_is_one_and_the_other_channel_is_nobodys() -> None:
    said = call((1, "Hello, this is a message: thank you for calling Riverside Telecom, how can I help you?"))
    assert roles_of(roles_by_content(said, 2, COMPANY)) == [UNKNOWN, AGENT]


def test_announcements_come_from_the_companys_side_and_keys_from_the_other() -> None:
    said = call((0, "Good morning, Emma here."), (1, "Hello, I wanted to ask something."))
    assert roles_of(roles_by_content(said, 2)) == [UNKNOWN, UNKNOWN]
    heard = Heard(played=frozenset({0}), keyed=frozenset({1}))
    assert roles_of(roles_by_content(said, 2, heard=heard)) == [AGENT, CUSTOMER]
    # Heard on both, they tell nothing.
    both = Heard(played=frozenset({0, 1}), keyed=frozenset({0, 1}))
    assert roles_of(roles_by_content(said, 2, heard=both)) == [UNKNOWN, UNKNOWN]


def test_of_three_channels_the_agents_is_told_and_the_others_are_not_all_customers() -> None:
    said = call(
        (2, "Thank you for calling Riverside Telecom, how can I help?"),
        (0, "My router is broken."),
        (1, "And mine, too, since Monday."),
    )
    assert roles_of(roles_by_content(said, 3, COMPANY)) == [UNKNOWN, UNKNOWN, AGENT]


GREETED = call(
    (1, "Thank you for calling Riverside Telecom, how can I help?"), (0, "My bill is wrong, I want to ask.")
)


def test_what_was_told_beforehand_holds_and_what_speaks_against_it_is_said() -> None:
    detection = RoleDetection(COMPANY)
    right = detection.roles("c", GREETED, 2, [CUSTOMER, AGENT], "recorder")
    assert [(one.role, one.source, one.confidence, one.doubted) for one in right] == [
        (CUSTOMER, RoleSource.RECORDER, 1, False),
        (AGENT, RoleSource.RECORDER, 1, False),
    ]
    swapped = detection.roles("c", GREETED, 2, [AGENT, CUSTOMER], "setting")
    assert roles_of(swapped) == [AGENT, CUSTOMER]
    assert all(one.doubted for one in swapped)


def test_roles_of_another_number_of_channels_tell_nothing() -> None:
    told = RoleDetection(COMPANY).roles("c", GREETED, 2, [AGENT], "manifest")
    assert roles_of(told) == [CUSTOMER, AGENT]
    assert roles_of(RoleDetection(COMPANY).roles("c", GREETED[:1], 1, [], None)) == [UNKNOWN]
    assert RoleDetection(COMPANY).roles("c", [], 1, [], None) == []
    assert roles_of(RoleDetection().roles("c", [], 2, [], None)) == [UNKNOWN, UNKNOWN]


def test_what_the_ivr_stage_found_is_told_by_channel() -> None:
    def found(kind: SegmentKind, channel: int | None) -> Segment:
        return Segment(start_ms=0, end_ms=9, kind=kind, confidence=1, channel=channel)

    segments = [
        found(SegmentKind.PROMPT, 1),
        found(SegmentKind.HOLD_MUSIC, 1),
        found(SegmentKind.DTMF, 0),
        found(SegmentKind.DEAD_AIR, None),
    ]
    ivr = IvrResult(call_id="c", engine=ENGINE, seconds=1, audio_s=9, segments=segments, kept=[])
    assert heard_in(ivr) == Heard(frozenset({1}), frozenset({0}))
    assert heard_in(None) == Heard()
