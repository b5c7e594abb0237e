"""How long uploads and the LLM's answers took in past runs; of GPU hosts, `hosts` knows the speed."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from include.calls.stage import Stage
from include.database.models import BatchRow, StageResultRow


def past_seconds(connection: Connection, stages: Sequence[Stage]) -> dict[Stage, float]:
    """Mean seconds of a call in each stage, in the last batch that did it; without those never done.

    Stored answers, which took no time, do not count.
    """
    means = ((stage, _past_mean_s(connection, stage)) for stage in stages)
    return {stage: mean_s for stage, mean_s in means if mean_s}


def _past_mean_s(connection: Connection, stage: Stage) -> float | None:
    result = StageResultRow
    took_time = (result.stage == stage, result.seconds > 0)
    # Looked for batch by batch, from the last one on: of all results, most are of old ones.
    did = select(result.id).where(result.batch_id == BatchRow.batch_id, *took_time).limit(1)
    last = select(BatchRow.batch_id).where(did.scalar_subquery().is_not(None))
    last = last.order_by(BatchRow.opened_at.desc()).limit(1)
    mean = select(func.avg(result.seconds)).where(*took_time, result.batch_id == last.scalar_subquery())
    mean_s: float | None = connection.execute(mean).scalar_one()
    return mean_s
