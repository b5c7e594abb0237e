"""Intervals of agreement: the same ones again, wide enough, and none where there are too few labels."""

import random
from datetime import date, timedelta

import numpy as np
import pytest

from include.scorecards.agreement import Agreements, Bar, measure
from include.scorecards.bootstrap import drawn, interval_of, least_of_all_right
from include.scorecards.certainty import ENOUGH_CALLS, Labelled, certainty_of
from include.scorecards.schema import Scorecard

pytestmark = pytest.mark.long

DAY = date(2026, 11, 16)


def judged(calls: int, seed: int, right: float, fails: float = 0.3) -> tuple[dict, dict]:
    """Labels and answers of so many calls to the shipped scorecard's criteria, `right` of them right."""
    chance = random.Random(seed)
    labels, answers = {}, {}
    for n in range(calls):
        key = (DAY + timedelta(days=n % 3), f"{n}.wav")
        labels[key] = {c: "no" if chance.random() < fails else "yes" for c in ("no_abuse", "closing")}
        answers[key] = {
            c: label if chance.random() < right else {"yes": "no", "no": "yes"}[label]
            for c, label in labels[key].items()
        }
    return labels, answers


def measured(card: Scorecard, calls: int, *, right: float = 0.9, **how: float) -> Agreements:
    return measure(*judged(calls, 1, right, **how), card)


def test_intervals_hold_the_figures_and_shrink_with_more_calls(shipped: Scorecard) -> None:
    few, many = measured(shipped, 40), measured(shipped, 640)
    for found in (few, many):
        for one in [*found.by_criterion.values(), found.total]:
            sure = one.certainty
            assert sure.accuracy and sure.accuracy.holds(one.accuracy or 0)
            assert sure.kappa and sure.kappa.holds(one.kappa or 0)
            assert sure.ac1 and sure.ac1.holds(one.ac1 or 0)
            assert sure.too_few == ""
    widths = [
        f.total.certainty.kappa.high - f.total.certainty.kappa.low
        for f in (few, many)
        if f.total.certainty.kappa
    ]
    assert widths[1] < widths[0] / 2.5, "sixteen times the calls, a quarter of the width"


def test_the_same_calls_give_the_same_intervals_in_any_order(shipped: Scorecard) -> None:
    labels, answers = judged(30, 3, 0.8)
    again = measure(dict(reversed(labels.items())), dict(reversed(answers.items())), shipped)
    assert measure(labels, answers, shipped) == again
    assert measure(labels, answers, shipped).total.certainty.kappa is not None


@pytest.mark.parametrize("figure", ["accuracy", "kappa", "ac1"])
def test_an_interval_of_95_percent_holds_the_truth_as_often(figure: str) -> None:
    # Two sides whose answers are right with 0.85: accuracy 0.85; with 30 % "no" labels both other figures
    # follow from the shares of a call, by the formulas.
    right, no = 0.85, 0.3
    given_no = no * right + (1 - no) * (1 - right)
    p_kappa = no * given_no + (1 - no) * (1 - given_no)
    mean_no = (no + given_no) / 2
    p_ac1 = 2 * mean_no * (1 - mean_no)
    truth = {
        "accuracy": right,
        "kappa": (right - p_kappa) / (1 - p_kappa),
        "ac1": (right - p_ac1) / (1 - p_ac1),
    }[figure]
    chance, held, tries = random.Random(11), 0, 150
    for _ in range(tries):
        labels = ["no" if chance.random() < no else "yes" for _ in range(80)]
        swapped = {"yes": "no", "no": "yes"}
        pairs = tuple((one, one if chance.random() < right else swapped[one]) for one in labels)
        by_criterion, _ = certainty_of({"c": Labelled(tuple(range(80)), pairs)}, 80)
        found = by_criterion["c"]
        interval = getattr(found, figure)
        assert interval is not None
        held += interval.holds(truth)
    assert 0.88 <= held / tries <= 0.99


def test_calls_are_drawn_whole() -> None:
    # Two criteria that always agree or disagree together are no two observations.
    pairs = tuple(("yes", "yes" if n % 4 else "no") for n in range(40))
    one = Labelled(tuple(range(40)), pairs)
    (_, single), (_, double) = certainty_of({"a": one}, 40), certainty_of({"a": one, "b": one}, 40)
    assert single.accuracy and single.accuracy == double.accuracy


@pytest.mark.parametrize("calls", [1, 7, 500])
def test_each_draw_has_as_many_calls(calls: int) -> None:
    pieces = list(drawn(calls, 300))
    assert sum(len(piece) for piece in pieces) == 300
    assert all((piece.sum(axis=1) == calls).all() for piece in pieces)
    again = list(drawn(calls, 300))
    assert all((one == other).all() for one, other in zip(pieces, again, strict=True))


def test_a_figure_that_is_often_undefined_has_no_interval() -> None:
    values = np.linspace(0, 1, 101)
    assert interval_of(values, 0.9) is not None
    values[:10] = np.nan
    assert interval_of(values) is None
    assert interval_of(np.full(10, np.nan)) is None


class TestTooFew:
    @pytest.mark.parametrize("calls", [1, 2, ENOUGH_CALLS - 1])
    def test_calls(self, shipped: Scorecard, calls: int) -> None:
        found = measured(shipped, calls, fails=0.5)
        for one in [*found.by_criterion.values(), found.total]:
            assert (one.certainty.accuracy, one.certainty.kappa, one.certainty.ac1) == (None, None, None)
            assert one.certainty.too_few == f"too few: {calls} of 20 labelled calls"

    def test_labels_that_are_not_the_usual_one_for_kappa(self, shipped: Scorecard) -> None:
        labels, _ = judged(30, 1, 1.0, fails=0.0)
        answers = {key: dict(of) for key, of in labels.items()}
        for key in list(labels)[:4]:
            labels[key]["closing"] = "no"
        found = measure(labels, answers, shipped).by_criterion["closing"]
        assert (found.kappa, found.certainty.kappa) == (pytest.approx(0.0), None)
        assert found.certainty.too_few == 'too few: 4 of 5 labels other than "yes"'
        assert found.certainty.ac1 and found.certainty.ac1.low > 0.6

    def test_one_answer_alone(self, shipped: Scorecard) -> None:
        found = measured(shipped, 40, right=1.0, fails=0.0)
        for one in [*found.by_criterion.values(), found.total]:
            assert (one.kappa, one.ac1, one.certainty.kappa, one.certainty.ac1) == (None, None, None, None)
            assert one.certainty.too_few
        assert found.by_criterion["closing"].certainty.too_few == 'too few: nothing but "yes"'

    def test_no_labels(self, shipped: Scorecard) -> None:
        total = measure({}, {}, shipped).total
        assert (total.accuracy, total.kappa, total.ac1) == (None, None, None)
        assert total.certainty.too_few == "too few: 0 of 20 labelled calls"


def test_agreement_throughout_is_not_certain(shipped: Scorecard) -> None:
    found = measured(shipped, 40, right=1.0)
    for one in [*found.by_criterion.values(), found.total]:
        assert (one.kappa, one.ac1) == (1.0, 1.0)
        sure = one.certainty
        assert sure.accuracy and (sure.accuracy.low, sure.accuracy.high) == (0.025 ** (1 / 40), 1.0)
        assert sure.kappa and 0.6 < sure.kappa.low < 0.9 and sure.kappa.high == 1.0
        assert sure.ac1 and 0.6 < sure.ac1.low < 0.9


@pytest.mark.parametrize("calls", [5, 23, 100])
def test_the_bound_where_all_are_right_is_that_of_the_binomial(calls: int) -> None:
    least = least_of_all_right(calls)
    assert least**calls == pytest.approx(0.025)


def test_a_refused_promotion_tells_how_sure_its_figures_are(shipped: Scorecard) -> None:
    bar = Bar(calls=0, accuracy=0.99, kappa=0.99, fail_recall=0, auto_fail_recall=0)
    found = measured(shipped, 60)
    accuracy, kappa = bar.missed(found)
    sure, total = found.total.certainty, found.total
    assert sure.accuracy and sure.kappa and sure.ac1
    low, high = sure.accuracy.low, sure.accuracy.high
    assert accuracy == f"accuracy is {total.accuracy:.3f} (95 %: {low:.3f} to {high:.3f}), asked for: 0.99"
    assert f"Cohen's kappa is {total.kappa:.3f} (95 %: {sure.kappa.low:.3f} to" in kappa
    assert f"Gwet's AC1 {total.ac1:.3f} (95 %: {sure.ac1.low:.3f} to" in kappa
    few = bar.missed(measured(shipped, 5, right=0.6))
    assert "(too few: 5 of 20 labelled calls), asked for: 0.99" in few[0]
