"""The days of a run: which it audits, what it makes of absence, and what came late for those before."""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pendulum
import pytest

from cofi import batch as tasks
from cofi.days import days_back, resolve_day
from cofi.discovering import discover
from cofi.operators.report import ReportOperator
from cofi.settings import Settings
from include.calls.call import call_id_for
from include.database.batches import Batch
from include.database.models import BatchCallRow, BatchDayRow, BatchRow, CallRow, OutboxRow
from include.errors import DayIncomplete, InvalidInput, LedgerOpen, StoreFault
from tests.plugins.params import DEFAULTS, params
from tests.unit.calls.site import recording
from tests.unit.database.seeding import Day

FRIDAY = date(2026, 11, 20)
SATURDAY, SUNDAY = FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=2)


@dataclass
class Nights:
    """A site's folders and database, and the nightly runs over them."""

    day: Day
    location: Path
    living: set[str] = field(default_factory=set)
    seeds: int = 0

    def put(self, day: date, *names: str) -> None:
        """Recordings arrive in a day's folder, each with a content of its own."""
        (self.location / day.isoformat()).mkdir(parents=True, exist_ok=True)
        for name in names:
            self.seeds += 1
            (self.location / day.isoformat() / name).write_bytes(recording(3, seed=self.seeds))

    def discover(self, day: date, run_id: str | None = None, **changes: Any) -> tuple[dict, dict]:
        """The first tasks of a run: scheduled, unless told otherwise. What both answered."""
        run_type = changes.pop("run_type", "scheduled")
        wanted = params(self.location, **{"day": None, **changes})
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        opened = tasks.open_batch(run_id or f"night-{day}", wanted, midnight, run_type)
        found = discover(opened, wanted, lambda other: other in self.living)
        return opened, {state: count for state, count in found.items() if count}

    def audit(self, opened: dict[str, Any]) -> None:
        """All that waits for the run is audited."""
        batch = self.batch(opened)
        waiting = self.day.plan(batch, others_have_ended=False)
        self.day.audit(batch, *waiting)

    def run(self, day: date, run_id: str | None = None, **changes: Any) -> dict[str, int]:
        """A whole run: discovered, audited, reported. Its ledger."""
        opened, _ = self.discover(day, run_id, **changes)
        self.audit(opened)
        return self.report(opened)

    def report(self, opened: dict[str, Any]) -> dict[str, int]:
        ledger = ReportOperator(task_id="report", batch=opened, planned=[0]).execute({})
        return {state: count for state, count in ledger.items() if count}

    def batch(self, opened: dict[str, Any]) -> Batch:
        return tasks.batch_of(opened, {})

    def states(self, day: date) -> dict[str, str]:
        return {row["path"]: row["state"] for row in self.day.rows(CallRow, day=day)}

    def of_run(self, run_id: str) -> set[str]:
        return {row["call_id"] for row in self.day.rows(BatchCallRow, batch_id=run_id)}

    def state_of(self, day: date, run_id: str | None = None) -> tuple[str, str]:
        [row] = self.day.rows(BatchDayRow, batch_id=run_id or f"night-{day}", day=day)
        return row["state"], row["verdict"]


@pytest.fixture
def nights(day: Day, tmp_path: Path, setting, connection, runs_folder: Path) -> Nights:
    """A site whose folder of Friday has two calls."""
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    made = Nights(day, tmp_path / "calls")
    made.put(FRIDAY, "a.wav", "b.wav")
    return made


def event_of(nights: Nights, run_id: str) -> dict[str, Any]:
    events = [row["payload"] for row in nights.day.rows(OutboxRow, call_id=None)]
    [event] = [event for event in events if event["data"]["batch_id"] == run_id]
    return event | event["data"]


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
        assert event_of(nights, "night-2026-11-21")["day_state"] == "no_folder"
        assert event_of(nights, "night-2026-11-21")["type"] == "run.completed"

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
        [told] = [r for r in caplog.records if "holds no recordings" in r.getMessage()]
        assert told.levelno == logging.WARNING

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
        opened = tasks.told(Batch("night-2026-11-20", FRIDAY, "", {}))
        with pytest.raises(LedgerOpen):
            ReportOperator(task_id="report", batch=opened, planned=None).execute({})
        [page] = runs_folder.rglob("report.html")
        assert "recordings could not be looked for" in page.read_text()
        assert "ledger closed" not in page.read_text()
        assert event_of(nights, "night-2026-11-20")["type"] == "run.incomplete"
        [row] = nights.day.rows(BatchRow)
        assert row["closed_at"] is None

        nights.location.with_name("unmounted").rename(nights.location)
        nights.put(SATURDAY, "sat.wav")
        assert nights.run(SATURDAY) == {"audited": 3}, "the next night takes up what the first could not see"


class TestLate:
    def test_recordings_that_came_late_are_taken_into_their_day(
        self, nights: Nights, caplog: pytest.LogCaptureFixture, runs_folder: Path
    ) -> None:
        caplog.set_level("INFO")
        nights.run(FRIDAY)
        nights.put(FRIDAY, "late-1.wav", "late-2.wav")
        nights.put(SATURDAY, "c.wav")

        assert nights.run(SATURDAY) == {"audited": 3}

        assert nights.states(FRIDAY) == dict.fromkeys(
            ["a.wav", "b.wav", "late-1.wav", "late-2.wav"], "audited"
        )
        late = {call_id_for(FRIDAY, path) for path in ("late-1.wav", "late-2.wav")}
        assert nights.of_run("night-2026-11-21") == late | {call_id_for(SATURDAY, "c.wav")}
        assert "2026-11-20: 2 late recordings, {'pending': 2}" in caplog.text
        told = event_of(nights, "night-2026-11-21")
        assert told["late"] == [{"day": "2026-11-20", "new": 2, "again": 0}]
        page = next(path for path in runs_folder.rglob("report.html") if "11-21" in str(path)).read_text()
        assert "Fri, 20 November 2026" in page
        assert event_of(nights, "night-2026-11-20")["late"] == []

    def test_a_day_is_looked_at_again_for_so_many_nights(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        for number in range(1, 5):
            nights.put(FRIDAY, f"after-{number}.wav")
            nights.put(FRIDAY + timedelta(days=number), f"{number}.wav")
            nights.run(FRIDAY + timedelta(days=number))
        late = {path for path in nights.states(FRIDAY) if path.startswith("after")}
        assert late == {"after-1.wav", "after-2.wav"}

    def test_nothing_late_costs_nothing(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        nights.put(SATURDAY, "c.wav")
        nights.run(SATURDAY)
        assert nights.of_run("night-2026-11-21") == {call_id_for(SATURDAY, "c.wav")}

    def test_a_whole_day_that_came_late_is_audited(self, nights: Nights) -> None:
        opened, _ = nights.discover(SATURDAY)
        with pytest.raises(DayIncomplete):
            nights.report(opened)
        nights.put(SATURDAY, "a.wav", "b.wav")
        nights.put(SUNDAY, "c.wav")
        assert nights.run(SUNDAY) == {"audited": 3}

    def test_its_own_day_may_be_absent_though_others_came_late(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        nights.put(FRIDAY, "late.wav")
        opened, _ = nights.discover(SATURDAY)
        nights.audit(opened)
        with pytest.raises(DayIncomplete):
            nights.report(opened)
        assert nights.states(FRIDAY)["late.wav"] == "audited"

    def test_what_was_judged_is_not_judged_again(self, nights: Nights) -> None:
        folder = nights.location / "2026-11-20"
        (folder / "short.wav").write_bytes(recording(1))
        (folder / "text.wav").write_bytes(b"no audio" * 9)
        shutil.copy(folder / "a.wav", folder / "z-copy.wav")
        nights.run(FRIDAY)
        before = nights.day.rows(CallRow, day=FRIDAY)
        for path in ("a.wav", "short.wav", "z-copy.wav"):
            (folder / path).write_bytes(recording(5, seed=77))
        (folder / "b.wav").unlink()
        os.utime(folder / "text.wav", (0, 0))
        nights.put(SATURDAY, "c.wav")

        nights.run(SATURDAY, redo="all")

        assert nights.day.rows(CallRow, day=FRIDAY) == before

    @pytest.mark.parametrize("begin", [0, 20, 1000])
    def test_a_recording_that_was_not_whole_is_taken_when_it_is(self, nights: Nights, begin: int) -> None:
        """The beginning of a file without its header's end; an empty one."""
        content = recording(3, seed=99, container="FLAC")
        file = nights.location / "2026-11-20" / "slow.flac"
        file.write_bytes(content[: min(begin, 20)])
        nights.run(FRIDAY)
        assert nights.states(FRIDAY)["slow.flac"] == "quarantined"
        file.write_bytes(content)
        nights.put(SATURDAY, "c.wav")
        nights.run(SATURDAY)
        assert nights.states(FRIDAY)["slow.flac"] == "audited"

    def test_one_that_the_manifest_announced_is_taken_when_it_comes(self, nights: Nights) -> None:
        (nights.location / "2026-11-20" / "manifest.csv").write_text("file,agent\na.wav,Dana\nslow.wav,Kim\n")
        nights.run(FRIDAY)
        assert nights.states(FRIDAY)["slow.wav"] == "quarantined"
        nights.put(SATURDAY, "c.wav")
        nights.run(SATURDAY)
        assert nights.states(FRIDAY)["slow.wav"] == "quarantined"
        nights.put(FRIDAY, "slow.wav")
        nights.put(SUNDAY, "d.wav")
        nights.run(SUNDAY)
        [call] = nights.day.rows(CallRow, path="slow.wav")
        assert (call["state"], call["agent"]) == ("audited", "Kim")

    def test_a_late_copy_is_a_duplicate(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        nights.put(SATURDAY, "c.wav")
        friday = nights.location / "2026-11-20"
        shutil.copy(friday / "a.wav", friday / "a-again.wav")
        shutil.copy(friday / "b.wav", nights.location / "2026-11-21" / "b-again.wav")
        assert nights.run(SATURDAY) == {"audited": 1, "duplicate": 2}
        [copy] = nights.day.rows(CallRow, path="a-again.wav")
        assert copy["duplicate_of"] == call_id_for(FRIDAY, "a.wav")

    def test_of_two_copies_on_two_days_the_earlier_is_the_original(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        nights.put(SATURDAY, "sent-twice.wav")
        shutil.copy(nights.location / "2026-11-21" / "sent-twice.wav", nights.location / "2026-11-20")
        nights.run(SATURDAY)
        states = nights.states(FRIDAY) | {f"next {p}": s for p, s in nights.states(SATURDAY).items()}
        assert (states["sent-twice.wav"], states["next sent-twice.wav"]) == ("audited", "duplicate")

    def test_a_first_night_audits_its_day_alone(
        self, nights: Nights, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        nights.put(SATURDAY, "c.wav")
        assert nights.run(SATURDAY) == {"audited": 1}
        assert nights.states(FRIDAY) == {}
        assert "2026-11-20 is not looked at again: no run has audited all of it" in caplog.text

    def test_a_trial_of_a_day_does_not_make_the_next_night_audit_all_of_it(self, nights: Nights) -> None:
        nights.run(FRIDAY, "trial", limit=1, run_type="manual")
        nights.put(SATURDAY, "c.wav")
        assert nights.run(SATURDAY) == {"audited": 1}
        assert nights.states(FRIDAY) == {"a.wav": "audited"}

    def test_a_day_from_another_place_is_left_alone(self, nights: Nights, tmp_path: Path) -> None:
        elsewhere = Nights(nights.day, tmp_path / "elsewhere", seeds=50)
        elsewhere.put(FRIDAY, "x.wav")
        elsewhere.run(FRIDAY)
        nights.put(SATURDAY, "c.wav")
        assert nights.run(SATURDAY) == {"audited": 1}
        assert nights.states(FRIDAY) == {"x.wav": "audited"}

    @pytest.mark.parametrize(
        ("run_type", "changes", "back"),
        [
            ("scheduled", {}, 2),
            ("manual", {}, 0),
            ("backfill", {}, 0),
            ("manual", {"lookback_days": 3}, 3),
            ("backfill", {"lookback_days": 1}, 1),
            ("scheduled", {"lookback_days": 0}, 0),
            ("manual", {"lookback_days": 3, "limit": 5}, 0),
            ("manual", {"lookback_days": 3, "redo": "failed only"}, 0),
        ],
    )
    def test_how_far_a_run_looks_back(
        self, tmp_path: Path, run_type: str, changes: dict[str, Any], back: int
    ) -> None:
        assert days_back(params(tmp_path, **changes), Settings.load(), run_type) == back

    def test_the_setting_says_how_far_the_schedule_does(self, tmp_path: Path, setting) -> None:
        setting("lookback_days", 5)
        assert days_back(params(tmp_path), Settings.load(), "scheduled") == 5
        assert days_back(params(tmp_path), Settings.load(), "manual") == 0


class TestLeftOpen:
    """Calls of Friday that a run has found, and not audited."""

    @pytest.fixture
    def friday(self, nights: Nights) -> dict[str, Any]:
        opened, _ = nights.discover(FRIDAY)
        nights.put(SATURDAY, "c.wav")
        return opened

    def test_what_a_run_that_ended_has_left_is_taken_up(self, nights: Nights, friday: dict) -> None:
        assert nights.run(SATURDAY) == {"audited": 3}
        assert event_of(nights, "night-2026-11-21")["late"] == [{"day": "2026-11-20", "new": 0, "again": 2}]

    @pytest.mark.parametrize("claimed", [True, False])
    def test_what_a_run_works_on_is_left_to_it(self, nights: Nights, friday: dict, claimed: bool) -> None:
        nights.living.add("night-2026-11-20")
        if claimed:
            nights.day.plan(nights.batch(friday))
        nights.put(FRIDAY, "late.wav")

        assert nights.run(SATURDAY) == {"audited": 2}

        assert nights.states(FRIDAY) == {"a.wav": "pending", "b.wav": "pending", "late.wav": "audited"}
        nights.audit(friday)
        assert nights.report(friday) == {"audited": 2}

    def test_a_late_recording_that_two_runs_find_is_audited_by_one(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        nights.put(FRIDAY, "late.wav")
        nights.put(SATURDAY, "c.wav")
        night, _ = nights.discover(SATURDAY)
        nights.living.add("night-2026-11-21")
        by_hand, found = nights.discover(FRIDAY, "by-hand", run_type="manual")
        assert found == {"audited": 2, "pending": 1}

        claimed = [nights.day.plan(nights.batch(by_hand), others_have_ended=False)]
        claimed.append(nights.day.plan(nights.batch(night), others_have_ended=False))

        late = call_id_for(FRIDAY, "late.wav")
        assert claimed == [[late], [call_id_for(SATURDAY, "c.wav")]]

    def test_a_night_that_is_cleared_takes_up_its_late_calls_again(self, nights: Nights) -> None:
        nights.run(FRIDAY)
        nights.put(FRIDAY, "late.wav")
        nights.put(SATURDAY, "c.wav")
        nights.discover(SATURDAY)
        nights.living.add("night-2026-11-21")
        assert nights.run(SATURDAY) == {"audited": 2}
        assert event_of(nights, "night-2026-11-21")["late"] == [{"day": "2026-11-20", "new": 1, "again": 0}]


class TestDaysThatCannotBeLookedAt:
    def break_friday(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        from cofi import discovering

        find: Callable[..., Any] = discovering.find_recordings

        def failing(folder: Any, *arguments: Any) -> Any:
            if folder.day == FRIDAY:
                raise error
            return find(folder, *arguments)

        monkeypatch.setattr(discovering, "find_recordings", failing)

    def test_one_before_its_own_is_told_and_stops_no_run(
        self, nights: Nights, monkeypatch: pytest.MonkeyPatch, runs_folder: Path
    ) -> None:
        nights.run(FRIDAY)
        nights.put(SATURDAY, "c.wav")
        self.break_friday(monkeypatch, PermissionError("denied"))
        assert nights.run(SATURDAY) == {"audited": 1}
        [row] = nights.day.rows(BatchDayRow, batch_id="night-2026-11-21", day=FRIDAY)
        assert (row["state"], row["verdict"]) == ("unreadable", "warn")
        page = next(path for path in runs_folder.rglob("report.html") if "11-21" in str(path)).read_text()
        assert "refuses access (denied): check its permissions and mount" in page

    def test_its_own_fails_it(self, nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
        self.break_friday(monkeypatch, PermissionError("denied"))
        with pytest.raises(InvalidInput, match="refuses access"):
            nights.discover(FRIDAY)
        assert nights.day.rows(BatchDayRow) == []

    def test_what_may_pass_is_tried_again(self, nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
        nights.run(FRIDAY)
        nights.put(SATURDAY, "c.wav")
        self.break_friday(monkeypatch, OSError("connection reset"))
        with pytest.raises(StoreFault, match="connection reset"):
            nights.discover(SATURDAY)
