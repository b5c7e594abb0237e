"""Examples in a scorecard's texts reach the model marked as such."""

import pytest

from include.llm.wording import SHIPPED_WORDING
from include.scorecards.asking import asked_text
from include.scorecards.examples import marked
from include.scorecards.loading import parse_scorecard
from tests.yaml_text import as_yaml

MARKS = ['"{}"', "“{}”", "„{}“", "”{}”", "«{}»", "« {} »", "‘{}’", "'{}'", "`{}`"]
SAID = ["thank you for calling Northwind", "I won't, it's the policy", "la llamada puede ser grabada", "bye"]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("said", SAID)
def test_what_is_quoted_is_marked(mark: str, said: str) -> None:
    if "'" in said and mark.startswith("‘"):
        said = said.replace("'", "’")
    for before, after in (("", ""), ("yes when they say ", "."), ("(such as ", ")"), ("or ", ", or else")):
        assert marked(f"{before}{mark.format(said)}{after}") == f"{before}‹for example: {said}›{after}"


@pytest.mark.parametrize(
    "text",
    [
        "the agent's words, the customers' own, don't and won't",
        "‹company›, this is ‹agent's name›",
        'a screen of 5" and one of 6"',
        'one " alone',
        "no quotes at all",
        '""',
    ],
)
def test_what_is_no_quotation_stays(text: str) -> None:
    assert marked(text) == text


def test_a_quoted_answer_is_no_example() -> None:
    text = 'answer "yes" when it is said, "NA" when not, "no" for "no way"'
    assert marked(text, ["yes", "no", "NA"]) == (
        'answer "yes" when it is said, "NA" when not, "no" for ‹for example: no way›'
    )


def test_every_text_that_the_model_reads_is_marked(small) -> None:
    content = small()
    content["criteria"][2] |= {
        "text": 'Does the agent say "have a nice day"?',
        "instructions": 'yes when "have a nice day" is said.\nno for "get lost".',
        "na_rule": 'nobody says "have a nice day"',
    }
    content["criteria"][2]["options"][0]["label"] = 'says "have a nice day"'
    card = parse_scorecard(as_yaml(content), source="c")
    told = asked_text([card.criterion("b1")])
    assert told.splitlines()[1] == (
        "yes when ‹for example: have a nice day› is said. no for ‹for example: get lost›."
    )
    assert told.count("have a nice day") == told.count("‹for example: have a nice day›") == 4


def test_the_prompt_says_what_the_marks_mean() -> None:
    (line,) = [line for line in SHIPPED_WORDING.text("audit").splitlines() if "‹…›" in line]
    assert "example" in line and "never a quote" in line
