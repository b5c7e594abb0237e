"""How long uploads and the LLM's answers took in past runs; of GPU hosts, `hosts` knows the speed."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from include.calls.stage import Stage
from include.database.models import StageResultRow


def past_seconds(connection: Connection, stages: Sequence[Stage]) -> dict[Stage, float]:
    """Mean seconds of a call in each stage, in the last batch that did it; without those never done.

    Stored answers, which took no time, do not count.
    """
    means = ((stage, _past_mean_s(connection, stage)) for stage in stages)
    return {stage: mean_s for stage, mean_s in means if mean_s}


def _past_mean_s(connection: Connection, stage: Stage) -> float | None:
    result = StageResultRow
    took_time = (result.stage == stage, result.seconds > 0)
    last = select(result.batch_id).where(*took_time).order_by(result.id.desc()).limit(1)
    mean = select(func.avg(result.seconds)).where(*took_time, result.batch_id == last.scalar_subquery())
    mean_s: float | None = connection.execute(mean).scalar_one()
    return mean_s
