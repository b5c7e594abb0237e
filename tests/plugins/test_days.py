"""The days of a run: which it audits, and what it makes of the absence of recordings."""

import logging
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pendulum
import pytest

from cofi import batch as tasks
from cofi.days import resolve_day
from include.database.batches import Batch
from include.database.models import BatchRow
from include.errors import DayIncomplete, InvalidInput, LedgerOpen
from tests.plugins.nights import FRIDAY, SATURDAY, Nights
from tests.plugins.params import DEFAULTS
from tests.plugins.shard import run_report


class TestResolveDay:
    def test_the_param_is_the_day(self) -> None:
        interval_start = datetime(2026, 11, 20, tzinfo=UTC)
        assert resolve_day(DEFAULTS, interval_start, "UTC") == date(2026, 11, 16)

    @pytest.mark.parametrize(
        ("timezone", "midnight", "expected"),
        [
            ("Europe/Madrid", datetime(2026, 11, 15, 23, tzinfo=UTC), date(2026, 11, 16)),
            ("America/Bogota", datetime(2026, 11, 16, 5, tzinfo=UTC), date(2026, 11, 16)),
            ("UTC", datetime(2026, 11, 16, tzinfo=UTC), date(2026, 11, 16)),
        ],
    )
    def test_without_it_the_day_is_the_one_that_begins_at_the_sites_midnight(
        self, timezone: str, midnight: datetime, expected: date
    ) -> None:
        assert resolve_day({"day": None}, midnight, timezone) == expected

    def test_a_run_by_hand_without_a_day_says_what_to_enter(self) -> None:
        with pytest.raises(InvalidInput, match="enter the Param 'day', like 2026-11-16"):
            resolve_day({"day": None}, None, "UTC")

    @pytest.mark.parametrize("timezone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    def test_today_can_be_audited_and_tomorrow_cannot(self, timezone: str) -> None:
        today = pendulum.now(timezone).date()
        assert resolve_day({"day": today.isoformat()}, None, timezone) == today
        tomorrow = today + timedelta(days=1)
        with pytest.raises(InvalidInput, match=f"^{tomorrow} has not come yet: it is {today} in {timezone}"):
            resolve_day({"day": tomorrow.isoformat()}, None, timezone)

    def test_a_backfill_audits_the_days_of_its_dates_and_no_other(self) -> None:
        midnight = datetime(2026, 11, 10, tzinfo=UTC)
        with pytest.raises(InvalidInput, match="is for 2026-11-10, but its Param 'day' says 2026-11-16"):
            resolve_day(DEFAULTS, midnight, "UTC", "backfill")
        assert resolve_day({"day": "2026-11-10"}, midnight, "UTC", "backfill") == date(2026, 11, 10)


class TestAbsence:
    """Of a Saturday that has no folder beside Friday's, unless told otherwise."""

    @pytest.mark.parametrize(
        ("run_type", "fails"), [("scheduled", True), ("manual", True), ("backfill", False)]
    )
    def test_a_day_without_a_folder_fails_those_who_count_on_it(
        self, nights: Nights, run_type: str, fails: bool, runs_folder: Path
    ) -> None:
        opened, found = nights.discover(SATURDAY, run_type=run_type)
        assert found == {}
        assert nights.state_of(SATURDAY) == ("no_folder", "fail" if fails else "warn")
        if fails:
            with pytest.raises(DayIncomplete, match="no folder 2026-11-21; the last there are 2026-11-20"):
                nights.report(opened)
        else:
            assert nights.report(opened) == {}
        [page] = runs_folder.rglob("report.html")
        assert "has no folder 2026-11-21" in page.read_text(), "the report says why, on top"
        assert nights.event_of("night-2026-11-21")["day_state"] == "no_folder"
        assert nights.event_of("night-2026-11-21")["type"] == "run.completed"

    def test_a_wrong_layout_fails_a_backfill_too(self, nights: Nights, setting) -> None:
        setting("recordings_layout", "YYYY_MM_DD")
        opened, _ = nights.discover(FRIDAY, run_type="backfill")
        expected = r"found 2026-11-20: is \[cofi\] recordings_layout \(YYYY_MM_DD\) right\?"
        with pytest.raises(DayIncomplete, match=expected):
            nights.report(opened)

    @pytest.mark.parametrize("kind", ["empty", "manifest only"])
    def test_a_folder_without_recordings_is_told_and_fails_nothing(
        self, nights: Nights, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        nights.put(SATURDAY)
        if kind == "manifest only":
            (nights.location / "2026-11-21" / "manifest.csv").write_text("file\nlost.wav\n")
        opened, _ = nights.discover(SATURDAY)
        nights.report(opened)
        assert nights.state_of(SATURDAY) == ("empty", "warn")
        warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        assert len([told for told in warnings if "holds no recordings" in told]) == 1

    @pytest.mark.parametrize(("value", "verdict"), [("ok", "ok"), ("warn", "warn"), ("fail", "fail")])
    @pytest.mark.parametrize("state", ["no_folder", "empty", "few"])
    def test_the_setting_decides_otherwise(
        self, nights: Nights, setting, value: str, verdict: str, state: str
    ) -> None:
        setting("empty_day", value)
        setting("expected_recordings_min", "2")
        if state != "no_folder":
            nights.put(SATURDAY, *(["a.wav"] if state == "few" else []))
        opened, _ = nights.discover(SATURDAY)
        nights.audit(opened)
        assert nights.state_of(SATURDAY) == (state, verdict)
        if value == "fail":
            with pytest.raises(DayIncomplete):
                nights.report(opened)
        else:
            nights.report(opened)

    def test_few_recordings_are_compared_with_the_weekdays_before(self, nights: Nights, setting) -> None:
        setting("expected_recordings_min", "50%")
        for week in range(1, 5):
            friday = FRIDAY - timedelta(weeks=week)
            nights.put(friday, *(f"{week}-{n}.wav" for n in range(5)))
            nights.run(friday, run_type="backfill")
        nights.discover(FRIDAY)
        assert nights.state_of(FRIDAY) == ("few", "warn")
        nights.put(FRIDAY, "c.wav")
        nights.discover(FRIDAY, "again", run_type="manual")
        assert nights.state_of(FRIDAY, "again") == ("ok", "ok")

    def test_a_trial_run_is_no_sign_of_few(self, nights: Nights, setting) -> None:
        setting("expected_recordings_min", "2")
        nights.discover(FRIDAY, "trial", limit=1, run_type="manual")
        assert nights.state_of(FRIDAY, "trial") == ("ok", "ok")

    def test_a_day_whose_folder_was_archived_is_not_empty(self, nights: Nights, runs_folder: Path) -> None:
        nights.run(FRIDAY)
        shutil.rmtree(nights.location / "2026-11-20")
        assert nights.run(FRIDAY, "again", run_type="manual") == {}
        assert nights.state_of(FRIDAY, "again") == ("ok", "ok")
        assert nights.states(FRIDAY) == {"a.wav": "audited", "b.wav": "audited"}
        page = (runs_folder / "again" / "report.html").read_text()
        assert "2 recordings that are known of this day stay as they are" in page

    def test_a_location_that_is_not_there_is_no_day_without_calls(
        self, nights: Nights, runs_folder: Path
    ) -> None:
        nights.location.rename(nights.location.with_name("unmounted"))
        with pytest.raises(
            InvalidInput, match=r"There is no folder file://.*: correct the Param 'location', or"
        ):
            nights.discover(FRIDAY)
        opened = tasks.batch_values(Batch("night-2026-11-20", FRIDAY, "", {}))
        with pytest.raises(LedgerOpen):
            run_report(opened, None)
        [page] = runs_folder.rglob("report.html")
        assert "recordings could not be looked for" in page.read_text()
        assert "ledger closed" not in page.read_text()
        assert nights.event_of("night-2026-11-20")["type"] == "run.incomplete"
        [row] = nights.day.rows(BatchRow)
        assert row["closed_at"] is None

        nights.location.with_name("unmounted").rename(nights.location)
        nights.put(SATURDAY, "sat.wav")
        assert nights.run(SATURDAY) == {"audited": 3}, "the next night takes up what the first could not see"
