"""What the demo has for reviewers: a queue of its sample calls, an agent who is a user, and their dispute."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, or_, select

from include.database.models import AuditRow, CallRow, DisputeRow
from include.database.scorecards import scorecard_id_of
from include.review.disputing import Claim, dispute
from include.review.filling import fill
from include.review.items import count_queue
from include.review.material import Audited, audited
from include.review.people import Actor, load_people
from include.review.rules import load_rules
from include.scorecards.assessment import Standing
from include.scorecards.loading import SHIPPED_SCORECARD

AGENTS_FILE = Path(__file__).parent / "agents.csv"
# The user of SimpleAuthManager who is an agent of the sample calls.
AGENT = "kevin"
_WHY = "I asked who I was talking to before I opened the account. Please listen to the beginning again."


@dataclass(frozen=True)
class Seeded:
    """What there is to see: calls that wait, and the dispute; None where the agent lost no point."""

    waiting: int
    dispute_id: str | None


def seed_reviews(connection: Connection, batch_ids: list[str], now: datetime | None = None) -> Seeded:
    """Fills the queue from runs that have ended, and raises the dispute once; a repetition adds nothing.

    Args:
        connection: In a transaction.
        batch_ids: Of the demo's runs.
        now: The moment; None for this one.
    """
    for batch_id in batch_ids:
        if scorecard_id := scorecard_id_of(connection, batch_id):
            fill(connection, batch_id, load_rules(SHIPPED_SCORECARD.parent, scorecard_id), now)
    dispute_id = connection.execute(select(DisputeRow.dispute_id).limit(1)).scalar_one_or_none()
    if dispute_id is None:
        dispute_id = _raise_one(connection, load_people(AGENTS_FILE).actor(AGENT), now)
    return Seeded(count_queue(connection, now).open, dispute_id)


def _raise_one(connection: Connection, actor: Actor, now: datetime | None) -> str | None:
    """The agent objects to what cost them most in the worst of their calls."""
    own = or_(CallRow.agent.in_(actor.agents), CallRow.agent_id.in_(actor.agents))
    query = select(AuditRow.call_id).join(CallRow, CallRow.call_id == AuditRow.call_id)
    query = query.where(own, AuditRow.superseded_at.is_(None), AuditRow.pct < 100)
    worst = connection.execute(query.order_by(AuditRow.pct, AuditRow.call_id).limit(1)).scalar_one_or_none()
    if worst is None:
        return None
    call = audited(connection, worst)
    claim = _claim(call)
    if claim is None:
        return None
    rule = load_rules(SHIPPED_SCORECARD.parent, call.scorecard.id).disputes
    return dispute(connection, actor, worst, claim, rule=rule, now=now).dispute_id


def _claim(call: Audited) -> Claim | None:
    lost = [
        one
        for one in call.machine.values()
        if one.standing is Standing.COUNTED and one.earned < one.potential
    ]
    if not lost:
        return None
    dearest = max(lost, key=lambda one: (one.auto_fail != "none", one.weight, one.criterion_id))
    best = max(call.scorecard.criterion(dearest.criterion_id).options, key=lambda option: option.score)
    return Claim(dearest.criterion_id, best.key, _WHY)
