import pytest

from include.scorecards.answers import GivenAnswer, as_key


@pytest.mark.parametrize(("said", "read"), [(0.85, 0.85), (1, 1), (85, 0.85), (1e11, 1), (-0.5, 0)])
def test_a_confidence_out_of_range_is_no_reason_to_pay_for_a_repair(said, read):
    answer = {"evidence": [], "absence": None, "justification": "", "answer": "yes", "confidence": said}
    assert GivenAnswer.model_validate(answer).confidence == read


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Yes", "yes"),
        (" YES ", "yes"),
        ("yes.", "yes"),
        ("Partly", "partly"),
        ("n/a", "NA"),
        ("N.A.", "NA"),
        ("not applicable", "NA"),
        ("cannot determine", "CANNOT_DETERMINE"),
        ("Cannot-Determine", "CANNOT_DETERMINE"),
        ("cannot be determined", "CANNOT_DETERMINE"),
        ("maybe", "maybe"),
        ("yes and no", "yes and no"),
        ("", ""),
    ],
)
def test_an_answer_is_read_as_the_key_that_it_means(said, key):
    assert as_key(said, ["yes", "no", "partly", "NA", "CANNOT_DETERMINE"]) == key


def test_an_answer_that_is_not_allowed_stays_as_it_is():
    assert as_key("n/a", ["yes", "no"]) == "n/a"
    assert as_key("YES", ["Yes", "yes"]) == "YES", "two keys are meant"
    assert as_key("Yes", ["Yes", "yes"]) == "Yes"
