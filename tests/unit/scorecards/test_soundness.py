"""What loads and could never hold is refused, with its line and what to write."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from include.calls.vocabulary import CallType, Resolution, SignalKind, contact_reasons
from include.errors import InvalidInput
from include.scorecards.languages import ISO_639_1
from include.scorecards.loading import parse_scorecard
from include.scorecards.metrics import FIGURES
from include.scorecards.schema import Scorecard

Small = Callable[[], dict[str, Any]]


def loaded(small: Small, **last: Any) -> Scorecard:
    """The small scorecard with its last criterion changed, as a file of it would be read."""
    content = small()
    content["criteria"][2].update(last)
    return parse_scorecard(yaml.safe_dump(content, sort_keys=False), source="card.yaml")


def refused(small: Small, **last: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        loaded(small, **last)
    return str(caught.value)


def asking(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"applies_if": {"field": field, "op": op, "value": value}}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("True", 'analysable is true or false, never "True": write true or false, without quotes'),
        ("TRUE", 'never "TRUE"'),
        ("yes", 'never "yes"'),
        ('"true"', 'never "true"'),
        ("1", "never 1: write true"),
        ("[true]", "eq compares with one value"),
    ],
)
def test_analysable_is_true_or_false(shipped_file, written: str, told: str) -> None:
    text = shipped_file.read_text("utf-8")
    right = "applies_if: {field: analysable, op: eq, value: true}"
    assert right in text
    line = text[: text.index(right)].count("\n") + 1
    with pytest.raises(InvalidInput) as caught:
        parse_scorecard(text.replace(right, right.replace("true", written)), source="card.yaml")
    assert f"card.yaml:{line}: applies_if.value: " in str(caught.value) and told in str(caught.value)


VOCABULARIES = {
    "call_type": [*CallType],
    "resolution": [*Resolution],
    "signals": [*SignalKind],
    "contact_reasons": list(contact_reasons()),
    "metrics.direction": ["inbound", "outbound"],
    "language": ["en", "es", "de", "pt"],
}


@pytest.mark.parametrize("field", VOCABULARIES)
def test_a_condition_compares_with_what_the_field_can_be(small: Small, field: str) -> None:
    is_list = field in ("signals", "contact_reasons")
    one = "contains" if is_list else "eq"
    for value in map(str, VOCABULARIES[field]):
        loaded(small, **asking(field, one, value))
        for wrong in (f"{value}s", value.upper(), f" {value}", value[:-1], "", 1, True):
            told = refused(small, **asking(field, one, wrong))
            assert "card.yaml:" in told and 'criterion "b1": applies_if.value: ' in told
            assert f"{field.removeprefix('metrics.')} is never" in told and "write " in told
    if is_list:
        assert "write one of contains, not_contains" in refused(small, **asking(field, "eq", value))
        assert "not with a list" in refused(small, **asking(field, "contains", [value]))
        return
    all_ = [str(known) for known in VOCABULARIES[field]]
    loaded(small, **asking(field, "not_in", all_[1:]))
    if field != "language":
        assert "holds for no call" in refused(small, **asking(field, "not_in", all_))
    assert 'never "nothing"' in refused(small, **asking(field, "in", [value, "nothing"]))
    assert "write [a, b]" in refused(small, **asking(field, "in", value))
    assert "is empty" in refused(small, **asking(field, "in", []))
    for op in ("contains", "gt", "between"):
        assert f"{op} is not for {field}" in refused(small, **asking(field, op, value))


def test_a_wrong_value_is_told_what_there_is(small: Small) -> None:
    told = refused(small, **asking("contact_reasons", "contains", "billing"))
    assert all(code in told for code in contact_reasons())


def test_languages_are_those_of_iso_639_1() -> None:
    assert len(ISO_639_1) >= 180 and all(len(code) == 2 and code.islower() for code in ISO_639_1)


@pytest.mark.parametrize("language", ["english", "EN", "en-US", "xx", ""])
def test_the_scorecards_own_language_is_a_code(small: Small, language: str) -> None:
    with pytest.raises(InvalidInput, match="language: write a code of ISO 639-1"):
        parse_scorecard(yaml.safe_dump({**small(), "language": language}), source="card.yaml")


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_compare_with_numbers_that_they_can_be(small: Small, figure: str) -> None:
    def both(op: str, value: Any) -> list[dict[str, Any]]:
        metric = {"answered_by": "metric", "metric": {"field": figure, "op": op, "value": value}}
        return [asking(f"metrics.{figure}", op, value), metric]

    right = 1 if not figure.endswith("_share") else 0.5
    for change in [*both("le", right), *both("between", [0, right]), *both("ge", 0)]:
        loaded(small, **change)
    for value in (str(right), True, "many"):
        for change in both("le", value):
            assert "number" in refused(small, **change)
    wrong = [("le", -1), ("lt", 0), ("between", [right, right]), ("between", [right, 0]), ("between", right)]
    wrong += [("le", [0, right]), ("contains", right)]
    wrong += [("le", 60), ("gt", 1)] if figure.endswith("_share") else []
    wrong += [("le", 25), ("ge", 24.5)] if figure == "local_hour" else []
    wrong += [("eq", 0.5)] if figure in ("hold_count", "turns", "agent_interruptions") else []
    for op, value in wrong:
        for change in both(op, value):
            told = refused(small, **change)
            assert 'criterion "b1": ' in told, (op, value)


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan", "inf", "nan", "1e999"])
@pytest.mark.parametrize("right", ["weight: 3}", "score: 1}", "value: 15}", "first_s: 90}", "min_pct: 90}"])
def test_numbers_are_finite(shipped_file, value: str, right: str) -> None:
    text = shipped_file.read_text("utf-8")
    assert right in text or right == "weight: 3}"
    right = right if right in text else "weight: 3,"
    key, end = right.split(": ")[0], right[-1]
    with pytest.raises(InvalidInput, match=r"card\.yaml:\d+: .*"):
        parse_scorecard(text.replace(right, f"{key}: {value}{end}", 1), source="card.yaml")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("recording-notice.ogg", "write its name without the extension, recording-notice"),
        ("welcome.WAV", "write its name without the extension, welcome"),
        ("recording notice", "names have no spaces"),
        (" welcome", "names have no spaces"),
        ("", "names have no spaces"),
        ("prompts/welcome", "is a path"),
        ("/srv/prompts/welcome", "is a path"),
        ("./welcome", "is a path"),
        ("../welcome", "is a path"),
        ("en\\welcome", "is a path"),
        ("C:welcome", "is a path"),
        ("welcome/", "is a path"),
    ],
)
def test_prompts_are_named_as_the_library_names_them(small: Small, name: str, told: str) -> None:
    settled = {"prompts": ["thanks", name], "answer": "yes"}
    message = refused(small, settled_by_prompt=settled)
    assert 'criterion "b1": settled_by_prompt.prompts.1: ' in message and told in message


def test_names_of_prompts_that_are_fine(small: Small) -> None:
    names = ["recording-notice", "v1.2-welcome", "en/welcome", "menú", "welcome_2"]
    loaded(small, settled_by_prompt={"prompts": names, "answer": "yes"})
    assert '"en/welcome" stands there twice' in refused(
        small, settled_by_prompt={"prompts": [*names, "en/welcome"], "answer": "yes"}
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rule": "no_card_data_spoken"}, "rule: is not looked at while answered_by is llm"),
        (
            {"metric": {"field": "turns", "op": "ge", "value": 2}},
            "metric: is not looked at while answered_by is llm",
        ),
        (
            {
                "answered_by": "rule",
                "rule": "no_card_data_spoken",
                "settled_by_prompt": {"prompts": ["a"], "answer": "yes"},
            },
            "settle only what the LLM is asked",
        ),
        ({"applies_if": {"criterion": "a1", "equals": "NA"}}, '"a1" has no option "NA"; answers are yes, no'),
        ({"applies_if": {"criterion": "a1", "equals": "Yes"}}, '"a1" has no option "Yes"'),
        ({"applies_if": {"criterion": "b1", "equals": "yes"}}, "circle"),
        ({"evidence": {"required_on": ["Yes"]}}, 'no option "Yes"; options are yes, no'),
        (
            {
                "options": [
                    {"key": "na", "label": "", "score": 1},
                    {"key": "no", "label": "", "score": 0},
                ]
            },
            '"na" stands for an answer outside the options',
        ),
        (
            {
                "options": [
                    {"key": "yes", "label": "", "score": 1, "auto_fail": "form"},
                    {"key": "no", "label": "", "score": 0},
                ]
            },
            "the answer that earns most cannot fail as well",
        ),
        ({"id": "B 1"}, "write small letters, digits and _"),
    ],
)
def test_what_is_never_looked_at_or_never_holds_is_told(small: Small, change: Any, told: str) -> None:
    assert told in refused(small, **change)


def test_answers_that_another_criterion_can_have_are_fine(small: Small) -> None:
    for other, answer in (("a1", "no"), ("a1", "CANNOT_DETERMINE"), ("a2", "NA")):
        loaded(small, applies_if={"criterion": other, "equals": answer})


def test_two_bands_do_not_begin_at_the_same_score(small: Small) -> None:
    content = small()
    content["bands"].append({"name": "same", "min_pct": 60})
    with pytest.raises(InvalidInput, match="2 bands begin at 60"):
        parse_scorecard(yaml.safe_dump(content), source="card.yaml")


def test_an_na_rule_allows_na(small: Small) -> None:
    assert loaded(small, na_rule="nobody asks").criterion("b1").na_allowed
    told = refused(small, na_rule="nobody asks", na_allowed=False)
    assert 'criterion "b1": na_rule: is never used while na_allowed is false' in told
    assert not loaded(small).criterion("b1").na_allowed
