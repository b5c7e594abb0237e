"""The id of a run of the schedule shows its day, and no two runs share one."""

from datetime import timedelta

import pendulum
import pytest
from airflow.timetables.base import DataInterval
from airflow.utils.types import DagRunType

from cofi.timetable import DaysOnDemand, NightlyDays
from include.calls.days import SCHEDULED

KINDS = [NightlyDays, DaysOnDemand]


def id_of(timetable: NightlyDays, run_type: DagRunType, start: pendulum.DateTime | None) -> str:
    interval = start and DataInterval(start, start + timedelta(days=1))
    after = interval.end if interval else pendulum.datetime(2026, 11, 17, 9)
    return timetable.generate_run_id(run_type=run_type, run_after=after, data_interval=interval)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_day_that_is_audited_in_the_sites_own_time(kind: type[NightlyDays]) -> None:
    # Midnight in Tokyo is the afternoon of the day before in UTC.
    start = pendulum.datetime(2026, 11, 15, 15)
    run_id = id_of(kind("0 0 * * *", "Asia/Tokyo"), DagRunType.SCHEDULED, start)
    assert run_id == f"{SCHEDULED}__2026-11-16__2026-11-16T15:00:00+00:00"
    assert DagRunType.from_run_id(run_id) is DagRunType.SCHEDULED


@pytest.mark.parametrize("kind", KINDS)
def test_a_manual_run_does_not_claim_a_day_that_its_param_may_not_be(kind: type[NightlyDays]) -> None:
    timetable = kind("0 0 * * *", "UTC")
    run_id = id_of(timetable, DagRunType.MANUAL, pendulum.datetime(2026, 11, 16))
    assert run_id == "manual__2026-11-17T00:00:00+00:00"
    assert id_of(timetable, DagRunType.MANUAL, None) == "manual__2026-11-17T09:00:00+00:00"


def test_another_hour_of_the_schedule_makes_other_ids_of_the_same_day() -> None:
    timetable = NightlyDays("0 0 * * *", "UTC")
    starts = [pendulum.datetime(2026, 11, 16, hour) for hour in (0, 2)]
    assert len({id_of(timetable, DagRunType.SCHEDULED, start) for start in starts}) == 2
