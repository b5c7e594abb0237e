"""The interval holds the truth as often as it says, whatever machine and sample; little known is told so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.review.estimates import Labelled, answers_for, estimate
from tests.unit.review.simulation import Scene, coverage

pytestmark = pytest.mark.long

# Few enough to be quick; the table of docs/certified-day.md has more.
SCENES = [
    Scene(),
    Scene(unsure=0.05, by_agent=True),
    Scene(right_on_met=0.6, right_on_missed=0.4),
]


@pytest.mark.parametrize("scene", SCENES)
def test_of_1000_days_the_interval_holds_the_truth_in_93_to_97_percent(scene: Scene) -> None:
    found = coverage(scene)
    assert found.told == 1000
    assert 0.93 <= found.held <= 0.97


def test_a_good_machine_makes_it_a_third_narrower_and_a_blind_one_costs_nothing() -> None:
    good, blind = coverage(SCENES[0], days=50), coverage(SCENES[2], days=50)
    assert good.width < 0.7 * good.plain_width
    assert blind.width == pytest.approx(blind.plain_width, rel=0.05)


def sample(**counts: int) -> list[Labelled]:
    """`yes_met=40`: so many calls that the machine answered with yes, and a person found met."""
    found = []
    for name, number in counts.items():
        predicted, _, truth = name.partition("_")
        found += [Labelled(predicted, {"met": True, "missed": False, "na": None}[truth], 0.05)] * number
    return found


def test_people_correct_the_machine() -> None:
    found = estimate(
        {"yes": 800, "no": 200},
        0.8,
        sample(yes_met=30, yes_missed=10, no_missed=10),
        least=20,
        always_applies=True,
    )
    assert found.rate == pytest.approx(0.8 * 0.75)
    assert found.machine_rate == 0.8
    assert found.interval and found.interval.low < 0.6 < found.interval.high < 0.75


def test_no_error_found_does_not_prove_that_there_is_none() -> None:
    found = estimate({"yes": 1000}, 1.0, sample(yes_met=40), least=20, always_applies=True)
    assert found.rate == 1.0
    assert found.interval and found.interval.high == 1.0
    assert 0.9 < found.interval.low < 0.96


def test_when_all_calls_are_answered_nothing_is_unknown() -> None:
    labelled = [Labelled("yes", True, 1.0)] * 30 + [Labelled("no", False, 1.0)] * 10
    found = estimate({"yes": 30, "no": 10}, 0.75, labelled, least=20, always_applies=True)
    assert found.interval
    assert (found.rate, found.interval.low) == (0.75, pytest.approx(0.75, abs=0.01))
    assert found.interval.high == pytest.approx(0.75, abs=0.01)


def test_what_nobody_has_looked_at_may_be_anything() -> None:
    looked_at = estimate({"yes": 900}, 1.0, sample(yes_met=40), least=20, always_applies=True)
    unseen = estimate({"yes": 900, "no": 100}, 0.9, sample(yes_met=40), least=20, always_applies=True)
    assert looked_at.interval and unseen.interval
    assert unseen.interval.low < 0.9 < looked_at.interval.low
    assert unseen.interval.high > 0.99


def test_too_few_answers_are_unknown() -> None:
    found = estimate({"yes": 1000}, 1.0, sample(yes_met=19), least=20, always_applies=True)
    assert (found.rate, found.interval, found.machine_rate) == (None, None, 1.0)
    assert found.unknown == "too few: 19 of 20 calls of the random sample have been answered blind"


def test_calls_that_it_does_not_apply_to_are_no_part_of_the_rate() -> None:
    labelled = sample(yes_met=20, yes_na=5, NA_na=20, no_missed=5)
    found = estimate({"yes": 500, "NA": 400, "no": 100}, None, labelled, least=20, always_applies=False)
    assert found.rate == pytest.approx(400 / 500)
    nowhere = estimate({"NA": 100}, None, sample(NA_na=30), least=20, always_applies=False)
    assert nowhere.rate is None
    assert "applies to none" in nowhere.unknown


def test_calls_that_were_likelier_to_be_drawn_count_less() -> None:
    often, seldom = [Labelled("yes", False, 0.8)] * 40, [Labelled("yes", True, 0.1)] * 20
    found = estimate({"yes": 250}, 1.0, often + seldom, least=20, always_applies=True)
    assert found.rate == pytest.approx(200 / 250)


def test_a_wide_interval_tells_how_many_answers_it_wants() -> None:
    found = estimate(
        {"yes": 900, "no": 100},
        0.9,
        sample(yes_met=20, yes_missed=10, no_missed=10),
        least=20,
        always_applies=True,
    )
    assert answers_for(found, 0.1) > 100
    assert answers_for(found, 1.0) == 0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["yes", "no", "NA"]), st.sampled_from([True, False, None])),
        min_size=20,
        max_size=60,
    )
)
def test_a_rate_is_a_share_within_its_interval(said: list[tuple[str, bool | None]]) -> None:
    labelled = [Labelled(predicted, met, 0.2) for predicted, met in said]
    found = estimate({"yes": 300, "no": 60, "NA": 100}, None, labelled, least=20, always_applies=False)
    if found.rate is not None:
        assert found.interval
        assert 0 <= found.interval.low <= found.rate <= found.interval.high <= 1
