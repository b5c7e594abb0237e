"""Answers of people to the criteria of a call, and the end of a review, from which on they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from sqlalchemy import Connection, insert, select, update

from include.database.models import ReviewAnswerRow, ReviewDrawRow, ReviewItemRow
from include.database.outbox import announce_review
from include.errors import InvalidInput, TooLate
from include.review.anew import about_current, not_answered_before
from include.review.blindness import has_seen, not_blind
from include.review.events import at, record
from include.review.items import ItemState, QueueItem, Sample, item_of
from include.review.material import Audited, audited, newest_of_item, not_own, standing_answers
from include.review.people import Actor
from include.review.queue import held_by
from include.review.settling import OfficialScore, event_values, settle
from include.review.written import kept_text
from include.scorecards.answers import CANNOT_DETERMINE
from include.scorecards.schema import Scorecard

# An answer counts for the sample that needs it most.
_SAMPLES = (Sample.RANDOM, Sample.PASSES, Sample.AUTO_FAIL, Sample.DOUBT, Sample.DISAGREEMENT, Sample.PICKED)


class Kind(StrEnum):
    """Where an answer of a person comes from: a review, or the decision of a dispute."""

    REVIEW = "review"
    DISPUTE = "dispute"


class Verdict(StrEnum):
    """What a person says to the machine's answer."""

    CONFIRM = "confirm"
    OVERRULE = "overrule"
    CANNOT_TELL = "cannot_tell"
    TRANSCRIPT_ERROR = "transcript_error"


class Reason(StrEnum):
    """Why the machine's answer is wrong."""

    NOT_SAID = "not_said"
    SAID_OTHERWISE = "said_otherwise"
    WRONG_SPEAKER = "wrong_speaker"
    OUT_OF_CONTEXT = "out_of_context"
    CRITERION_MISREAD = "criterion_misread"
    DOES_NOT_APPLY = "does_not_apply"
    OTHER = "other"


@dataclass(frozen=True)
class Given:
    """What a person answers to a criterion.

    Attributes:
        verdict: What they say to the machine's answer. None for who has not seen it (blind): the answer is
            compared then.
        answer: An option's key, NA or CANNOT_DETERMINE. Of `OVERRULE`, and where the verdict is None; of
            `TRANSCRIPT_ERROR` where they know it.
        reason: Why they overrule; `OTHER` needs `comment`.
        turn_id: Of `TRANSCRIPT_ERROR`: where, and `right_words` what is really said there.
        seconds: From seeing the question to answering it.
        blind: Whether the machine's answer was hidden until then. It is kept as blind if the item is, and
            they have not seen the machine's answer elsewhere.
        audit_id: The audit whose answers they have before them. None for who reads and answers in one go.
    """

    criterion_id: str
    verdict: Verdict | None = None
    answer: str | None = None
    reason: Reason | None = None
    comment: str = ""
    turn_id: str | None = None
    right_words: str = ""
    seconds: float | None = None
    blind: bool = False
    audit_id: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far the review of an item is.

    Attributes:
        answered: Criteria with an answer, and `open`: those that are asked and have none.
        verdict: That was stored for the answer just given; a blind one is compared only then.
        machine_answer: To the same criterion: it may be shown now.
    """

    item_id: str
    answered: tuple[str, ...]
    open: tuple[str, ...]
    verdict: Verdict
    machine_answer: str


@dataclass(frozen=True)
class Finished:
    """What a review came to: the official score before and after it."""

    item: QueueItem
    before: OfficialScore
    after: OfficialScore
    changed: tuple[str, ...]


def answer(
    connection: Connection, actor: Actor, item_id: str, given: Given, now: datetime | None = None
) -> Progress:
    """Stores an answer, a new row each time; the last one to a criterion holds.

    It stands for the call from `finish` on.

    Raises:
        NotForYou: The actor has not taken the item, is the call's agent, or answers it blind elsewhere.
        TooLate: A dispute has decided this criterion, or the call has been audited anew since they saw it.
        InvalidInput: The answer is none that the criterion can have, or something is missing.
    """
    now = at(now)
    item = held_by(connection, actor, item_id, now)
    # It may have been taken before the session was opened.
    not_blind(connection, actor.user, item.call_id)
    call = audited(connection, item.call_id)
    not_own(actor, call)
    about_current(call, given.audit_id)
    row = _row(call, given)
    stands = standing_answers(connection, call.audit_id).get(given.criterion_id)
    if stands is not None and stands.kind == Kind.DISPUTE:
        raise TooLate(f"A dispute has decided {given.criterion_id} of call {call.call_id}: that is final.")
    row |= {
        "item_id": item_id,
        "kind": Kind.REVIEW,
        "reviewer": actor.user,
        "blind": _is_blind(connection, actor, item, row),
        "sample": _sample(connection, item_id, given.criterion_id),
        "answered_at": now,
    }
    connection.execute(insert(ReviewAnswerRow).values(**row))
    details = {"criterion": given.criterion_id, "verdict": row["verdict"], "answer": row["answer"]}
    record(connection, actor, "answer", item_id, now, call_id=call.call_id, details=details)
    answered = newest_of_item(connection, item_id, call.audit_id)
    return Progress(
        item_id=item_id,
        answered=tuple(answered),
        open=tuple(name for name in item.questions if name not in answered),
        verdict=row["verdict"],
        machine_answer=row["machine_answer"],
    )


def finish(connection: Connection, actor: Actor, item_id: str, now: datetime | None = None) -> Finished:
    """Ends a review: its answers stand for the call, the score follows, and an event is announced.

    Raises:
        NotForYou: The actor has not taken the item, or answers its call blind elsewhere.
        TooLate: The call has been audited anew since it was answered.
        InvalidInput: A criterion that is asked has no answer, or none has.
    """
    now = at(now)
    item = held_by(connection, actor, item_id, now)
    not_blind(connection, actor.user, item.call_id)
    call = audited(connection, item.call_id)
    given = newest_of_item(connection, item_id, call.audit_id)
    left = [name for name in item.questions if name not in given]
    if left or not given:
        not_answered_before(connection, item, call)
        raise InvalidInput(
            f"Not answered yet: {', '.join(left) or 'any criterion'}. Answer, or skip the call."
        )
    cause = {"cause": "review", "by": actor.user, "item_id": item_id}
    before, after = settle(connection, call, list(given.values()), cause, now)
    ended = {"state": ItemState.DONE, "ended_at": now, "ended_by": actor.user}
    connection.execute(update(ReviewItemRow).where(ReviewItemRow.item_id == item_id).values(**ended))
    record(connection, actor, "finish", item_id, now, call_id=call.call_id)
    changed = tuple(name for name, row in given.items() if row.answer != row.machine_answer)
    more = {
        "review": {
            "item_id": item_id,
            "by": actor.user,
            "samples": list(item.samples),
            "answered": len(given),
            "changed": len(changed),
            "seconds": sum(row.seconds or 0 for row in given.values()),
            "reviewed_at": now.isoformat(),
        },
        "official": event_values(after),
        "scorecard_sha256": call.scorecard.sha256,
    }
    announce_review(connection, "review.completed", call.call_id, more, now)
    return Finished(item_of(connection, item_id, now), before, after, changed)


def checked_answer(call: Audited, criterion_id: str, answer: str | None) -> str:
    """An answer that a criterion of the call can have.

    Raises:
        InvalidInput: It cannot have it, or the scorecard has no such criterion.
    """
    if criterion_id not in call.machine:
        raise InvalidInput(f"The scorecard of call {call.call_id} has no criterion {criterion_id}.")
    return possible_answer(call.scorecard, criterion_id, answer)


def possible_answer(scorecard: Scorecard, criterion_id: str, answer: str | None) -> str:
    """An answer that a criterion can have.

    Raises:
        InvalidInput: It cannot.
    """
    possible = scorecard.criterion(criterion_id).possible_answers
    if answer not in possible:
        raise InvalidInput(f"{criterion_id} cannot be answered with {answer}: choose {', '.join(possible)}.")
    return answer


def _row(call: Audited, given: Given) -> dict[str, Any]:
    if given.criterion_id not in call.machine:
        raise InvalidInput(f"The scorecard of call {call.call_id} has no criterion {given.criterion_id}.")
    machine = call.machine[given.criterion_id].answer
    verdict, answer = _said(call, given, machine)
    if given.seconds is not None and not (isfinite(given.seconds) and given.seconds >= 0):
        raise InvalidInput(f"{given.seconds} seconds are no time: send 0 or more, or nothing.")
    return {
        "call_id": call.call_id,
        "audit_id": call.audit_id,
        "criterion_id": given.criterion_id,
        "verdict": verdict,
        "answer": answer,
        "machine_answer": machine,
        "reason_code": given.reason,
        "reason": kept_text(given.comment),
        "turn_id": given.turn_id,
        "right_words": kept_text(given.right_words) or None,
        "blind": given.blind,
        "seconds": given.seconds,
    }


def _is_blind(connection: Connection, actor: Actor, item: QueueItem, row: Mapping[str, Any]) -> bool:
    """What a browser says of it is not enough: rates are certified, and models chosen, by blind answers."""
    seen = (actor.user, row["call_id"], row["audit_id"], row["criterion_id"])
    return bool(row["blind"] and item.blind and not has_seen(connection, *seen))


def _said(call: Audited, given: Given, machine: str) -> tuple[Verdict, str | None]:
    """The verdict, and the answer that the person gives by it."""
    if given.verdict is None:
        answer = checked_answer(call, given.criterion_id, given.answer)
        return _compared(answer, machine), answer
    if given.verdict is Verdict.CONFIRM:
        if given.blind:
            raise InvalidInput("Who has not seen the machine's answer cannot confirm it: send an answer.")
        return Verdict.CONFIRM, machine
    if given.verdict is Verdict.CANNOT_TELL:
        return Verdict.CANNOT_TELL, CANNOT_DETERMINE
    if given.verdict is Verdict.TRANSCRIPT_ERROR:
        if not given.right_words.strip() or not given.turn_id:
            raise InvalidInput("Say which turn the transcript has wrong, and what is really said there.")
        known = given.answer and checked_answer(call, given.criterion_id, given.answer)
        return Verdict.TRANSCRIPT_ERROR, known or None
    if given.reason is None or (given.reason is Reason.OTHER and not given.comment.strip()):
        raise InvalidInput("Say why the answer is overruled: choose a reason; for another one, write it.")
    answer = checked_answer(call, given.criterion_id, given.answer)
    if answer == machine:
        raise InvalidInput(f"{answer} is the machine's own answer: confirm it, or choose another one.")
    return Verdict.OVERRULE, answer


def _compared(answer: str, machine: str) -> Verdict:
    if answer == machine:
        return Verdict.CONFIRM
    return Verdict.CANNOT_TELL if answer == CANNOT_DETERMINE else Verdict.OVERRULE


def _sample(connection: Connection, item_id: str, criterion_id: str) -> Sample:
    query = select(ReviewDrawRow.sample, ReviewDrawRow.questions).where(ReviewDrawRow.item_id == item_id)
    asked: Sequence[str] = [
        sample for sample, questions in connection.execute(query) if criterion_id in questions
    ]
    return next((sample for sample in _SAMPLES if sample in asked), Sample.PICKED)
