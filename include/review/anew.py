"""Reviews of calls that are audited anew in between: an answer to the old audit is none to the new one."""

from sqlalchemy import Connection, select

from include.database.models import ReviewAnswerRow
from include.errors import TooLate
from include.review.items import QueueItem
from include.review.material import Audited


def about_current(call: Audited, audit_id: str | None) -> None:
    """A verdict says nothing without the answer that it is about: another audit may have another one.

    Args:
        call: With its current audit.
        audit_id: The audit that was seen; None where that is the current one for certain.

    Raises:
        TooLate: It is not the current one.
    """
    if audit_id not in (None, call.audit_id):
        raise TooLate(_look_again(call))


def not_answered_before(connection: Connection, item: QueueItem, call: Audited) -> None:
    """Whoever ends a review has answered the current audit.

    Raises:
        TooLate: They have answered one before it since they took the item.
    """
    row = ReviewAnswerRow
    query = select(row.id).where(row.item_id == item.item_id, row.audit_id != call.audit_id)
    query = query.where(row.reviewer == item.taken_by, row.answered_at >= item.taken_at)
    if connection.execute(query.limit(1)).first() is not None:
        raise TooLate(_look_again(call))


def _look_again(call: Audited) -> str:
    return (
        f"Call {call.call_id} has been audited anew since you saw it: look again. The machine may answer "
        "otherwise now, so that your answer to the old audit is not taken for one to the new."
    )
