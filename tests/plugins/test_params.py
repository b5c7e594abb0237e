"""What the form cannot know is refused before anything is recorded, and the message says what to enter."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cofi import batch as tasks
from cofi.settings import Settings
from include.database.models import BatchRow
from include.errors import InvalidInput
from tests.plugins.params import DEFAULTS, params
from tests.unit.database.seeding import Day


@pytest.fixture(autouse=True)
def only_gpu_a(setting) -> None:
    setting("gpu_hosts", "gpu_a")


class TestResolveDay:
    def test_the_param_is_the_day(self) -> None:
        interval_start = datetime(2026, 11, 20, tzinfo=UTC)
        assert tasks.resolve_day(DEFAULTS, interval_start, "UTC") == date(2026, 11, 16)

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
        assert tasks.resolve_day({"day": None}, midnight, timezone) == expected

    def test_a_run_by_hand_without_a_day_says_what_to_enter(self) -> None:
        with pytest.raises(InvalidInput, match="enter the Param 'day', like 2026-11-16"):
            tasks.resolve_day({"day": None}, None, "UTC")


class TestChecked:
    def test_sound_params_pass(self, tmp_path: Path) -> None:
        for sound in (
            {},
            {"hosts": ["gpu_a"]},
            {"redo": "all", "first_stage": "llm1"},
            {"location": str(tmp_path)},
        ):
            tasks.checked(params(tmp_path, **sound), Settings.load())

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            (
                {"hosts": ["gpu_a", "gpu_z", "gpu_y"]},
                "Unknown GPU host gpu_y, gpu_z: choose from gpu_a, or leave 'hosts' empty",
            ),
            (
                {"first_stage": "llm1"},
                "'first_stage' is llm1, but 'redo' is skip: choose redo 'all' .* or leave 'first_stage' at",
            ),
            ({"first_stage": "stt", "redo": "failed only"}, "'redo' is failed only: choose redo 'all'"),
            (
                {"location": "file:///no/such/folder"},
                r"There is no folder file:///no/such/folder: correct the Param 'location', or \[cofi\]",
            ),
        ],
    )
    def test_a_refusal_says_what_to_enter(self, tmp_path: Path, changes: dict[str, Any], told: str) -> None:
        with pytest.raises(InvalidInput, match=told):
            tasks.checked(params(tmp_path, **changes), Settings.load())

    def test_a_database_without_tables_says_how_to_make_them(self, connection, tmp_path: Path) -> None:
        connection("cofi_db", conn_type="sqlite", host=str(tmp_path / "empty.db"))
        connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
        with pytest.raises(InvalidInput, match=r"cofi_db .*`python -m include\.database\.migrations URL`"):
            tasks.open_batch("run-1", params(tmp_path), None)

    def test_a_refused_run_leaves_no_batch(self, day: Day, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput):
            tasks.open_batch("run-1", params(tmp_path, hosts=["gpu_z"]), None)
        assert day.rows(BatchRow) == []
