"""Calls by chance of what a search finds: all have the same chance, and are judged by the same scorecard."""

from collections import Counter

import pytest

from include.database.engine import Database
from include.errors import InvalidInput
from include.search.drawing import draw
from include.search.filters import Filters
from tests.unit.review.seeding import ReviewDay, card


@pytest.fixture
def day(database: Database) -> ReviewDay:
    made = ReviewDay(database)
    made.batch()
    for n in range(6):
        made.audited(f"{n}.wav")
    for n in range(3):
        made.audited(f"other-{n}.wav", scorecard=card("2"), agent="Mia")
    made.call("not-audited.wav")
    return made


def test_calls_of_the_scorecard_that_most_have(day: ReviewDay) -> None:
    drawn = day.read(draw, Filters(), 50)
    assert (len(set(drawn.call_ids)), drawn.of) == (6, 6)
    of_mia = day.read(draw, Filters(agent="mia"), 2)
    assert (len(of_mia.call_ids), of_mia.of) == (2, 3)


@pytest.mark.long
def test_every_call_has_its_chance(day: ReviewDay) -> None:
    drawn = Counter(one for _ in range(60) for one in day.read(draw, Filters(), 3).call_ids)
    assert len(drawn) == 6
    # 30 of 60 each; 5 standard deviations are 20.
    assert all(10 <= times <= 50 for times in drawn.values())


def test_nothing_found_is_told(day: ReviewDay) -> None:
    with pytest.raises(InvalidInput, match="widen it"):
        day.read(draw, Filters(agent="nobody"), 5)
