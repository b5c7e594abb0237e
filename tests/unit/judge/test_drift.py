"""Drift of canaries: found when many calls change, not for chance, and unknown with too few."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.judge.drift import ALL, ENOUGH_CALLS, ENOUGH_NIGHTS, compare_nights

DAY = date(2026, 11, 16)
CRITERIA = [f"c{n}" for n in range(12)]
Night = dict[tuple[date, str], dict[str, str]]


def gold(calls: int) -> Night:
    return {(DAY, f"{n:03}.wav"): dict.fromkeys(CRITERIA, "yes" if n % 3 else "no") for n in range(calls)}


def wrong(labels: Night, *, calls: int, criteria: list[str] = CRITERIA) -> Night:
    """The labels as answers, but for the first calls' criteria."""
    spoilt = sorted(labels)[:calls]
    return {
        key: {
            name: {"yes": "no", "no": "yes"}[label] if key in spoilt and name in criteria else label
            for name, label in of_call.items()
        }
        for key, of_call in labels.items()
    }


def by_chance(labels: Night, right: float, chance: random.Random) -> Night:
    return {
        key: {
            name: label if chance.random() < right else {"yes": "no", "no": "yes"}[label]
            for name, label in of_call.items()
        }
        for key, of_call in labels.items()
    }


def test_the_same_answers_are_no_drift() -> None:
    labels = gold(20)
    answers = wrong(labels, calls=5)
    found = compare_nights(labels, answers, [answers] * 4)
    assert [one.criterion for one in found] == [ALL, *sorted(CRITERIA)]
    assert not any(one.drifts for one in found)
    assert (found[0].labels, found[0].share, found[0].before) == (240, 0.75, 0.75)
    assert found[0].interval is not None
    assert (found[0].interval.low, found[0].interval.high) == (0.75, 0.75)


@pytest.mark.parametrize(("before", "tonight"), [(0, 12), (12, 0)])
def test_many_calls_that_change_are_drift_for_worse_or_better(before: int, tonight: int) -> None:
    labels = gold(20)
    found = compare_nights(labels, wrong(labels, calls=tonight), [wrong(labels, calls=before)] * 3)
    assert (found[0].share, found[0].before) == pytest.approx((1 - tonight / 20, 1 - before / 20))
    assert all(one.drifts for one in found)


def test_one_criterion_that_changes_is_named() -> None:
    labels = gold(20)
    found = compare_nights(labels, wrong(labels, calls=15, criteria=["c3"]), [wrong(labels, calls=0)] * 3)
    assert {one.criterion for one in found if one.drifts} == {ALL, "c3"}
    (c3,) = [one for one in found if one.criterion == "c3"]
    assert (c3.before, c3.share, c3.labels) == (1.0, 0.25, 20)


def test_one_call_that_changes_is_no_drift() -> None:
    labels = gold(20)
    found = compare_nights(labels, wrong(labels, calls=1), [wrong(labels, calls=0)] * 3)
    assert found[0].share == pytest.approx(0.95)
    assert not any(one.drifts for one in found)


@pytest.mark.long
def test_a_judge_that_errs_by_chance_alone_seldom_drifts() -> None:
    labels, chance, nights = gold(25), random.Random(3), 100
    all_, some = 0, 0
    for _ in range(nights):
        *before, tonight = (by_chance(labels, 0.9, chance) for _ in range(6))
        found = compare_nights(labels, tonight, before)
        all_ += found[0].drifts
        some += any(one.drifts for one in found[1:])
    assert all_ / nights <= 0.1
    assert some / nights <= 0.1


@pytest.mark.parametrize(
    ("calls", "nights"), [(ENOUGH_CALLS - 1, ENOUGH_NIGHTS), (ENOUGH_CALLS, ENOUGH_NIGHTS - 1), (1, 1)]
)
def test_with_too_few_calls_or_nights_nobody_can_tell(calls: int, nights: int) -> None:
    labels = gold(calls)
    found = compare_nights(labels, wrong(labels, calls=calls), [wrong(labels, calls=0)] * nights)
    assert found and all(one.interval is None and not one.drifts for one in found)
    assert (found[0].share, found[0].before) == (0.0, 1.0), "what changed is told all the same"


def test_enough_is_enough() -> None:
    labels = gold(ENOUGH_CALLS)
    found = compare_nights(labels, wrong(labels, calls=8), [wrong(labels, calls=0)] * ENOUGH_NIGHTS)
    assert found[0].drifts


def test_calls_and_criteria_without_label_or_past_are_left_out() -> None:
    labels = gold(12)
    tonight = {**wrong(labels, calls=0), (DAY, "new.wav"): {"c0": "yes"}}
    tonight[DAY, "000.wav"] = {**tonight[DAY, "000.wav"], "not_labelled": "yes"}
    before = {key: of for key, of in wrong(labels, calls=0).items() if key != (DAY, "001.wav")}
    found = compare_nights({**labels, (DAY, "new.wav"): {"c0": "yes"}}, tonight, [before] * 3)
    assert found[0].labels == 11 * len(CRITERIA)
    assert "not_labelled" not in {one.criterion for one in found}
    assert compare_nights({}, tonight, [before]) == []


def test_the_same_nights_give_the_same_intervals() -> None:
    labels = gold(15)
    chance = random.Random(9)
    nights = [by_chance(labels, 0.8, chance) for _ in range(4)]
    shuffled = dict(reversed(list(nights[0].items())))
    assert compare_nights(labels, nights[0], nights[1:]) == compare_nights(labels, shuffled, nights[1:])


def test_a_drift_that_stays_is_named_again() -> None:
    labels = gold(20)
    good, bad = wrong(labels, calls=0), wrong(labels, calls=12)
    assert compare_nights(labels, bad, [good] * 6 + [bad])[0].drifts
    assert not compare_nights(labels, bad, [bad] * 7)[0].drifts
    assert compare_nights(labels, good, [bad] * 7)[0].drifts, "and so is its end"


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 20), st.integers(0, 2**32))
def test_a_night_like_all_before_it_is_no_drift(spoilt: int, seed: int) -> None:
    labels = gold(20)
    night = by_chance(wrong(labels, calls=spoilt), 0.8, random.Random(seed))
    found = compare_nights(labels, night, [night] * 5)
    assert all(one.interval is not None and not one.drifts for one in found)
    assert [one.share for one in found] == pytest.approx([one.before for one in found])
