"""Whatever comes between two statements of whatever else: what people said and decided stands."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from include.calls.call import CallState, call_id_for
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.models import (
    BatchCallRow,
    BatchRow,
    CalibrationSessionRow,
    CallRow,
    DisputeRow,
    OutboxRow,
    ReviewAnswerRow,
    ReviewedAnswerRow,
    ReviewedScoreRow,
    ReviewEventRow,
    ReviewItemRow,
)
from include.database.outcomes import save
from include.database.work import BatchKind, StageJob
from include.errors import InvalidInput, NotForYou, TooLate
from include.llm.rows import audit_rows
from include.review import calibrating, disputing, picking, queue
from include.review.answering import Given, Verdict, answer, finish
from include.review.calibrating import Plan
from include.review.disputing import Claim
from include.review.filling import fill
from include.review.items import ItemState
from include.review.people import Actor
from include.review.placing import item_id_of
from include.review.rules import DisputeRule
from tests.unit.database.interleaving import Operation
from tests.unit.database.schedules import Search
from tests.unit.database.seeding import success
from tests.unit.review.seeding import ALL_YES, ANA, BEN, CAT, DAY, NOW, RISKS, ReviewDay, assessed, card

pytestmark = pytest.mark.long

LEE = Actor("lee", frozenset({"Lee"}))
DAN, EVE, FAY = Actor("dan"), Actor("eve"), Actor("fay")
MOST_DISPUTES = 3
RULE = DisputeRule(raise_days=14, decide_days=7, most_per_agent_and_30_days=MOST_DISPUTES)
# Who has taken an item has gone home by then.
LATER = NOW + timedelta(hours=5)
FAILED = ALL_YES | {"verified": "no"}
TAKEN, REVIEWED, FREE, COMPARED = (
    call_id_for(DAY, f"{name}.wav") for name in ("taken", "reviewed", "free", "compared")
)
AFTER = {
    "take": ItemState.TAKEN,
    "release": ItemState.OPEN,
    "reopen": ItemState.OPEN,
    "finish": ItemState.DONE,
    "skip": ItemState.SKIPPED,
}


@pytest.fixture(scope="module")
def search(database_of_module: Database) -> Iterator[Search]:
    day = ReviewDay(database_of_module)
    make(day)
    ids = {row["call_id"]: row["dispute_id"] for row in day.rows(DisputeRow)}
    [session] = day.rows(CalibrationSessionRow)
    searched = Search(database_of_module, operations(ids, session["session_id"]), check)
    yield searched
    searched.close()


def make(day: ReviewDay) -> None:
    """Ana has answered a call and not ended it; another was audited anew since; Lee disputes both."""
    day.batch()
    day.batch("run-2")
    for name in ("taken", "reviewed", "free", "compared"):
        day.audited(f"{name}.wav", FAILED)
    day.fill(RISKS)
    for call_id in (REVIEWED, TAKEN):
        item_id = day.write(queue.take, ANA, item_id_of(call_id), NOW).item_id
        day.write(answer, ANA, item_id, Given("verified", Verdict.CONFIRM), NOW)
    day.write(finish, ANA, item_id_of(REVIEWED), NOW)
    day.audit(REVIEWED, FAILED, batch_id="run-2")
    day.insert(BatchCallRow, batch_id="run-2", call_id=REVIEWED)
    for call_id in (REVIEWED, TAKEN):
        day.write(disputing.dispute, LEE, call_id, Claim("care", "no", "hear it"), rule=RULE, now=NOW)
    begin_rescore(day)
    compare(day)


def begin_rescore(day: ReviewDay) -> None:
    """A rescore is at work on the call that Ana has taken."""
    row = {"batch_id": "rescore", "kind": BatchKind.RESCORE, "day": DAY, "location": "", "params": {}}
    day.insert(BatchRow, **row, opened_at=NOW)
    again = {"state": CallState.PENDING, "redo_from": Stage.LLM1, "shard": 0, "host": "llm"}
    day.insert(BatchCallRow, batch_id="rescore", call_id=TAKEN, **again)
    claim = update(CallRow).where(CallRow.call_id == TAKEN).values(claimed_by="rescore")
    day.write(lambda connection: connection.execute(claim))


def compare(day: ReviewDay) -> None:
    """A calibration session in which all have answered, and all but one have submitted."""
    people = (DAN, EVE, FAY)
    plan = Plan("care", tuple(one.user for one in people), calls=(COMPARED,), questions=("care",))
    session_id = day.write(calibrating.open_session, DAN, plan, NOW).session_id
    for one in people:
        day.write(calibrating.answer_session, one, session_id, COMPARED, {"care": "yes"}, now=NOW)
    for one in (DAN, EVE):
        day.write(calibrating.submit, one, session_id, NOW)


def does(work: Callable[..., Any], *arguments: Any, **named: Any) -> Operation:
    """Somebody does something, or is told that it cannot be done any more."""

    def operation(database: Database) -> None:
        with suppress(InvalidInput, NotForYou, TooLate):
            database.write(lambda connection: work(connection, *arguments, **named))

    return operation


def rescored() -> Operation:
    """The LLM has answered anew, and finds the call in order."""
    rows = audit_rows(card(), assessed(card(), TAKEN, ALL_YES), "rescore", "j" * 64)
    job = StageJob("rescore", 0, "llm", Stage.LLM2, kind=BatchKind.RESCORE)
    outcome = success(TAKEN, state=CallState.AUDITED, rows=rows)
    return lambda database: database.write(lambda connection: save(connection, job, [outcome]))


def operations(disputes: Mapping[str, str], session_id: str) -> Mapping[str, Operation]:
    taken, free = item_id_of(TAKEN), item_id_of(FREE)

    def disputed(call_id: str, criterion_id: str) -> Operation:
        claim = Claim(criterion_id, "CANNOT_DETERMINE", "hear it")
        return does(disputing.dispute, LEE, call_id, claim, rule=RULE, now=NOW)

    def decided(call_id: str) -> Operation:
        return does(disputing.decide, BEN, disputes[call_id], answer="no", why="heard it", now=NOW)

    return {
        "Ana ends it": does(finish, ANA, taken, NOW),
        "Ana gives it back": does(queue.release, ANA, taken, NOW),
        "Ana skips it": does(queue.skip, ANA, taken, "no sound", NOW),
        "Cat takes what Ana left": does(queue.take, CAT, taken, LATER),
        "Cat takes the next": does(queue.take_next, CAT, now=LATER),
        "Cat picks it": does(picking.pick, CAT, TAKEN, LATER),
        "Dan picks what was reviewed": does(picking.pick, DAN, REVIEWED, LATER),
        "Eve picks what was reviewed": does(picking.pick, EVE, REVIEWED, LATER),
        "Ana is given the free one": does(queue.assign, BEN, [free, taken], ANA, NOW),
        "Lee disputes one": disputed(FREE, "care"),
        "Lee disputes another": disputed(TAKEN, "complaint"),
        "Ben decides of it": decided(TAKEN),
        "Ben decides of what was audited anew": decided(REVIEWED),
        "Lee withdraws": does(disputing.withdraw, LEE, disputes[TAKEN], NOW),
        "it is audited anew": rescored(),
        "the queue is filled": does(fill, "run-2", RISKS, NOW),
        "Fay answers": does(calibrating.answer_session, FAY, session_id, COMPARED, {"care": "no"}, now=LATER),
        "Fay submits": does(calibrating.submit, FAY, session_id, NOW),
        "the session is closed": does(calibrating.close_session, DAN, session_id, NOW),
        "the session is called off": does(calibrating.withdraw_session, DAN, session_id, NOW),
    }


def check(connection: Connection, told: str) -> None:
    """Items are where the last person has put them; what was said, and decided, stands."""
    last = {row.subject: row.action for row in connection.execute(_EVENTS)}
    for item in connection.execute(select(ReviewItemRow.__table__)):
        what = told, item.call_id, item.state, last.get(item.item_id)
        if item.call_id != REVIEWED:  # that may be asked anew
            assert item.state == AFTER.get(last.get(item.item_id, ""), ItemState.OPEN), what
        assert item.state != ItemState.TAKEN or item.assigned_to in (None, item.taken_by), what
    stands = {tuple(row) for row in connection.execute(_STANDS)}
    for call_id, criterion_id in connection.execute(_DECIDED):
        assert (call_id, criterion_id, "dispute") in stands, (told, call_id, stands)
    if last[item_id_of(TAKEN)] == "finish":
        assert (TAKEN, "verified", "review") in stands, (told, stands)
    assert (REVIEWED, "verified", "review") in stands, (told, stands)
    for call_id, answered, found in connection.execute(_COUNTED):
        assert answered == found, (told, call_id, answered, found)
    assert set(connection.execute(_ENDED).scalars()) == {1}, (told, "a review ended twice")
    assert connection.execute(_DISPUTES).scalar_one() <= MOST_DISPUTES, (told, "too many disputes")
    for closed_at, withdrawn_at in connection.execute(_SESSIONS):
        assert None in (closed_at, withdrawn_at), (told, "a session that was called off is closed")


_newest = select(func.max(ReviewEventRow.id)).where(ReviewEventRow.action.in_(AFTER))
_EVENTS = select(ReviewEventRow.subject, ReviewEventRow.action)
_EVENTS = _EVENTS.where(ReviewEventRow.id.in_(_newest.group_by(ReviewEventRow.subject)))
_given = ReviewAnswerRow.call_id, ReviewAnswerRow.criterion_id, ReviewAnswerRow.kind
_STANDS = select(*_given).join(ReviewedAnswerRow, ReviewedAnswerRow.given == ReviewAnswerRow.id)
_DECIDED = select(DisputeRow.call_id, DisputeRow.criterion_id).where(DisputeRow.decided_at.is_not(None))
_found = select(func.count()).where(
    ReviewedAnswerRow.audit_id == ReviewedScoreRow.audit_id, ReviewedAnswerRow.given.is_not(None)
)
_COUNTED = select(ReviewedScoreRow.call_id, ReviewedScoreRow.answered, _found.scalar_subquery())
_ENDED = select(func.count()).where(OutboxRow.event_type == "review.completed").group_by(OutboxRow.call_id)
_DISPUTES = select(func.count()).where(DisputeRow.raised_by == LEE.user, DisputeRow.state != "withdrawn")
_SESSIONS = select(CalibrationSessionRow.closed_at, CalibrationSessionRow.withdrawn_at)

# What is done to another call, or session, waits for nothing and changes nothing of it.
OF_ONE_CALL = (
    "Ana ends it",
    "Ana gives it back",
    "Ana skips it",
    "Cat takes what Ana left",
    "Cat takes the next",
    "Cat picks it",
    "Ana is given the free one",
    "Ben decides of it",
    "it is audited anew",
)
OF_WHAT_WAS_REVIEWED = (
    "Dan picks what was reviewed",
    "Eve picks what was reviewed",
    "Ben decides of what was audited anew",
    "the queue is filled",
)
OF_DISPUTES = ("Lee disputes one", "Lee disputes another", "Lee withdraws", "Ben decides of it")
OF_SESSIONS = ("Fay answers", "Fay submits", "the session is closed", "the session is called off")
TOGETHER = (OF_ONE_CALL, OF_WHAT_WAS_REVIEWED, OF_DISPUTES, OF_SESSIONS)


@pytest.mark.parametrize(("first", "others"), [(first, others) for others in TOGETHER for first in others])
def test_whatever_comes_between_two_statements_what_people_said_stands(
    search: Search, first: str, others: Sequence[str]
) -> None:
    assert search.meet_all(first, others) > 1
