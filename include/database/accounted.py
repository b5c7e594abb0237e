"""The calls that a batch accounts for, or of a day, read without going through those of all other batches.

A call's id begins with its day, so that those of a batch lie together: told between which ids they are,
PostgreSQL reads these. Without that it takes a day's 10,000 calls for so many that it reads all that there
ever were, as long as they are not a few hundred times as many.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import aliased

from include.database.models import BatchCallRow, CallRow

# Made once: of a statement, they took SQLAlchemy longest to put together.
_MINE, _OF_DAY = aliased(BatchCallRow), aliased(CallRow)
_IDS_OF_BATCH = [select(end(_MINE.call_id)) for end in (func.min, func.max)]
_IDS_OF_DAY = [select(end(_OF_DAY.call_id)) for end in (func.min, func.max)]


def accounted_for(batch_id: str) -> ColumnElement[bool]:
    """Whether a call and its row in `batch_calls`, which it is joined with, are a batch's."""
    return and_(BatchCallRow.batch_id == batch_id, lies_among_those_of(batch_id))


def lies_among_those_of(batch_id: str, call_id: Any = CallRow.call_id) -> ColumnElement[bool]:
    """Whether a call's id is between the first and the last one of a batch; a call of another may be, too."""
    return _between_ends(call_id, _IDS_OF_BATCH, _MINE.batch_id == batch_id)


def lies_among_those_of_day(day: date, call_id: Any) -> ColumnElement[bool]:
    """Whether a call's id is between the first and the last one of a day's calls."""
    return _between_ends(call_id, _IDS_OF_DAY, _OF_DAY.day == day)


def _between_ends(
    call_id: Any, ends: Sequence[Select[Any]], which: ColumnElement[bool]
) -> ColumnElement[bool]:
    first, last = (end.where(which).scalar_subquery() for end in ends)
    return call_id.between(first, last)  # type: ignore[no-any-return]
