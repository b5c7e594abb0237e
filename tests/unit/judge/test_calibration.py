"""Calibration: isotonic regression, bins, and when there are too few answers to tell."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.judge.calibration import ENOUGH_ANSWERS, Stated, calibrate, isotonic
from include.judge.confidence import ConfidenceFloor
from include.scorecards.assessment import AssessedAnswer, Assessment, Standing
from include.scorecards.schema import AnsweredBy, Severity

STATED = st.builds(Stated, st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0]), st.booleans())


def stated(*counts: tuple[float, int, int]) -> list[Stated]:
    """So many right and wrong answers at each confidence."""
    return [
        Stated(confidence, right)
        for confidence, good, bad in counts
        for right in [True] * good + [False] * bad
    ]


def test_violators_are_pooled_as_by_hand() -> None:
    # 0.6: 4 of 5, then 0.7: 2 of 5 and 0.8: 3 of 5 fall below it: 9 of 15 together; 0.9: 9 of 10.
    curve = isotonic(stated((0.6, 4, 1), (0.7, 2, 3), (0.8, 3, 2), (0.9, 9, 1), (0.5, 1, 4)))
    assert curve == ((0.5, 0.2), (0.6, 0.6), (0.7, 0.6), (0.8, 0.6), (0.9, 0.9))


def test_the_textbooks_example_of_isotonic_regression() -> None:
    # 0/1 answers in order of confidence: 0 1 0 1 1 0 1 pool to 0, 1/2, 1/2, 2/3, 2/3, 2/3, 1.
    answers = [False, True, False, True, True, False, True]
    curve = isotonic([Stated(n / 10, right) for n, right in enumerate(answers)])
    assert [share for _, share in curve] == pytest.approx([0, 1 / 2, 1 / 2, 2 / 3, 2 / 3, 2 / 3, 1])


@given(st.lists(STATED, min_size=1, max_size=120))
def test_the_curve_never_falls_and_keeps_the_sum(answers: list[Stated]) -> None:
    curve = isotonic(answers)
    shares = [share for _, share in curve]
    assert [confidence for confidence, _ in curve] == sorted({one.confidence for one in answers})
    assert all(one <= other + 1e-12 for one, other in pairwise(shares))
    assert all(0 <= share <= 1 for share in shares)
    at = dict(curve)
    assert sum(at[one.confidence] for one in answers) == pytest.approx(sum(one.right for one in answers))


@given(st.lists(STATED, min_size=1, max_size=80), st.integers(0, 2**32))
def test_no_other_rising_curve_fits_better(answers: list[Stated], seed: int) -> None:
    curve = dict(isotonic(answers))
    chance = random.Random(seed)
    other = dict(zip(sorted(curve), sorted(chance.random() for _ in curve), strict=True))

    def squares(fit: dict[float, float]) -> float:
        return sum((fit[one.confidence] - one.right) ** 2 for one in answers)

    assert squares(curve) <= squares(other) + 1e-9


def test_a_model_that_is_too_sure_is_told_how_sure_to_be() -> None:
    found = calibrate(stated((0.9, 60, 40), (0.7, 30, 20), (0.5, 10, 40)), "m-1")
    assert (found.model, found.answers, found.right, found.enough) == ("m-1", 200, 100, True)
    assert found.calibrated(0.9) == pytest.approx(0.6)
    assert found.calibrated(0.5) == pytest.approx(0.2)
    assert found.calibrated(0.6) == pytest.approx(0.4), "between what was stated, in proportion"
    assert (found.calibrated(0.0), found.calibrated(1.0)) == (0.2, 0.6), "beyond it, as at its end"
    assert [(one.low, one.answers, one.share) for one in found.bins] == [
        (0.5, 50, 0.2),
        (0.7, 50, 0.6),
        (0.9, 100, 0.6),
    ]
    assert found.error == pytest.approx((0.3 * 50 + 0.1 * 50 + 0.3 * 100) / 200)


def test_a_model_that_knows_itself_has_hardly_an_error() -> None:
    chance = random.Random(5)
    answers = []
    for _ in range(4000):
        confidence = chance.choice([0.55, 0.65, 0.75, 0.85, 0.95])
        answers.append(Stated(confidence, chance.random() < confidence))
    found = calibrate(answers)
    assert found.error is not None and found.error < 0.02
    for confidence in (0.55, 0.75, 0.95):
        assert found.calibrated(confidence) == pytest.approx(confidence, abs=0.03)


@pytest.mark.parametrize("answers", [0, 1, ENOUGH_ANSWERS - 1])
def test_too_few_answers_tell_nothing(answers: int) -> None:
    found = calibrate(stated((0.9, answers, 0)))
    assert (found.answers, found.enough, found.error, found.calibrated(0.9)) == (answers, False, None, None)
    assert calibrate(stated((0.9, ENOUGH_ANSWERS, 0))).enough


@pytest.mark.parametrize(
    ("confidence", "low"),
    [(0.0, 0.0), (0.09, 0.0), (0.1, 0.1), (0.3, 0.3), (0.7, 0.7), (0.99, 0.9), (1.0, 0.9)],
)
def test_bins_hold_their_lower_end_and_the_last_both(confidence: float, low: float) -> None:
    (only,) = calibrate([Stated(confidence, True)]).bins
    assert (only.low, only.high) == (pytest.approx(low), pytest.approx(low + 0.1))


def assessed(criterion_id: str, confidence: float | None, standing: Standing) -> AssessedAnswer:
    return AssessedAnswer(
        criterion_id=criterion_id,
        section_id="a",
        answer="yes",
        answered_by=AnsweredBy.LLM,
        severity=Severity.MINOR,
        confidence=confidence,
        standing=standing,
        weight=0.1,
    )


def assessment(*answers: AssessedAnswer) -> Assessment:
    return Assessment(
        call_id="c1",
        transcript_sha256="t",
        scorecard_id="small",
        scorecard_version="1",
        scorecard_sha256="s",
        answers=list(answers),
        sections=[],
        pct=90,
        band="good",
        passed=True,
        auto_failed=False,
        needs_review=False,
        review_reasons=[],
        not_auditable=None,
    )


class TestFloor:
    JUDGED = assessment(
        assessed("sure", 0.9, Standing.COUNTED),
        assessed("not_sure", 0.5, Standing.COUNTED),
        assessed("does_not_apply", 0.5, Standing.NOT_APPLICABLE),
        assessed("waits_anyway", 0.5, Standing.UNSUPPORTED),
        assessed("by_code", None, Standing.COUNTED),
    )

    def test_the_calibrated_confidence_counts_and_not_the_stated_one(self) -> None:
        found = calibrate(stated((0.9, 40, 10), (0.5, 10, 40)))
        doubts = ConfidenceFloor(0.6, found).doubts(self.JUDGED)
        assert list(doubts) == ["not_sure", "does_not_apply"]
        assert doubts["not_sure"] == (
            "of answers as sure as this one (stated 0.50), 20% are right, asked for: 60%"
        )
        modest = calibrate(stated((0.9, 50, 0), (0.5, 50, 0)))
        assert ConfidenceFloor(0.6, modest).doubts(self.JUDGED) == {}, "stated 0.5, and always right"
        assert set(ConfidenceFloor(0.9, found).doubts(self.JUDGED)) == {"sure", "not_sure", "does_not_apply"}

    def test_with_too_few_answers_nobody_is_sent_for(self) -> None:
        few = calibrate(stated((0.9, 0, ENOUGH_ANSWERS - 1)))
        assert ConfidenceFloor(1.0, few).doubts(self.JUDGED) == {}
