"""What calls are grouped by."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_

from include.database.models import CallRow, TranscriptRow


class Dimension(StrEnum):
    """How calls are grouped; ALL is one group of all of them."""

    ALL = "all"
    AGENT = "agent"
    TEAM = "team"
    QUEUE = "queue"
    LANGUAGE = "language"


_LANGUAGE = func.coalesce(TranscriptRow.language, CallRow.language)
# What the group is, and what it is called. Of agents of the same name, the id tells them apart.
_GROUPED: dict[Dimension, tuple[Any, Any]] = {
    Dimension.ALL: (literal(""), literal("all calls")),
    Dimension.AGENT: (
        func.coalesce(CallRow.agent_id, CallRow.agent),
        func.coalesce(CallRow.agent, CallRow.agent_id),
    ),
    Dimension.TEAM: (CallRow.team, CallRow.team),
    Dimension.QUEUE: (CallRow.queue, CallRow.queue),
    Dimension.LANGUAGE: (_LANGUAGE, _LANGUAGE),
}


def group_of(dimension: Dimension) -> ColumnElement[str]:
    """The column that calls (outer-joined with their transcripts) are grouped by; None has no group."""
    column: ColumnElement[str] = _GROUPED[dimension][0]
    return column


def in_group(dimension: Dimension, name: str) -> ColumnElement[bool]:
    """Whether a call is of a group. Of an agent's, as indexes know it: of a million calls it finds theirs."""
    if dimension is Dimension.AGENT:
        by_name = and_(CallRow.agent_id.is_(None), CallRow.agent == name)
        return or_(CallRow.agent_id == name, by_name)
    return group_of(dimension) == name


def label_of(dimension: Dimension) -> ColumnElement[str]:
    """What people call the group."""
    column: ColumnElement[str] = _GROUPED[dimension][1]
    return column
