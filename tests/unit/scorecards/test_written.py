"""Values of a scorecard file are what is written there."""

import pytest

from include.errors import InvalidInput
from include.scorecards.loading import parse_scorecard
from include.scorecards.schema import Scorecard
from include.scorecards.written import read_written
from tests.yaml_text import as_yaml


def with_line(small, key: str, written: str) -> str:
    content = small()
    content.pop(key, None)
    return f"{key}: {written}\n" + as_yaml(content, sort_keys=False)


VERSIONS = ["1", "1.0", "1.10", "010", "1_0", "2026-11-01", "1e3", "0x1A", "0b1", "1:30", "true", "yes", ".5"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_the_text_that_stands_there(small, version: str) -> None:
    for written in (version, f'"{version}"', f"'{version}'"):
        assert parse_scorecard(with_line(small, "version", written), source="c").version == version


def test_versions_that_are_written_otherwise_are_other_versions(small) -> None:
    read = [parse_scorecard(with_line(small, "version", version), source="c") for version in VERSIONS]
    assert len({scorecard.sha256 for scorecard in read}) == len(VERSIONS)


@pytest.mark.parametrize("version", ["", "~", "null", '""', "[1, 2]", "x" * 41])
def test_a_version_that_is_none_is_refused(small, version: str) -> None:
    with pytest.raises(InvalidInput, match=r"c:1: version: "):
        parse_scorecard(with_line(small, "version", version), source="c")


def test_texts_stay_texts_everywhere(small) -> None:
    text = as_yaml(small(), sort_keys=False).replace("title: Small", "title: 2026-11-01")
    text = text.replace("label: y", "label: 1.10", 1).replace("instructions: decide", "instructions: 010", 1)
    assert text.count("2026-11-01") == text.count("1.10") == text.count("010") == 1
    scorecard = parse_scorecard(text, source="c")
    first = scorecard.criteria[0]
    assert (scorecard.title, first.options[0].label, first.instructions) == ("2026-11-01", "1.10", "010")


@pytest.mark.parametrize("number", ["010", "1_0", "1:30", "0x10", "0b1", "2026-11-01", "ten", "true", '"10"'])
def test_only_decimal_numbers_are_numbers_in_conditions(small, number: str) -> None:
    content = small()
    content["criteria"][2]["applies_if"] = {"field": "metrics.turns", "op": "gt", "value": 12345}
    text = as_yaml(content, sort_keys=False)
    assert parse_scorecard(text, source="c").criterion("b1").applies_if is not None
    with pytest.raises(InvalidInput, match="turns is a number, never"):
        parse_scorecard(text.replace("12345", number), source="c")


def test_merged_values_have_their_own_lines_and_give_way(small) -> None:
    text = """
base: &base
  weight: 1
  severity: bad
head:
  <<: *base
  weight: 2
flow:
  <<: {a: 1,
       b: 2}
"""
    written = read_written(text, source="c")
    assert written.content["head"] == {"weight": 2, "severity": "bad"}
    assert written.content["flow"] == {"a": 1, "b": 2}
    assert [written.line(("head", key)) for key in ("weight", "severity")] == [7, 4]
    assert [written.line(("flow", key)) for key in ("a", "b")] == [9, 10]
    assert written.repeated == []


def test_a_key_given_twice_is_told_inside_braces_too(shipped_file) -> None:
    text = shipped_file.read_text("utf-8").replace("severity: info}", "severity: info, severity: minor}")
    with pytest.raises(InvalidInput, match='criterion "closing": severity: is given twice'):
        parse_scorecard(text, source="c")


UNREADABLE = ["a: &a [*a]", "a: &a {b: *a}", "[" * 5000, "a: b: c", "? [x]\n: 1", "<<: 1", "\0"]
TAGGED = [
    "a: !!int b",
    "a: !!bool maybe",
    "a: !!timestamp b",
    "a: !!python/object:os.x {}",
    "a: 1\n---\nb: 2",
]


@pytest.mark.parametrize("text", [*UNREADABLE, *TAGGED])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^c:\d+: "):
        parse_scorecard(text, source="c")


def test_the_shipped_file_is_short_and_its_weights_keep_their_order(shipped_file, shipped: Scorecard) -> None:
    assert len(shipped_file.read_text("utf-8").splitlines()) <= 150
    assert shipped.version == "3"
    settled = shipped.criterion("identity_verified").settled_by_prompt
    assert settled is not None and "identity-confirmed" in settled.prompts and settled.answer == "yes"
    shares = {
        c.id: section.weight * c.weight / sum(o.weight for o in shipped.criteria if o.section == section.id)
        for c in shipped.criteria
        for section in shipped.sections
        if section.id == c.section
    }
    order = [
        ["right_resolution"],
        ["identity_verified", "no_card_data_spoken"],
        ["next_step_with_date"],
        ["recording_notice", "greeting_company_and_agent"],
        ["required_disclosure", "consent_before_charge", "no_abuse"],
        ["complaint_recognised", "vulnerable_customer_handled"],
        ["closing"],
        ["hold_announced", "hold_within_limit", "dead_air_within_limit"],
    ]
    alike = [{shares[name] for name in names} for names in order]
    assert all(len(same) == 1 for same in alike)
    values = [same.pop() for same in alike]
    assert values == sorted(values, reverse=True) and len(set(values)) == len(values)


def test_the_shipped_file_quotes_nobody(shipped: Scorecard) -> None:
    for criterion in shipped.criteria:
        for text in (criterion.text, criterion.instructions, criterion.na_rule):
            assert not set('"“”„«»‘`') & set(text), criterion.id


def test_a_field_too_many_in_an_alias_is_told_where_it_stands(small) -> None:
    text = as_yaml(small(), sort_keys=False)
    first, second = (line for line in text.splitlines() if "id: a1" in line or "id: b1" in line)
    text = text.replace(first, f"{first}\n  evidence: &e {{speaker: agent, colour: red}}")
    text = text.replace(second, f"{second}\n  evidence: *e")
    with pytest.raises(InvalidInput, match=r'criterion "b1": evidence.colour: is not a field') as caught:
        parse_scorecard(text, source="c")
    assert len(str(caught.value).splitlines()) == 2
