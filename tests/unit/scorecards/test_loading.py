import pytest

from include.command_line.main import main
from include.errors import InvalidInput
from include.scorecards.loading import load_scorecard, parse_scorecard
from tests.yaml_text import as_yaml

SHIPPED_IDS = """recording_notice greeting_company_and_agent identity_verified no_card_data_spoken
required_disclosure consent_before_charge no_abuse complaint_recognised vulnerable_customer_handled
courtesy_and_empathy hold_announced hold_within_limit dead_air_within_limit transfer_handled right_resolution
next_step_with_date ownership closing"""


def test_the_shipped_scorecard_loads(shipped):
    assert [criterion.id for criterion in shipped.criteria] == SHIPPED_IDS.split()
    forms = {c.id for c in shipped.criteria for o in c.options if o.auto_fail.value == "form"}
    assert forms == {"identity_verified", "no_card_data_spoken", "no_abuse"}
    assert all(not c.applies_if or not c.evidence.required_on or c.na_allowed for c in shipped.criteria)


def test_identity_is_of_content_not_of_layout(shipped, shipped_file):
    text = shipped_file.read_text("utf-8")
    assert parse_scorecard("# another comment\n" + text, source="x").sha256 == shipped.sha256
    assert parse_scorecard(text.replace("weight: 3,", "weight: 4,"), source="x").sha256 != shipped.sha256


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("score: 1}", "points: 1}", r'criterion "recording_notice": options\.0\.score: is missing'),
        ("section: opening", "section: ending", r'there is no section "ending"'),
        ("answered_by: rule", "answered_by: magic", r'criterion "no_card_data_spoken": answered_by'),
        ("rule: no_card_data_spoken", "rule: no_such", r'there is no rule "no_such"'),
        ("field: longest_hold_s", "field: longest_pause_s", r'there is no metric "longest_pause_s"'),
        ("field: metrics.hold_count, op: gt", "field: hold_count, op: gt", r'there is no field "hold_count"'),
        ('required_on: ["yes"], speaker: any', "required_on: [yess], speaker: any", r'no option "yess"'),
        ("weight: 2", "wieght: 2", r"wieght: is not a field"),
        ("pass_threshold_pct: 75", "pass_threshold_pct: 175", r"pass_threshold_pct"),
        ("{name: poor, min_pct: 0}", "{name: poor, min_pct: 10}", r"no band begins at 0"),
        ("title: Service call", "title: Service call\nid: again", r"id: is given twice"),
        (
            "speaker: any, window: {first_s: 90}}",
            "speaker: any}\n    hints: {otherwise: yes}",
            r'criterion "recording_notice": hints: is no part of a scorecard any more: remove it',
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_criterion(tmp_path, shipped_file, right, wrong, told):
    text = shipped_file.read_text("utf-8")
    assert right in text
    spoilt = text.replace(right, wrong, 1)
    file = tmp_path / "card.yaml"
    file.write_text(spoilt, "utf-8")
    with pytest.raises(InvalidInput, match=told) as caught:
        load_scorecard(file)
    first = str(caught.value).splitlines()[0]
    line = int(first.removeprefix(f"{file}:").split(":")[0])
    changed = next(
        n
        for n, (a, b) in enumerate(zip(text.splitlines(), spoilt.splitlines(), strict=False), start=1)
        if a != b
    )
    assert abs(line - changed) <= 16


def test_a_wrong_line_is_exact(small):
    content = small()
    content["criteria"][2]["section"] = "nowhere"
    text = as_yaml(content, sort_keys=False)
    with pytest.raises(InvalidInput) as caught:
        parse_scorecard(text, source="card.yaml")
    assert f'card.yaml:{line_of(text, "nowhere")}: criterion "b1": section: there is no section' in str(
        caught.value
    )


def test_wrong_types_are_told_at_the_line_of_the_value(small):
    content = small()
    content["criteria"][0] |= {
        "weight": "heavy",
        "applies_if": {"field": "signals", "op": "is", "value": None},
    }
    content["criteria"][1] |= {"metric": {"field": "turns", "op": "ge", "value": "many"}, "evidence": []}
    content["criteria"][2]["options"][1].pop("score")
    text = as_yaml(content, sort_keys=False)
    with pytest.raises(InvalidInput) as caught:
        parse_scorecard(text, source="card.yaml")
    told = str(caught.value)
    for part, wrong in (
        ("weight: heavy", 'criterion "a1": weight: write a number, without quotes'),
        ("op: is", 'criterion "a1": applies_if.op: '),
        ("value: null", 'criterion "a1": applies_if.value: '),
        ("value: many", 'criterion "a2": metric.value: write a number, without quotes'),
        ("evidence: []", 'criterion "a2": evidence: '),
    ):
        assert f"card.yaml:{line_of(text, part)}: {wrong}" in told, part
    assert 'criterion "b1": options.1.score: is missing' in told


def test_fields_too_many_do_not_hide_what_else_is_wrong(small):
    content = small()
    content["colour"] = "red"
    content["criteria"][0] |= {"hints": {}, "applies_if": {"field": "analysable", "op": "eq", "valu": True}}
    content["criteria"][0]["applies_if"]["value"] = "True"
    content["criteria"][1]["section"] = "nowhere"
    with pytest.raises(InvalidInput) as caught:
        parse_scorecard(as_yaml(content, sort_keys=False), source="card.yaml")
    told = str(caught.value)
    for part in ("colour: is not", "hints: is no part", "valu: is not", 'never "True"', '"nowhere"'):
        assert part in told, part
    assert len(told.splitlines()) == 5


def test_conditions_in_a_circle_are_told(small):
    content = small()
    for criterion, other in (("a1", "a2"), ("a2", "b1"), ("b1", "a1")):
        entry = next(c for c in content["criteria"] if c["id"] == criterion)
        entry["applies_if"] = {"criterion": other, "equals": "yes"}
    with pytest.raises(InvalidInput, match="circle"):
        parse_scorecard(as_yaml(content), source="card.yaml")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"applies_if": {"criterion": "nobody", "equals": "yes"}}, 'no criterion "nobody"'),
        ({"applies_if": {"criterion": "a1", "equals": "maybe"}}, 'no option "maybe"'),
        (
            {"options": [{"key": "yes", "label": "", "score": 0}, {"key": "no", "label": "", "score": 0}]},
            "earned",
        ),
        ({"na_allowed": True}, "na_rule is missing"),
        ({"instructions": ""}, "instructions are missing"),
        ({"weight": 0}, "no criterion with a weight"),
        ({"id": "a1"}, "ids are unique"),
    ],
)
def test_unsound_criteria_are_told(small, change, told):
    content = small()
    content["criteria"][2].update(change)
    with pytest.raises(InvalidInput, match=told):
        parse_scorecard(as_yaml(content), source="card.yaml")


@pytest.mark.parametrize("text", ["a: [", "just words", "", "- 1\n- 2"])
def test_what_is_no_scorecard_is_refused(text):
    with pytest.raises(InvalidInput, match=r"card\.yaml:\d+: "):
        parse_scorecard(text, source="card.yaml")


def test_check_shows_what_is_asked_or_what_is_wrong(shipped_file, tmp_path, capsys):
    assert main(["scorecard", str(shipped_file)]) == 0
    shown = capsys.readouterr().out
    assert "no_card_data_spoken (rule)" in shown and "- closing: " in shown
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("id: x")
    assert main(["scorecard", str(wrong)]) == 1
    assert "wrong.yaml:1: " in capsys.readouterr().err


def test_check_says_which_announcements_a_library_does_not_have(shipped_file, tmp_path, capsys):
    for path in ("prompts/recording-notice.ogg", "prompts/learned.txt", "hold-music/identity-confirmed.ogg"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert main(["scorecard", str(shipped_file), "--prompts", str(tmp_path)]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert [line.split('no prompt "')[1].split('"')[0] for line in told] == [
        "recording-notice-es",
        "welcome-es",
        "identity-confirmed",
        "identity-confirmed-es",
    ]
    assert all(str(shipped_file) in line and str(tmp_path) in line for line in told)
    assert "it has recording-notice" in told[0] and "but music of that name" in told[2]

    names = ["recording-notice-es", "welcome-es", "identity-confirmed", "identity-confirmed-es"]
    for name in names:
        (tmp_path / "prompts" / f"{name}.wav").touch()
    assert main(["scorecard", str(shipped_file), "--prompts", str(tmp_path)]) == 0
    assert main(["scorecard", str(shipped_file), "--prompts", str(tmp_path / "none")]) == 1


def test_a_copy_with_other_content_keeps_nothing_that_followed_from_it(shipped):
    first = shipped.criteria[0]
    before = (shipped.sha256, shipped.share(first.id), shipped.criterion(first.id))
    heavier = [first.model_copy(update={"weight": first.weight * 10}), *shipped.criteria[1:]]
    copied = shipped.model_copy(update={"criteria": heavier})
    assert copied.sha256 != before[0]
    assert copied.share(first.id) > before[1]
    assert copied.criterion(first.id).weight == first.weight * 10
    assert (shipped.sha256, shipped.share(first.id), shipped.criterion(first.id)) == before
