"""The demo's reviewers find a queue, and one dispute of the agent who is a user; once."""

import pytest
from sqlalchemy import update

from include.database.models import BatchRow
from include.demo.reviews import AGENT, AGENTS_FILE, Seeded, seed_reviews
from include.review.disputes import list_disputes
from include.review.items import list_queue
from include.review.people import Actor, load_people
from tests.unit.review.conftest import database, day, migrated_url, new_url
from tests.unit.review.seeding import ALL_YES, NOW, ReviewDay, card

__all__ = ["database", "day", "migrated_url", "new_url"]


@pytest.mark.long
def test_there_is_a_queue_and_a_dispute(day: ReviewDay) -> None:
    day.batch()
    day.audited("fine.wav", agent="Kevin Marsh")
    worst = day.audited("worst.wav", ALL_YES | {"verified": "no"}, agent="Kevin Marsh")
    day.audited("other.wav", ALL_YES | {"verified": "no"}, agent="Rick Dalton")
    with day.database.writing() as connection:
        connection.execute(update(BatchRow).values(scorecard_sha256=card().sha256))

    first = day.write(seed_reviews, ["run-1"], NOW)

    assert first.waiting >= 2  # both auto-fails, and what chance drew
    (one,) = day.read(list_disputes, now=NOW)
    assert (one.call_id, one.criterion_id, one.held_answer, one.raised_by) == (
        worst,
        "verified",
        "yes",
        AGENT,
    )
    assert day.write(seed_reviews, ["run-1"], NOW) == first
    own = load_people(AGENTS_FILE).actor(AGENT)
    assert all(item.agent == "Rick Dalton" for item in day.read(list_queue, own, now=NOW))
    assert day.read(list_queue, Actor("qa"), now=NOW)


def test_an_agent_who_lost_nothing_disputes_nothing(day: ReviewDay) -> None:
    day.batch()
    day.audited("fine.wav", agent="Kevin Marsh", scorecard=card())
    assert day.write(seed_reviews, ["run-1"], NOW) == Seeded(
        day.write(seed_reviews, ["run-1"], NOW).waiting, None
    )
