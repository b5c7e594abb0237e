"""An agent objects to the answer to a criterion of their call; somebody who had no part in it decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.database.locking import lock_calls, lock_names
from include.database.models import DisputeRow, ReviewAnswerRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review.answering import Kind, Verdict, checked_answer
from include.review.blindness import not_blind
from include.review.disputes import Dispute, DisputeState, Terms, dispute_of, terms
from include.review.events import at, record
from include.review.material import Audited, audited, standing_answers
from include.review.people import Actor
from include.review.rules import DisputeRule
from include.review.settling import OfficialScore, settle
from include.review.written import kept_text

_SAMPLE = "dispute"


@dataclass(frozen=True)
class Claim:
    """What an agent objects to: the criterion, the answer that they hold right, and why."""

    criterion_id: str
    held_answer: str
    why: str


def dispute(
    connection: Connection,
    actor: Actor,
    call_id: str,
    claim: Claim,
    *,
    rule: DisputeRule,
    now: datetime | None = None,
) -> Dispute:
    """Raises a dispute.

    Args:
        connection: In a transaction.
        actor: The call's agent.
        call_id: Of the call.
        claim: What they object to.
        rule: How they may object.
        now: The moment; None for this one.

    Raises:
        NotForYou: It is not their call, or they answer it blind in a session.
        TooLate: The time has passed, they have raised as many as they may, or it is disputed already.
        InvalidInput: The answer is none, it stands already, or no reason is given.
    """
    now = at(now)
    # They may raise several at once, and so many in all.
    lock_names(connection, [f"disputes of {actor.user}"])
    lock_calls(connection, [call_id])
    call = audited(connection, call_id)
    if not actor.speaks_in(call.agents):
        raise NotForYou(
            f"{actor.user} is not the agent of call {call_id}: only their own calls can be disputed."
        )
    not_blind(connection, actor.user, call_id)
    criterion_id, wanted = claim.criterion_id, claim.held_answer
    if not claim.why.strip():
        raise InvalidInput("Say why: who decides wants to know what to listen for.")
    checked_answer(call, criterion_id, wanted)
    stands = call.standing(_answers(connection, call)).answers
    disputed = next(one for one in stands if one.criterion_id == criterion_id).answer
    if disputed == wanted:
        raise InvalidInput(f"{criterion_id} is answered with {wanted} already: there is nothing to dispute.")
    _in_time(terms(connection, actor, call_id, rule, now), criterion_id, rule, now)
    dispute_id = str(uuid4())
    row = {
        "dispute_id": dispute_id,
        "call_id": call_id,
        "audit_id": call.audit_id,
        "criterion_id": criterion_id,
        "raised_by": actor.user,
        "raised_at": now,
        "disputed_answer": disputed,
        "held_answer": wanted,
        "why": kept_text(claim.why),
        "due_at": now + timedelta(days=rule.decide_days),
        "state": DisputeState.OPEN,
    }
    try:
        connection.execute(insert(DisputeRow).values(**row))
    except IntegrityError as error:
        raise TooLate(f"{criterion_id} of call {call_id} is disputed already.") from error
    details = {"criterion": criterion_id, "held": wanted}
    record(connection, actor, "dispute", dispute_id, now, call_id=call_id, details=details)
    return dispute_of(connection, dispute_id, now)


def decide(
    connection: Connection,
    actor: Actor,
    dispute_id: str,
    *,
    answer: str,
    why: str,
    now: datetime | None = None,
) -> tuple[Dispute, OfficialScore]:
    """Decides a dispute: the answer that stood is kept, the agent's is taken, or a third one is right. Final.

    Raises:
        NotForYou: The actor is the call's agent, raised it, has reviewed the call, or answers it blind.
        TooLate: It is not open any more.
        InvalidInput: The answer is none, or no reason is given.
    """
    now = at(now)
    lock_calls(connection, [dispute_of(connection, dispute_id, now).call_id])
    found = dispute_of(connection, dispute_id, now)
    call = audited(connection, found.call_id)
    if not why.strip():
        raise InvalidInput("Say why: the agent reads it.")
    checked_answer(call, found.criterion_id, answer)
    _impartial(connection, actor, found, call)
    state = DisputeState.THIRD
    if answer in (found.disputed_answer, found.held_answer):
        state = DisputeState.KEPT if answer == found.disputed_answer else DisputeState.TAKEN
    ended = {"state": state, "decided_by": actor.user, "decided_at": now, "answer": answer}
    _end(connection, found, decision=kept_text(why), **ended)
    by = {"reviewer": actor.user, "answer": answer, "reason": kept_text(why), "answered_at": now}
    row = _answer_row(connection, call, found, by)
    cause = {"cause": "dispute", "by": actor.user, "dispute_id": dispute_id}
    _, after = settle(connection, call, [row], cause, now)
    details = {"state": state, "answer": answer}
    record(connection, actor, "decide", dispute_id, now, call_id=call.call_id, details=details)
    return dispute_of(connection, dispute_id, now), after


def withdraw(connection: Connection, actor: Actor, dispute_id: str, now: datetime | None = None) -> Dispute:
    """The agent takes a dispute back.

    Raises:
        NotForYou: Somebody else raised it.
        TooLate: It is not open any more.
    """
    now = at(now)
    found = dispute_of(connection, dispute_id, now)
    if found.raised_by != actor.user:
        raise NotForYou(f"{found.raised_by} raised this dispute: only they take it back.")
    _end(connection, found, state=DisputeState.WITHDRAWN)
    record(connection, actor, "withdraw", dispute_id, now, call_id=found.call_id)
    return dispute_of(connection, dispute_id, now)


def _answers(connection: Connection, call: Audited) -> dict[str, str | None]:
    return {name: row.answer for name, row in standing_answers(connection, call.audit_id).items()}


def _in_time(found: Terms, criterion_id: str, rule: DisputeRule, now: datetime) -> None:
    if now > found.until:
        raise TooLate(f"This could be disputed until {found.until:%-d %B %Y}: {rule.raise_days:g} days.")
    if criterion_id not in found.criteria:
        raise TooLate(f"{criterion_id} of this call has been disputed already.")
    if not found.left:
        raise TooLate(
            f"No more than {rule.most_per_agent_and_30_days} disputes in 30 days: wait, or withdraw one."
        )


def _impartial(connection: Connection, actor: Actor, found: Dispute, call: Audited) -> None:
    """Who raised it, speaks in the call, or has answered its criteria, or is to, does not decide."""
    not_blind(connection, actor.user, call.call_id)
    reviewed = select(ReviewAnswerRow.id).where(
        ReviewAnswerRow.call_id == call.call_id, ReviewAnswerRow.reviewer == actor.user
    )
    if actor.user == found.raised_by or actor.speaks_in(call.agents):
        raise NotForYou("Nobody decides a dispute about their own call.")
    if connection.execute(reviewed.limit(1)).one_or_none() is not None:
        raise NotForYou(f"{actor.user} has reviewed this call: somebody else decides.")


def _end(connection: Connection, found: Dispute, **values: Any) -> None:
    still_open = (DisputeRow.dispute_id == found.dispute_id, DisputeRow.state == DisputeState.OPEN)
    if not connection.execute(update(DisputeRow).where(*still_open).values(**values)).rowcount:
        raise TooLate(f"This dispute is {found.state} already.")


def _answer_row(connection: Connection, call: Audited, found: Dispute, by: Mapping[str, Any]) -> Row[Any]:
    """Stores the decision as an answer of a person, like any other."""
    machine = call.machine[found.criterion_id].answer
    values = {
        "call_id": call.call_id,
        "audit_id": call.audit_id,
        "criterion_id": found.criterion_id,
        "dispute_id": found.dispute_id,
        "kind": Kind.DISPUTE,
        "verdict": Verdict.CONFIRM if by["answer"] == machine else Verdict.OVERRULE,
        "machine_answer": machine,
        "sample": _SAMPLE,
        "blind": False,
        **by,
    }
    made = insert(ReviewAnswerRow).values(**values).returning(ReviewAnswerRow.id)
    kept = select(ReviewAnswerRow.__table__).where(
        ReviewAnswerRow.id == connection.execute(made).scalar_one()
    )
    return connection.execute(kept).one()
