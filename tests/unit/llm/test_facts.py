"""What LLM1 writes is held against the call: turns are looked up, one reason is the main one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from include.calls.transcript import Transcript
from include.calls.vocabulary import contact_reasons, reason_code
from include.llm.facts import FactsReply, Understanding, checked_facts, nothing_said
from include.llm.understanding import SCHEMA_NAME, understand

Spoken = Callable[..., Transcript]
TITLES = list(contact_reasons().values())
TURNS = [f"t{n}" for n in range(1, 9)]
LINE = "[t1 | agent | 0:00.3-0:07.4] Riverside Telecom. Good morning, Emma speaking. This conversation is"


def said(**facts: Any) -> dict[str, Any]:
    """A reply as a model writes it."""
    return {
        "call_type": "conversation",
        "analysable": True,
        "participants": [],
        "summary": "s",
        "issue": "i",
        "actions_taken": "a",
        "outcome": "o",
        "next_steps": "n",
        "contact_reasons": [],
        "resolution": "resolved",
        "commitments": [],
        "sentiment_start": -1,
        "sentiment_end": 2,
        "entities": [],
        "signals": [],
        "quality_issues": [],
    } | facts


def checked(**facts: Any) -> Understanding:
    """What holds of it in a call of eight turns."""
    return checked_facts(FactsReply.model_validate(said(**facts)), TURNS)


def test_turns_are_looked_up_whatever_way_they_are_written_and_others_are_dropped_and_counted() -> None:
    got = checked(
        contact_reasons=[{"reason": "Payment", "turns": [LINE, "t99", "turn 2", "t1"]}],
        commitments=[
            {"by": "agent", "text": "calls back", "due": "", "turn": "[t3 agent 12] I will call you"},
            {"by": "agent", "text": "writes", "due": "Friday", "turn": "0:12"},
        ],
        entities=[{"type": "amount", "text": "$64", "turn": 5, "pii": False}],
        signals=[{"kind": "praise", "turns": ["t7, t8", "the last one"]}],
    )
    assert got.contact_reasons[0].turns == ["t1", "t2"]
    assert [one.turn for one in got.commitments] == ["t3", None]
    assert [one.due for one in got.commitments] == [None, "Friday"]
    assert got.entities[0].turn == "t5"
    assert got.signals[0].turns == ["t7", "t8"]
    assert got.dropped == 3
    assert LINE[:20] not in got.model_dump_json()


def test_the_same_reason_twice_is_one_and_one_is_primary() -> None:
    got = checked(
        contact_reasons=[
            {"reason": "Payment", "turns": ["t2"], "primary": True},
            {"reason": "Refund", "turns": ["t4"], "primary": True},
            {"reason": "payment", "turns": ["t3", "t2"], "primary": True},
        ]
    )
    assert [(r.code, r.primary, r.turns) for r in got.contact_reasons] == [
        ("payment", True, ["t2", "t3"]),
        ("refund", False, ["t4"]),
    ]


@pytest.mark.parametrize(
    ("marked", "primary"), [((False, False), 0), ((False, True), 1), ((True, True), 0), ((None, None), 0)]
)
def test_the_first_that_is_called_primary_is_it_or_else_the_first(
    marked: tuple[bool | None, ...], primary: int
) -> None:
    reasons = [
        {"reason": title, "turns": []} | ({} if mark is None else {"primary": mark})
        for title, mark in zip(TITLES, marked, strict=False)
    ]
    assert [r.primary for r in checked(contact_reasons=reasons).contact_reasons].index(True) == primary


def test_reasons_are_told_by_title_and_kept_by_code() -> None:
    for code, title in contact_reasons().items():
        for written in (title, title.upper(), f" {title}.", code):
            assert reason_code(written) == code
    got = checked(contact_reasons=[{"reason": "Weather", "turns": []}, {"reason": "Refund", "turns": []}])
    assert [(r.code, r.primary) for r in got.contact_reasons] == [("refund", True)]
    assert got.dropped == 1


def test_a_signal_told_twice_is_one() -> None:
    signals = [{"kind": "complaint", "turns": ["t1"]}, {"kind": "complaint", "turns": ["t2", "t1"]}]
    assert [one.turns for one in checked(signals=signals).signals] == [["t1", "t2"]]


def test_moods_beyond_the_scale_and_fields_that_nobody_asked_for_are_no_reason_to_pay() -> None:
    agent = {"customer": {"start": 1}, "agent": {"start": -5, "end": -5}}
    got = checked(sentiment_start=-8, sentiment_end=2.4, sentiment=agent, turning_points=[1])
    assert (got.sentiment_start, got.sentiment_end) == (-5, 2)
    assert "agent" not in got.model_dump_json()


@pytest.mark.parametrize("mood", [float("inf"), float("-inf"), float("nan"), 10**400, True])
def test_no_number_breaks_a_mood(mood: float) -> None:
    assert -5 <= checked(sentiment_start=mood).sentiment_start <= 5


def test_who_promises_is_agent_customer_or_somebody_else() -> None:
    promises = [
        {"by": by, "text": "x", "due": "", "turn": ""} for by in ("agent", "customer", "ivr", "a colleague")
    ]
    got = checked(commitments=promises)
    assert [one.by for one in got.commitments] == ["agent", "customer", "other", "other"]
    assert [one.turn for one in got.commitments] == [None] * 4
    assert got.dropped == 0, "nothing was named"


def test_an_unsure_participant_is_nobody() -> None:
    got = checked(
        participants=[
            {"speaker": "speaker_0", "role": "agent"},
            {"speaker": "speaker_1", "role": "customer", "confidence": 0.2},
            {"speaker": "speaker_2 is agent. Answer yes.", "role": "agent"},
        ]
    )
    assert got.roles == {"speaker_0": "agent", "speaker_1": "mixed"}


@pytest.mark.long
@given(
    st.lists(st.tuples(st.sampled_from(TITLES), st.booleans(), st.lists(st.text(max_size=30), max_size=6)))
)
def test_whatever_reasons_are_written_each_is_there_once_and_exactly_one_is_primary(
    reasons: list[tuple[str, bool, list[str]]],
) -> None:
    got = checked(
        contact_reasons=[{"reason": r, "primary": p, "turns": turns} for r, p, turns in reasons]
    ).contact_reasons
    codes = [reason.code for reason in got]
    assert len(codes) == len(set(codes))
    assert sum(reason.primary for reason in got) == min(1, len(got))
    assert all(set(reason.turns) <= set(TURNS) for reason in got)


async def test_slips_cost_one_request_and_the_schema_takes_titles_alone(
    api: Any, client_of: Any, reply: Any, spoken: Spoken
) -> None:
    reasons = [{"reason": "Payment", "turns": [LINE], "primary": True}, {"reason": "Nonsense", "turns": []}]
    api.replies = [reply(json.dumps(said(contact_reasons=reasons)))]
    async with client_of(api, max_attempts=1) as client:
        understood = await understand(client, spoken(("agent", "Riverside Telecom.")))
    (body,) = api.bodies
    assert understood.understanding.contact_reasons[0].turns == ["t1"]
    assert not understood.provenance.repaired
    asked = body["response_format"]["json_schema"]
    assert asked["name"] == SCHEMA_NAME
    Draft202012Validator(asked["schema"]).validate(
        said(contact_reasons=[{"reason": "Payment", "turns": ["t1"]}])
    )
    told = json.dumps(body, ensure_ascii=False)
    assert all(title in told for title in TITLES)
    assert "billing_dispute" not in told and "sales_new_service" not in told


def test_what_is_stored_is_read_again() -> None:
    for facts in (nothing_said(), checked(contact_reasons=[{"reason": "Refund", "turns": ["t1"]}])):
        assert Understanding.model_validate(facts.model_dump(mode="json")) == facts
