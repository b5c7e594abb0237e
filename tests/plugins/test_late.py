"""What came late for a day is taken into it by the runs of the nights that follow."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cofi.days import days_back
from cofi.settings import Settings
from include.calls.call import call_id_for
from include.database.models import BatchDayRow, CallRow
from include.errors import DayIncomplete, InvalidInput, StoreFault
from tests.plugins.nights import FRIDAY, SATURDAY, SUNDAY, Nights
from tests.plugins.params import params
from tests.unit.calls.site import recording


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
        told = nights.event_of("night-2026-11-21")
        assert told["late"] == [{"day": "2026-11-20", "new": 2, "again": 0}]
        page = next(path for path in runs_folder.rglob("report.html") if "11-21" in str(path)).read_text()
        assert "Fri, 20 November 2026" in page
        assert nights.event_of("night-2026-11-20")["late"] == []

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
        assert nights.event_of("night-2026-11-21")["late"] == [{"day": "2026-11-20", "new": 0, "again": 2}]

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
        assert nights.event_of("night-2026-11-21")["late"] == [{"day": "2026-11-20", "new": 1, "again": 0}]


def test_a_discovery_that_is_killed_has_recorded_nothing(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some calls of a day would close its ledger without the others."""
    from cofi import discovering

    record: Callable[..., None] = discovering.calls.record_discovery

    def killed(connection: Any, batch_id: str, found: list[Any], known: Any) -> None:
        record(connection, batch_id, found, known)
        if found[0].call_id == max(call_id_for(FRIDAY, path) for path in ("a.wav", "b.wav")):
            raise KeyboardInterrupt

    monkeypatch.setattr(discovering, "_RECORDED_AT_ONCE", 1)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(discovering.calls, "record_discovery", killed)
        nights.discover(FRIDAY)
    assert nights.states(FRIDAY) == {} and nights.of_run(f"night-{FRIDAY}") == set()
    assert nights.run(FRIDAY) == {"audited": 2}


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
