"""What loads and could never hold is refused, with its line and what to write."""

from collections.abc import Callable
from typing import Any

import pytest

from include.calls.vocabulary import CallType, Resolution, SignalKind, contact_reasons
from include.errors import InvalidInput
from include.scorecards.languages import ISO_639_1
from include.scorecards.loading import parse_scorecard
from include.scorecards.metrics import FIGURES
from include.scorecards.schema import Scorecard
from tests.yaml_text import as_yaml

Small = Callable[[], dict[str, Any]]


def loaded(small: Small, **last: Any) -> Scorecard:
    """The small scorecard with its last criterion changed, as a file of it would be read."""
    content = small()
    content["criteria"][2].update(last)
    return parse_scorecard(as_yaml(content, sort_keys=False), source="card.yaml")


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
@pytest.mark.long
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
        parse_scorecard(as_yaml({**small(), "language": language}), source="card.yaml")


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.long
def test_figures_compare_with_numbers_that_they_can_be(small: Small, figure: str) -> None:
    def both(op: str, value: Any) -> list[dict[str, Any]]:
        metric = {"answered_by": "metric", "metric": {"field": figure, "op": op, "value": value}}
        return [asking(f"metrics.{figure}", op, value), metric]

    right = 1 if not figure.endswith("_share") else 0.5
    for change in [*both("le", right), *both("between", [0, right]), *both("gt", 0)]:
        loaded(small, **change)
    for value in (str(right), True, "many"):
        for change in both("le", value):
            assert "number" in refused(small, **change)
    wrong = [("le", -1), ("lt", 0), ("between", [right, right]), ("between", [right, 0]), ("between", right)]
    wrong += [("le", [0, right]), ("contains", right)]
    wrong += [("between", [0.2, 0.8])] if figure in ("hold_count", "turns", "customer_interruptions") else []
    wrong += [("le", 60), ("gt", 1)] if figure.endswith("_share") else []
    wrong += [("le", 25), ("ge", 24.5), ("ge", 24), ("eq", 24)] if figure == "local_hour" else []
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
        parse_scorecard(as_yaml(content), source="card.yaml")


def test_an_na_rule_allows_na(small: Small) -> None:
    assert loaded(small, na_rule="nobody asks").criterion("b1").na_allowed
    told = refused(small, na_rule="nobody asks", na_allowed=False)
    assert 'criterion "b1": na_rule: is never used while na_allowed is false' in told
    assert not loaded(small).criterion("b1").na_allowed


_NA_KEYS = ("na", "n_a", "not_applicable", "notapplicable", "no_aplica", "no_procede")
ALWAYS = [
    *((figure, "ge", 0) for figure in FIGURES),
    *((figure, "le", 1) for figure in FIGURES if figure.endswith("_share")),
    *((figure, "ne", 2.5) for figure in ("hold_count", "turns", "agent_interruptions")),
    *(("local_hour", op, value) for op, value in (("lt", 24), ("le", 24), ("between", [0, 24]), ("ne", 24))),
]


@pytest.mark.parametrize(("figure", "op", "value"), ALWAYS)
def test_a_metric_that_holds_for_every_call_is_refused(
    small: Small, figure: str, op: str, value: Any
) -> None:
    told = refused(small, answered_by="metric", metric={"field": figure, "op": op, "value": value})
    assert 'criterion "b1": metric.value: ' in told and "holds for every call" in told


def test_a_condition_may_ask_whether_a_figure_is_known(small: Small) -> None:
    for figure in ("agent_talk_share", "agent_words_per_min", "local_hour"):
        loaded(small, **asking(f"metrics.{figure}", "ge", 0))
    for figure in ("hold_count", "longest_hold_s", "turns"):
        assert "holds for every call" in refused(small, **asking(f"metrics.{figure}", "ge", 0))


def head_refused(small: Small, **head: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_scorecard(as_yaml({**small(), **head}, sort_keys=False), source="card.yaml")
    return str(caught.value)


@pytest.mark.parametrize("share", [0.8, 0.05, 0.999])
def test_a_share_is_no_percentage(small: Small, share: float) -> None:
    bands = [{"name": "good", "min_pct": share}, {"name": "poor", "min_pct": 0}]
    told = head_refused(small, pass_threshold_pct=share)
    assert f"pass_threshold_pct: is in per cent, 0 to 100: write {100 * share:g}, not {share:g}" in told
    assert f"bands.0.min_pct: is in per cent, 0 to 100: write {100 * share:g}" in head_refused(
        small, bands=bands
    )


def test_percentages_load(small: Small) -> None:
    assert "write 100, not 1" in head_refused(small, pass_threshold_pct=1)
    for pct in (0, 1.5, 80, 100):
        bands = [{"name": "poor", "min_pct": 0}, {"name": "some", "min_pct": 1}]
        content = {**small(), "pass_threshold_pct": pct, "bands": bands}
        assert parse_scorecard(as_yaml(content), source="card.yaml").pass_threshold_pct == pct


def options(*scores: float, keys: tuple[str, ...] = ("yes", "partial", "no")) -> dict[str, Any]:
    return {"options": [{"key": k, "label": k, "score": s} for k, s in zip(keys, scores, strict=False)]}


def test_options_differ_in_what_they_earn(small: Small) -> None:
    for alike in ((1, 1), (2, 2, 2), (0.5, 0.5)):
        assert "options: all options have the same score, so nothing can be lost" in refused(
            small, **options(*alike)
        )
    for apart in ((1, 0), (2, 2, 0), (2, 1, 1)):
        loaded(small, **options(*apart))


@pytest.mark.parametrize(
    "key",
    [*_NA_KEYS, "cant_determine", "cannot_determine", "cannot_be_determined", "undetermined"],
)
def test_no_option_stands_for_an_answer_outside_the_options(small: Small, key: str) -> None:
    told = refused(small, **options(1, 1, 0, keys=("yes", key, "no")))
    assert f'options.1.key: "{key}" stands for an answer outside the options' in told
    assert ("na_allowed" in told) == (key in _NA_KEYS)
    loaded(small, **options(1, 1, 0, keys=("yes", "national", "not_asked")))


@pytest.mark.parametrize("end", ["first_s", "last_s"])
def test_a_window_is_no_longer_than_a_call(small: Small, end: str) -> None:
    for told in (
        refused(small, evidence={"window": {end: 14_401}}),
        refused(small, settled_by_prompt={"prompts": ["x"], "answer": "yes", "window": {end: 90_000}}),
    ):
        assert f"window.{end}: " in told and "longer than four hours" in told
    loaded(small, evidence={"window": {end: 14_400}})
    loaded(small, settled_by_prompt={"prompts": ["x"], "answer": "yes", "window": "any"})


def test_a_window_is_at_one_end_of_the_call(small: Small) -> None:
    assert "keep one of them" in refused(small, evidence={"window": {"first_s": 60, "last_s": 60}})
