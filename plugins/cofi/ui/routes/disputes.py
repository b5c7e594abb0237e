"""Agents dispute answers about their calls; somebody who had no part in them decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from cofi.settings import Settings
from cofi.ui.access import WRITES, requires
from cofi.ui.asking import AskedDep, Words
from cofi.ui.pages import PRIVATE
from cofi.ui.routes.calls import CallDep
from cofi.ui.routes.review import ActorDep
from include.access.record import Access
from include.access.rights import Right
from include.call_pages.call import CallHead, heads_of
from include.call_pages.questions import questions_of
from include.call_pages.score import Score, score_of
from include.review.disputes import Dispute, list_disputes
from include.review.disputing import Claim, decide, dispute, withdraw
from include.review.people import Actor
from include.review.rules import DisputeRule, load_rules

router = APIRouter(dependencies=[requires(Right.TEXT)])

_DECIDES = requires(Right.DECIDE, Right.OTHERS)
SHOWN = 50


class Objection(BaseModel):
    """What an agent holds right, and why."""

    criterion_id: str = Field(max_length=100)
    held_answer: str = Field(max_length=100)
    why: Words = Field(max_length=4_000)


class Decision(BaseModel):
    """What is right, and why."""

    answer: str = Field(max_length=100)
    why: Words = Field(max_length=4_000)


@router.post("/calls/{call_id}/disputes", dependencies=[WRITES])
def raised(asked: AskedDep, actor: ActorDep, head: CallDep, objection: Objection) -> JSONResponse:
    """Raises a dispute about one's own call."""
    score = asked.read(lambda connection: score_of(connection, head.call_id, {}))
    rule = rule_of(score)
    claim = Claim(**objection.model_dump())
    made = asked.write(lambda connection: dispute(connection, actor, head.call_id, claim, rule=rule))
    return JSONResponse({"dispute_id": made.dispute_id}, headers=PRIVATE)


@router.post("/disputes/{dispute_id}/withdrawal", dependencies=[WRITES])
def withdrawn(asked: AskedDep, actor: ActorDep, dispute_id: str) -> JSONResponse:
    """Takes one's own dispute back."""
    asked.write(lambda connection: withdraw(connection, actor, dispute_id))
    return JSONResponse({"withdrawn": True}, headers=PRIVATE)


@router.get("/disputes", dependencies=[_DECIDES])
def disputes(
    asked: AskedDep,
    actor: ActorDep,
    *,
    after_ended: bool = False,
    after_due: datetime | None = None,
    after_id: str | None = None,
) -> HTMLResponse:
    """What is to be decided, and what was; from behind a dispute on, where one is named."""
    after = (after_ended, after_due, after_id) if after_due is not None and after_id else None
    listed = asked.read(lambda connection: list_disputes(connection, limit=SHOWN + 1, after=after))
    found = [one for one in listed[:SHOWN] if one.call_id not in asked.blind]
    shown = asked.read(lambda connection: shown_disputes(connection, found, actor))
    # The agent's reason may tell what was said.
    asked.record_all({one.call_id for one in found}, Access.TEXT)
    return asked.page(
        "disputes.html",
        tab="disputes",
        disputes=shown,
        following=listed[SHOWN - 1].place if len(listed) > SHOWN else None,
        is_first=after is None,
    )


@router.post("/disputes/{dispute_id}/decision", dependencies=[_DECIDES, WRITES])
def decided(asked: AskedDep, actor: ActorDep, dispute_id: str, decision: Decision) -> JSONResponse:
    """Decides a dispute, for good."""
    fields = decision.model_dump()
    made, score = asked.write(lambda connection: decide(connection, actor, dispute_id, **fields))
    return JSONResponse({"state": made.state, "pct": score.pct}, headers=PRIVATE)


def rule_of(score: Score | None) -> DisputeRule:
    """How answers of a call may be disputed."""
    if score is None:
        return DisputeRule()
    return load_rules(Settings.load().scorecards_folder, score.scorecard_id).disputes


def shown_disputes(connection: Connection, found: Sequence[Dispute], actor: Actor) -> list[dict[str, Any]]:
    """Disputes with their calls and questions, as far as these are known."""
    call_ids = {one.call_id for one in found}
    heads, questions = heads_of(connection, call_ids), questions_of(connection, call_ids)
    return [
        {
            "dispute": one,
            "head": heads.get(one.call_id),
            "question": questions.get(one.call_id, {}).get(one.criterion_id),
            "own": one.call_id in heads and _is_own(heads[one.call_id], actor),
        }
        for one in found
    ]


def _is_own(head: CallHead, actor: Actor) -> bool:
    return actor.speaks_in((head.agent, head.agent_id))
