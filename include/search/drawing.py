"""Calls by chance, of those that a search finds."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from include.database.models import AuditRow, CallRow
from include.errors import InvalidInput
from include.search.filters import Filters, conditions
from include.search.language import parse
from include.search.matching import text_conditions


@dataclass(frozen=True)
class Drawn:
    """What was drawn: calls that were audited with the same scorecard, and of how many."""

    call_ids: tuple[str, ...]
    of: int


def draw(connection: Connection, filters: Filters, calls: int, *, without: Collection[str] = ()) -> Drawn:
    """Draws audited calls, each with the same chance; of several scorecards, those of the most frequent one.

    Calls `without` are left out.

    Raises:
        InvalidInput: Nothing that is audited is found, or the text cannot be read.
    """
    found = [*conditions(filters), *text_conditions(connection, parse(filters.text))]
    if without:
        found.append(CallRow.call_id.not_in(sorted(without)))
    audits = select(CallRow.call_id, AuditRow.scorecard_sha256)
    audits = audits.join(AuditRow, AuditRow.call_id == CallRow.call_id)
    wanted = audits.where(AuditRow.superseded_at.is_(None), *found).subquery()
    sha = wanted.c.scorecard_sha256
    by_scorecard = select(sha, func.count().label("calls")).group_by(sha)
    most = connection.execute(by_scorecard.order_by(func.count().desc(), sha).limit(1)).one_or_none()
    if most is None:
        raise InvalidInput("The search finds no call that is audited: widen it.")
    chosen = select(wanted.c.call_id).where(sha == most.scorecard_sha256)
    drawn = connection.execute(chosen.order_by(func.random()).limit(calls)).scalars().all()
    return Drawn(tuple(drawn), int(most.calls))
