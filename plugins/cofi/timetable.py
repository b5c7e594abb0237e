"""When `rescore_calls` runs: never by itself, and for any day that somebody asks for."""

from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable


class DaysOnDemand(CronDataIntervalTimetable):
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
