"""What runs owe: books to be closed, a report to be written, files to be deleted from hosts.

A run has a row here from before its batch is opened. The row needs nothing of Airflow: whoever marks, clears
or deletes the run there, what is still owed is found here, and done by the next look (the DAG `close_runs`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from include.card_data.masking import masked_text
from include.database.engine import upsert
from include.database.models import RunRow
from include.database.refused import clean_text

# Characters that are kept of a reason.
_LONGEST = 4_000
# A run that begins, or is planned, again owes all of it again.
_OWES_ALL: dict[str, Any] = dict.fromkeys(
    ("trouble", "closed_at", "failed", "reason", "reported_at", "cleaned_at", "shown_as")
)


@dataclass(frozen=True)
class Run:
    """A run and what it owes.

    Attributes:
        day: None, like `location`, when it never came to know them.
        began_at: When it was opened last.
        planned_at: When its shards were planned; None before, and when that failed.
        trouble: What its first tasks failed of, as "task: message".
        closed_at: When its books were closed; None while they are open.
        failed: How it ended by its books.
        reason: Why it failed.
        reported_at: When the report of that end was written.
        cleaned_at: When nothing of it was left on hosts, or nobody tries any more.
        shown_as: The state that Airflow shows, where it is another than that of the books.
    """

    batch_id: str
    day: date | None
    location: str | None
    began_at: datetime
    planned_at: datetime | None = None
    trouble: str | None = None
    closed_at: datetime | None = None
    failed: bool | None = None
    reason: str | None = None
    reported_at: datetime | None = None
    cleaned_at: datetime | None = None
    shown_as: str | None = None


def begin(
    connection: Connection, batch_id: str, day: date | None = None, location: str | None = None
) -> None:
    """Opens the books of a run that begins, or begins again."""
    row = {"batch_id": batch_id, "day": day, "location": location, "began_at": datetime.now(UTC)}
    upsert(connection, RunRow, [{**row, "planned_at": None, **_OWES_ALL}], ["batch_id"])


def reopen(connection: Connection, batch_id: str, *, planned: bool) -> None:
    """Opens the books again of a run that looks for its calls anew, or plans them anew."""
    now = datetime.now(UTC)
    values = {"planned_at": now if planned else None, **_OWES_ALL}
    row = {"batch_id": batch_id, "began_at": now, **values}
    upsert(connection, RunRow, [row], ["batch_id"], update=list(values))


def stopped(connection: Connection, batch_id: str, trouble: str) -> None:
    """Keeps what a task failed of without which the run cannot go on."""
    row = {"batch_id": batch_id, "began_at": datetime.now(UTC), "trouble": _fit(trouble)}
    upsert(connection, RunRow, [row], ["batch_id"], update=["trouble"])


def close(connection: Connection, batch_id: str, reason: str | None) -> None:
    """Closes the books; the report of this end is owed then, and that hosts are cleaned after it.

    Args:
        connection: In a transaction.
        batch_id: Which run.
        reason: Why the run failed; None when it did not.
    """
    now = datetime.now(UTC)
    values = {
        "closed_at": now,
        "failed": reason is not None,
        "reason": reason and _fit(reason),
        "reported_at": None,
        "cleaned_at": None,
        "shown_as": None,
    }
    row = {"batch_id": batch_id, "began_at": now, **values}
    upsert(connection, RunRow, [row], ["batch_id"], update=list(values))


def reported(connection: Connection, batch_id: str) -> None:
    """The report has been written."""
    _set(connection, batch_id, reported_at=datetime.now(UTC))


def cleaned(connection: Connection, batch_id: str) -> None:
    """Hosts hold nothing of the run any more, or nobody tries any more."""
    _set(connection, batch_id, cleaned_at=datetime.now(UTC))


def note_airflow_state(connection: Connection, batch_id: str, state: str | None) -> None:
    """Notes the state that Airflow shows where the books say another, None where they agree again.

    The run owes its report then: it has to say so.
    """
    _set(connection, batch_id, shown_as=state, reported_at=None)


def run_of(connection: Connection, batch_id: str) -> Run | None:
    """A run; None when nobody has heard of it."""
    row = connection.execute(select(RunRow.__table__).where(RunRow.batch_id == batch_id)).mappings().first()
    return Run(**row) if row else None


def owing(connection: Connection) -> Sequence[Run]:
    """Runs that owe something, the first that began first; those that still run are among them."""
    columns = (RunRow.closed_at, RunRow.reported_at, RunRow.cleaned_at)
    return _runs(connection, or_(*(column.is_(None) for column in columns)))


def closed_since(connection: Connection, moment: datetime) -> Sequence[Run]:
    """Runs whose books were closed since then."""
    return _runs(connection, RunRow.closed_at > moment)


def _runs(connection: Connection, which: Any) -> list[Run]:
    query = select(RunRow.__table__).where(which).order_by(RunRow.began_at)
    return [Run(**row) for row in connection.execute(query).mappings()]


def _set(connection: Connection, batch_id: str, **values: Any) -> None:
    connection.execute(update(RunRow).where(RunRow.batch_id == batch_id).values(values))


def _fit(text: str) -> str:
    """Messages quote what came from outside."""
    return clean_text(masked_text(text[: 2 * _LONGEST])[:_LONGEST])
