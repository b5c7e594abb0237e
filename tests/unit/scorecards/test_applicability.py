"""What code can settle first is not asked of the LLM."""

from typing import Any

import pytest

from include.scorecards.applicability import scope_of
from include.scorecards.conditions import FieldCondition, shown
from include.scorecards.loading import parse_scorecard
from include.scorecards.metrics import call_metrics
from tests.yaml_text import as_yaml

FACTS = {"analysable": True, "call_type": "conversation", "signals": [], "contact_reasons": ["refund"]}
SAID = tuple(("agent", "one moment please, thank you") for _ in range(12))
HOLD = ("hold_music", 30_000, 60_000, "")


@pytest.fixture
def asked(small, spoken, heard):
    """Ids of the criteria that are asked, with criteria changed by id."""

    def run(*segments, facts=FACTS, **changes):
        content = small()
        for criterion in content["criteria"]:
            criterion.update(changes.get(criterion["id"], {}))
        card, call = parse_scorecard(as_yaml(content), source="small.yaml"), spoken(*SAID)
        scope = scope_of(card, facts, call, call_metrics(call, heard(*segments)))
        return [criterion.id for criterion in scope.asked]

    return run


def metric(**condition):
    measure = {"field": "longest_hold_s", "op": "le", "value": 60}
    return {"answered_by": "metric", "metric": measure, **condition}


def test_all_that_may_apply_is_asked(asked):
    assert asked() == ["a1", "a2", "b1"]


def test_no_hold_no_question_about_the_hold(asked):
    about_hold = {"applies_if": {"field": "metrics.hold_count", "op": "gt", "value": 0}}
    assert asked(a1=about_hold) == ["a2", "b1"]
    assert asked(HOLD, a1=about_hold) == ["a1", "a2", "b1"]


def test_what_a_metric_answers_settles_what_hangs_on_it(asked):
    depends = {"applies_if": {"criterion": "b1", "equals": "no"}}
    assert asked(HOLD, a1=depends, b1=metric()) == ["a2"], "the hold is short enough"
    assert asked(("hold_music", 20_000, 110_000, ""), a1=depends, b1=metric()) == ["a1", "a2"]


@pytest.mark.parametrize("asked_for", ["yes", "no"])
def test_what_hangs_on_an_answer_of_code_that_does_not_count_is_not_asked(asked, asked_for):
    unknown = {"answered_by": "metric", "metric": {"field": "local_hour", "op": "ge", "value": 8}}
    depends = {"applies_if": {"criterion": "b1", "equals": asked_for}}
    assert asked(a1=depends, b1=unknown) == ["a2"]


@pytest.mark.parametrize("asked_for", ["yes", "no"])
def test_nor_is_it_called_not_applicable(small, spoken, heard, asked_for):
    content = small()
    content["criteria"][0]["applies_if"] = {"criterion": "b1", "equals": asked_for}
    content["criteria"][2] |= {
        "answered_by": "metric",
        "metric": {"field": "local_hour", "op": "ge", "value": 8},
    }
    card, call = parse_scorecard(as_yaml(content), source="small.yaml"), spoken(*SAID)
    assert scope_of(card, FACTS, call, call_metrics(call, heard())).not_applicable == {}


def test_an_announcement_settles_its_criterion(asked):
    settled = {"settled_by_prompt": {"prompts": ["notice"], "answer": "yes"}}
    notice = ("prompt", 1_000, 6_000, "notice")
    assert asked(notice, a1=settled) == ["a2", "b1"]
    assert asked(("prompt", 1_000, 6_000, "menu"), a1=settled) == ["a1", "a2", "b1"]
    late = {**settled, "evidence": {"window": {"first_s": 90}}}
    assert asked(notice, a1=late) == ["a2", "b1"]
    assert asked(("prompt", 110_000, 116_000, "notice"), a1=late) == ["a1", "a2", "b1"], "outside its window"


@pytest.mark.parametrize("window", [{"first_s": 5}, {"last_s": 5}, "any", None])
def test_an_announcement_has_its_own_window(asked, window):
    """Without one it is where the criterion's evidence must lie: here the first 60 s, from 10 s on."""
    rule = {"prompts": ["notice"], "answer": "yes", **({"window": window} if window else {})}
    settled = {"settled_by_prompt": rule, "evidence": {"window": {"first_s": 60}}}
    asks = {at: asked(("prompt", at, at + 2_000, "notice"), a1=settled) for at in (1_000, 40_000, 126_000)}
    settles = [at for at, ids in asks.items() if "a1" not in ids]
    if isinstance(window, dict):
        assert settles == ([1_000] if "first_s" in window else [126_000])
    else:
        assert settles == ([1_000, 40_000, 126_000] if window else [1_000, 40_000])


@pytest.mark.parametrize("played_ms", [0, 9_000, 30_000, 60_000, 280_000])
def test_identity_is_confirmed_before_the_conversation_or_by_what_is_said(shipped, spoken, heard, played_ms):
    """Once anything may have been told of the account, a confirmation comes too late."""
    call = spoken(*(("agent", "your balance is thirty euros") for _ in range(30)))
    for name in ("identity-confirmed", "identity-confirmed-es"):
        ivr = heard(("prompt", played_ms, played_ms + 3_000, name))
        scope = scope_of(shipped, FACTS, call, call_metrics(call, ivr))
        asked_for = "identity_verified" in {criterion.id for criterion in scope.asked}
        assert asked_for == (played_ms > call.turns[0].start_ms + 5_000)


def test_what_only_the_llm_can_answer_stays_open(asked):
    depends = {"applies_if": {"criterion": "b1", "equals": "no"}}
    assert asked(a1=depends) == ["a1", "a2", "b1"]
    by_fact = {"applies_if": {"field": "contact_reasons", "op": "contains", "value": "refund"}}
    assert asked(a1=by_fact) == ["a1", "a2", "b1"]
    assert asked(a1=by_fact, facts={**FACTS, "contact_reasons": []}) == ["a2", "b1"]


@pytest.mark.parametrize(
    ("field", "op", "value", "words"),
    [
        ("analysable", "eq", True, "analysable is true"),
        ("language", "in", ["en", "es"], "language is one of en, es"),
        ("signals", "not_contains", "complaint", "signals does not have complaint"),
        ("metrics.hold_count", "gt", 0.0, "hold_count is above 0"),
        ("metrics.local_hour", "between", [8.0, 21.5], "local_hour is between 8 and 21.5"),
    ],
)
def test_a_condition_reads_as_a_sentence(field: str, op: Any, value: Any, words: str) -> None:
    assert str(FieldCondition(field=field, op=op, value=value)) == words


@pytest.mark.parametrize(
    ("fact", "words"), [(None, "unknown"), (False, "false"), (("a", "b"), "a, b"), ([], "none"), (0.5, "0.5")]
)
def test_a_fact_reads_as_a_word(fact: Any, words: str) -> None:
    assert shown(fact) == words
