"""Kappa and AC1: values from the literature and by hand, and what must hold of all of them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.scorecards.coefficients import Pairs, cohens_kappa, gwets_ac1

Table = dict[tuple[str, str], int]

ANSWERS = st.sampled_from(["yes", "no", "partial", "NA"])
PAIRS = st.lists(st.tuples(ANSWERS, ANSWERS), min_size=1, max_size=60)


def pairs_of(table: Table) -> list[tuple[str, str]]:
    return [pair for pair, times in table.items() for _ in range(times)]


def square(a: int, b: int, c: int, d: int) -> list[tuple[str, str]]:
    """A table of two answers: both yes, yes and no, no and yes, both no."""
    return pairs_of({("yes", "yes"): a, ("yes", "no"): b, ("no", "yes"): c, ("no", "no"): d})


@pytest.mark.parametrize(
    ("pairs", "agree", "kappa", "ac1"),
    [
        # K. Gwet, "Kappa statistic is not satisfactory for assessing the extent of agreement between raters"
        # (2002), his example of the paradox: 94 % agree, kappa is below 0.
        (square(118, 5, 2, 0), 0.944, -0.0234, 0.9408),
        # A. R. Feinstein and D. V. Cicchetti, "High agreement but low kappa: I" (1990): 85 % agree in both;
        # kappa 0.70 where the answers are balanced, 0.32 where they are not.
        (square(40, 9, 6, 45), 0.85, 0.70, 0.70075),
        (square(80, 10, 5, 5), 0.85, 0.32, 0.808),
        # No better than chance, by hand.
        (square(25, 25, 25, 25), 0.5, 0.0, 0.0),
    ],
)
def test_values_of_the_literature(
    pairs: list[tuple[str, str]], agree: float, kappa: float, ac1: float
) -> None:
    assert sum(one == other for one, other in pairs) / len(pairs) == pytest.approx(agree)
    assert cohens_kappa(pairs) == pytest.approx(kappa, abs=0.005)
    assert gwets_ac1(pairs) == pytest.approx(ac1, abs=0.0005)


def test_ac1_of_three_answers_by_hand() -> None:
    table = {
        ("a", "a"): 44, ("a", "b"): 7, ("a", "c"): 9,
        ("b", "a"): 5, ("b", "b"): 20, ("b", "c"): 5,
        ("c", "a"): 1, ("c", "b"): 3, ("c", "c"): 6,
    }  # fmt: skip
    pairs = pairs_of(table)
    # Both sides together: a 0.55, b 0.30, c 0.15.
    by_chance = (0.55 * 0.45 + 0.30 * 0.70 + 0.15 * 0.85) / 2
    assert gwets_ac1(pairs) == pytest.approx((0.70 - by_chance) / (1 - by_chance))


@pytest.mark.parametrize("times", [1, 2, 50])
def test_one_answer_alone_tells_nothing(times: int) -> None:
    assert cohens_kappa([("yes", "yes")] * times) is None
    assert gwets_ac1([("yes", "yes")] * times) is None


def test_a_constant_judge_is_no_better_than_chance_and_known() -> None:
    assert cohens_kappa(square(19, 0, 1, 0)) == pytest.approx(0.0)
    assert gwets_ac1(square(19, 0, 1, 0)) == pytest.approx(0.9475, abs=0.0005)


@given(PAIRS)
def test_both_lie_between_minus_one_and_one_and_are_one_for_agreement_alone(
    pairs: list[tuple[str, str]],
) -> None:
    all_agree = all(one == other for one, other in pairs)
    for value in (cohens_kappa(pairs), gwets_ac1(pairs)):
        if value is None:
            assert len({answer for pair in pairs for answer in pair}) == 1
        else:
            assert -1 - 1e-9 <= value <= 1 + 1e-9
            assert (value > 1 - 1e-9) == all_agree


@pytest.mark.long
@given(PAIRS, st.randoms(use_true_random=False), st.permutations(["yes", "no", "partial", "NA"]))
def test_neither_hangs_on_order_sides_or_names(pairs, chance, names) -> None:
    renamed = dict(zip(["yes", "no", "partial", "NA"], names, strict=True))
    other = [(renamed[two], renamed[one]) for one, two in pairs]
    chance.shuffle(other)
    for coefficient in (cohens_kappa, gwets_ac1):
        assert coefficient(other) == pytest.approx(coefficient(pairs))


@pytest.mark.long
@given(st.lists(st.tuples(ANSWERS, ANSWERS, st.integers(0, 4)), min_size=1, max_size=30))
def test_what_counts_several_times_counts_as_if_it_stood_there_so_often(rows) -> None:
    table: Counter[tuple[str, str]] = Counter()
    for one, other, times in rows:
        table[one, other] += times
    repeated = pairs_of(dict(table))
    counted = Pairs([(one, other) for one, other, _ in rows])
    found = counted.coefficients(np.array([[times for *_, times in rows]], dtype=float))
    if not repeated:
        assert np.isnan([found.accuracy[0], found.kappa[0], found.ac1[0]]).all()
        return
    kappa = cohens_kappa(repeated)
    assert (None if np.isnan(found.kappa[0]) else found.kappa[0]) == (kappa and pytest.approx(kappa))
    if {answer for pair in repeated for answer in pair} == set(counted.answers):
        ac1 = gwets_ac1(repeated)
        assert (None if np.isnan(found.ac1[0]) else found.ac1[0]) == (ac1 and pytest.approx(ac1))
