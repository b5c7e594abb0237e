"""cofi's part of a run's note: which day, and where its calls ended. What people write there is theirs.

It is what stands in brackets, `[cofi: 2026-11-16 · 1,240 found: 1,201 audited, 39 failed]`; a note holds one.
"""

import re
from dataclasses import asdict
from datetime import date

from sqlalchemy import Connection, select

from include.calls.ledger import Ledger
from include.database import owed
from include.database.batches import ledger_of
from include.database.models import BatchRow
from include.delivery.wording import count

# Of a note, in characters: Airflow keeps no more.
LONGEST = 1_000
_LONGEST_REASON = 300
_OWN = re.compile(r"\[cofi: [^\[\]]*\]")


def begun(day: date, last_day: date | None = None) -> str:
    """Cofi's part of the note of a run that begins."""
    return _own(_days(day, last_day), "under way")


def ended(connection: Connection, batch_id: str) -> str | None:
    """Cofi's part of the note of a run that has ended; None when nothing is known of the run."""
    run = owed.run_of(connection, batch_id)
    columns = (BatchRow.day, BatchRow.last_day)
    batch = connection.execute(select(*columns).where(BatchRow.batch_id == batch_id)).one_or_none()
    if run is None and batch is None:
        return None
    parts = [_days(*batch), _sum(ledger_of(connection, batch_id))] if batch else []
    if run and run.failed:
        parts.append(f"failed: {_shortened(run.reason or 'see its report')}")
    elif run and run.closed_at is None:
        # Nobody renews a note: it has to be true after they are closed, too.
        parts.append(
            f"its books were open at its end: {_shortened(run.trouble or 'close_runs closes them')}; "
            "see its report"
        )
    return _own(*parts)


def written(note: str | None, own: str) -> str | None:
    """A note with this part of cofi's in the place of an earlier one, or behind what people wrote.

    Returns:
        The note; None where there is no room beside what people wrote.
    """
    before = note or ""
    if _OWN.search(before):
        after = _OWN.sub(lambda _: own, before, count=1)
    else:
        after = f"{before}\n{own}" if before.strip() else own
    return after if len(after) <= LONGEST else None


def _own(*parts: str) -> str:
    text = " · ".join(parts).replace("[", "(").replace("]", ")")
    return f"[cofi: {' '.join(text.split())}]"


def _days(day: date, last_day: date | None) -> str:
    return f"{day} to {last_day}" if last_day else str(day)


def _sum(ledger: Ledger) -> str:
    states = ", ".join(f"{count(calls)} {state}" for state, calls in asdict(ledger).items() if calls)
    return f"{count(ledger.discovered)} found{': ' if states else ''}{states}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1].rstrip()}…"
