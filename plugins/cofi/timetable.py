"""When runs begin, and what they are called: the id of a run that knows its day shows it."""

from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.utils.types import DagRunType
from pendulum import DateTime


class NightlyDays(CronDataIntervalTimetable):
    """Every night, for the day that ended."""

    def generate_run_id(
        self,
        *,
        run_type: DagRunType,
        run_after: DateTime,
        data_interval: DataInterval | None,
        **extra: Any,
    ) -> str:
        """Airflow's own id, and in it the day: `scheduled__2026-11-16__2026-11-17T00:00:00+00:00`.

        Of a run of the schedule alone: the Param of a manual run may name another day than its interval, and
        is not known here; ids of a backfill Airflow makes without asking.
        """
        if run_type != DagRunType.SCHEDULED or data_interval is None:
            return super().generate_run_id(
                run_type=run_type, run_after=run_after, data_interval=data_interval, **extra
            )
        day = data_interval.start.in_timezone(self._timezone).date()
        return run_type.generate_run_id(suffix=f"{day}__{run_after.isoformat()}")


class DaysOnDemand(NightlyDays):
    """The days of a nightly DAG, for triggers and backfills only: a backfill needs a timetable."""

    def __init__(self, cron: str, timezone: Any) -> None:
        super().__init__(cron, timezone)
        self.description = "By hand or as a backfill; never by itself"

    @property
    def summary(self) -> str:
        """What the list of DAGs shows as the schedule."""
        return "on demand"

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Days for a backfill, which asks with `catchup`; none for the scheduler, as the DAG has none."""
        if not restriction.catchup:
            return None
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
