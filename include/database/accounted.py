"""The calls that a batch accounts for, or of a day, read without going through those of all other batches.

A call's id begins with its day, so that those of a batch lie together: told between which ids they are,
PostgreSQL reads these. Without that it takes a day's 10,000 calls for so many that it reads all that there
ever were, as long as they are not a few hundred times as many.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from include.database.models import BatchCallRow, CallRow


def accounted_for(batch_id: str) -> ColumnElement[bool]:
    """Whether a call and its row in `batch_calls`, which it is joined with, are a batch's."""
    return and_(BatchCallRow.batch_id == batch_id, lies_among_those_of(batch_id))


def lies_among_those_of(batch_id: str, call_id: Any = CallRow.call_id) -> ColumnElement[bool]:
    """Whether a call's id is between the first and the last one of a batch; a call of another may be, too."""
    mine = aliased(BatchCallRow)
    return _between_ends(call_id, mine.call_id, mine.batch_id == batch_id)


def lies_among_those_of_day(day: date, call_id: Any) -> ColumnElement[bool]:
    """Whether a call's id is between the first and the last one of a day's calls."""
    call = aliased(CallRow)
    return _between_ends(call_id, call.call_id, call.day == day)


def _between_ends(call_id: Any, of_others: Any, which: ColumnElement[bool]) -> ColumnElement[bool]:
    first, last = (select(end(of_others)).where(which).scalar_subquery() for end in (func.min, func.max))
    return call_id.between(first, last)  # type: ignore[no-any-return]
