"""A database of before gets the tables of review, and the audits that it has can be reviewed."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import AuditRow, ReviewItemRow, ScorecardRow
from include.review.answering import Given, Verdict, answer, finish
from include.review.filling import fill
from include.review.items import list_queue
from include.review.people import Actor
from include.review.queue import take
from include.review.rules import ReviewRules
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard

pytestmark = pytest.mark.long

BEFORE = "0012"
RUN = "demo-2026-11-16-083428"


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


def test_no_audit_of_before_has_been_considered_and_each_can_be(url: str) -> None:
    upgrade(url)
    database = Database(url)
    with database.writing() as connection:
        # The rows of before were stored without its text.
        text = load_scorecard(SHIPPED_SCORECARD).model_dump(mode="json")
        connection.execute(update(ScorecardRow).values(scorecard=text))
        query = select(func.count()).where(AuditRow.considered_at.is_(None), AuditRow.superseded_at.is_(None))
        query = query.where(AuditRow.batch_id == RUN)
        audits = connection.execute(query).scalar_one()
    everybody = {"calls_per_agent_and_week": 100, "days_per_week": 1, "due_days": 1}
    rules = ReviewRules.model_validate({"random": everybody})

    found = database.write(lambda c: fill(c, RUN, rules))

    assert audits and found.considered == audits
    items = database.read(lambda c: list_queue(c, Actor("ana")))
    assert len(items) == audits
    item = database.write(lambda c: take(c, Actor("ana"), items[0].item_id))
    for name in item.questions:
        said = Given(name, Verdict.CONFIRM)
        database.write(lambda c, said=said: answer(c, Actor("ana"), item.item_id, said))
    done = database.write(lambda c: finish(c, Actor("ana"), item.item_id))
    assert done.after.reviewed and not done.changed
    with database.reading() as connection:
        ended = select(func.count()).where(ReviewItemRow.state == "done")
        assert connection.execute(ended).scalar_one() == 1
    database.close()
