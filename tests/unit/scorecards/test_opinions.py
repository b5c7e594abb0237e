"""Second opinions: which answers they are asked on, and what becomes of an answer that they contradict."""

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import pytest

from include.calls.transcript import Transcript
from include.errors import InvalidInput
from include.scorecards.answers import AuditAnswers, AuditReply
from include.scorecards.assessment import Assessment, Opinion
from include.scorecards.check import described
from include.scorecards.loading import load_scorecard, parse_scorecard
from include.scorecards.metrics import call_metrics
from include.scorecards.opinions import AskedOn, to_ask_again, with_doubts, with_opinions
from include.scorecards.schema import Scorecard
from include.scorecards.scoring import assess
from tests.yaml_text import as_yaml

QUOTE = "we are closed"


@pytest.fixture
def card(small) -> Scorecard:
    """a1: no earns nothing; a2: may be NA; b1: no fails the form."""
    content = small()
    content["criteria"][2]["options"][1]["auto_fail"] = "form"
    return parse_scorecard(as_yaml(content), source="small.yaml")


def with_fields(small, **by_id: dict[str, Any]) -> Scorecard:
    content = small()
    for criterion in content["criteria"]:
        criterion.update(by_id.get(criterion["id"], {}))
    return parse_scorecard(as_yaml(content), source="small.yaml")


@pytest.fixture
def judge(spoken, heard) -> Callable[..., tuple[AuditAnswers, Assessment]]:
    """Judges a call by the answers of a model."""
    return partial(judged, spoken, heard)


def judged(
    spoken, heard, card: Scorecard, quote: str = QUOTE, **answers: str
) -> tuple[AuditAnswers, Assessment]:
    """The answers that a model gives, each with a quote."""
    said: Transcript = spoken(("agent", "Sorry, we are closed today."), ("customer", "I see."))
    evidence = [{"turn_id": "t1", "speaker": "agent", "quote": quote}]
    reply = AuditReply.model_validate(
        {
            "answers": {
                name: {
                    "evidence": evidence,
                    "absence": None,
                    "justification": "",
                    "answer": answer,
                    "confidence": 0.8,
                }
                for name, answer in answers.items()
            },
            "violations": [],
            "strengths": [],
            "coaching": [],
            "overall_comment": "",
        }
    )
    given = AuditAnswers(reply=reply)
    metrics = call_metrics(said, heard(), started_at=None, timezone="UTC", direction=None)
    return given, assess(card, given, said, metrics)


def asked(card: Scorecard, found: tuple[AuditAnswers, Assessment], on: AskedOn) -> list[str]:
    return [criterion.id for criterion in to_ask_again(card, *found, on)]


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("answers", "failing", "all_"),
        [
            ({"a1": "no", "a2": "yes", "b1": "no"}, ["b1"], ["b1"]),
            ({"a1": "no", "a2": "no", "b1": "yes"}, [], ["b1"]),
            ({"a1": "yes", "a2": "NA", "b1": "CANNOT_DETERMINE"}, [], []),
            ({"a1": "yes", "a2": "yes"}, [], []),
        ],
    )
    def test_of_criteria_with_an_auto_fail(
        self, card: Scorecard, judge, answers: dict[str, str], failing: list[str], all_: list[str]
    ) -> None:
        found = judge(card, **answers)
        assert asked(card, found, AskedOn.FAILING) == failing
        assert asked(card, found, AskedOn.ALL) == all_

    def test_a_scorecard_may_name_others_and_leave_some_out(self, small, judge) -> None:
        card = with_fields(
            small,
            a1={"second_opinion": True},
            a2={"second_opinion": True},
            b1={
                "second_opinion": False,
                "options": [
                    {"key": "yes", "label": "y", "score": 1},
                    {"key": "no", "label": "n", "score": 0, "auto_fail": "form"},
                ],
            },
        )
        found = judge(card, a1="no", a2="NA", b1="no")
        assert asked(card, found, AskedOn.FAILING) == ["a1"]
        assert asked(card, found, AskedOn.ALL) == ["a1", "a2"]

    def test_what_waits_for_a_person_anyway_is_not(self, card: Scorecard, judge) -> None:
        found = judge(card, quote="nobody said that", b1="no")
        assert found[1].answer("b1").standing == "unsupported"
        assert asked(card, found, AskedOn.ALL) == []


def opinion(answer: str | None, by: str = "other", failure: str = "") -> Opinion:
    return Opinion(by=by, answer=answer, failure=failure, llm_identity="i")


class TestWhatBecomesOfAnAnswer:
    @pytest.mark.parametrize(
        ("others", "reason"),
        [
            ([opinion("no")], None),
            ([opinion("no"), opinion(None, failure="refused"), opinion("no")], None),
            ([opinion("yes")], 'a second opinion differs: first "no" (m), then "yes" (other)'),
            (
                [opinion("no", "sample 1"), opinion("NA", "sample 2")],
                'a second opinion differs: first "no" (m), then "no" (sample 1), "NA" (sample 2)',
            ),
            ([opinion("CANNOT_DETERMINE")], 'first "no" (m), then "CANNOT_DETERMINE" (other)'),
            ([opinion(None, failure="it was refused")], "no second opinion: it was refused"),
        ],
    )
    def test_it_stands_and_waits_for_a_person_where_another_differs(
        self, card: Scorecard, judge, others: list[Opinion], reason: str | None
    ) -> None:
        _, before = judge(card, a1="yes", a2="yes", b1="no")
        after = with_opinions(before, "m", {"b1": others})
        old, new = before.answer("b1"), after.answer("b1")
        assert (new.answer, new.standing, new.auto_fail, new.opinions) == ("no", "counted", "form", others)
        assert (after.pct, after.auto_failed, after.passed) == (0, True, False)
        if reason is None:
            assert (after.needs_review, new.review_reasons) == (before.needs_review, old.review_reasons)
        else:
            assert after.needs_review
            assert reason in new.review_reasons[-1]
            assert after.review_reasons[-1] == f"b1: {new.review_reasons[-1]}"
        others_untouched = [(a, b) for a, b in zip(before.answers, after.answers, strict=True) if a != b]
        assert [b.criterion_id for _, b in others_untouched] == ["b1"]

    def test_doubts_add_to_what_is_there(self, card: Scorecard, judge) -> None:
        _, before = judge(card, quote="nobody said that", a1="yes", a2="yes", b1="yes")
        after = with_doubts(before, {"a1": "one more"})
        assert after.answer("a1").review_reasons == [*before.answer("a1").review_reasons, "one more"]
        assert after.review_reasons == [*before.review_reasons, "a1: one more"]
        assert with_doubts(before, {}) is before


class TestInAScorecard:
    def test_a_version_that_was_recorded_before_keeps_its_hash(self, shipped_file, small) -> None:
        before = load_scorecard(shipped_file).model_dump(mode="json")
        assert [criterion.pop("second_opinion") for criterion in before["criteria"]] == [None] * len(
            before["criteria"]
        )
        text = json.dumps(before, sort_keys=True, ensure_ascii=False)
        assert load_scorecard(shipped_file).sha256 == sha256(text.encode()).hexdigest()
        content = small()
        plain = parse_scorecard(as_yaml(content), source="x")
        content["criteria"][0]["second_opinion"] = True
        assert parse_scorecard(as_yaml(content), source="x").sha256 != plain.sha256

    @pytest.mark.parametrize("value", [True, False])
    def test_what_code_answers_has_no_second_opinion(self, small, value: bool) -> None:
        rule = {"answered_by": "rule", "rule": "no_card_data_spoken", "second_opinion": value}
        with pytest.raises(InvalidInput, match="second_opinion: is not looked at while answered_by is rule"):
            with_fields(small, b1=rule)

    def test_the_check_tells_which_may_be_asked_again(self, shipped: Scorecard) -> None:
        told = described(shipped)
        assert (
            "a second opinion may be asked for: identity_verified, required_disclosure, "
            "consent_before_charge, no_abuse\n"
        ) in told
