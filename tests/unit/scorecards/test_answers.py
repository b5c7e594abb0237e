import pytest

from include.scorecards.answers import GivenAnswer


@pytest.mark.parametrize(("said", "read"), [(0.85, 0.85), (1, 1), (85, 0.85), (1e11, 1), (-0.5, 0)])
def test_a_confidence_out_of_range_is_no_reason_to_pay_for_a_repair(said, read):
    answer = {"evidence": [], "absence": None, "justification": "", "answer": "yes", "confidence": said}
    assert GivenAnswer.model_validate(answer).confidence == read
