"""How far a batch is: one line that changes while the calls move through the stages."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from include.calls.call import CallState
from include.calls.stage import STAGES
from include.database.models import BatchCallRow, CallRow, StageResultRow


@dataclass(frozen=True)
class Progress:
    """Counts of a batch's calls.

    Attributes:
        done: Calls with a current result, by stage.
        open: Calls without a final state.
    """

    found: int
    done: dict[str, int]
    open: int
    audited: int

    def __str__(self) -> str:
        """For example `14 calls: distribute 12, denoise 10, …; 3 audited, 11 open`."""
        stages = ", ".join(f"{stage} {count}" for stage, count in self.done.items())
        done = stages or "nothing done yet"
        return f"{self.found} recordings: {done}; {self.audited} audited, {self.open} open"


def progress_of(connection: Connection, batch_id: str) -> Progress:
    """Counts a batch."""
    calls = select(CallRow.state, func.count()).join(BatchCallRow).where(BatchCallRow.batch_id == batch_id)
    states = dict(connection.execute(calls.group_by(CallRow.state)).all())
    results = (
        select(StageResultRow.stage, func.count())
        .join(BatchCallRow, BatchCallRow.call_id == StageResultRow.call_id)
        .where(BatchCallRow.batch_id == batch_id, StageResultRow.superseded_at.is_(None))
        .group_by(StageResultRow.stage)
    )
    done = dict(connection.execute(results).all())
    return Progress(
        found=sum(states.values()),
        done={stage.value: done[stage] for stage in STAGES if stage in done},
        open=states.get(CallState.PENDING, 0),
        audited=states.get(CallState.AUDITED, 0),
    )
