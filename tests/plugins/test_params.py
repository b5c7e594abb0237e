"""What the form cannot know is refused before anything is recorded, and the message says what to enter."""

from pathlib import Path
from typing import Any

import pytest

from cofi import batch as tasks
from cofi.settings import Settings
from include.database.models import BatchRow
from include.errors import InvalidInput
from tests.plugins.params import params
from tests.unit.database.seeding import Day


@pytest.fixture(autouse=True)
def only_gpu_a(setting) -> None:
    setting("gpu_hosts", "gpu_a")


class TestChecked:
    def test_sound_params_pass(self, tmp_path: Path) -> None:
        for sound in (
            {},
            {"hosts": ["gpu_a"]},
            {"hosts": None},
            {"redo": "all", "first_stage": "llm1"},
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
        ],
    )
    def test_a_refusal_says_what_to_enter(self, tmp_path: Path, changes: dict[str, Any], told: str) -> None:
        with pytest.raises(InvalidInput, match=told):
            tasks.checked(params(tmp_path, **changes), Settings.load())

    @pytest.mark.parametrize(
        ("name", "value"),
        [("expected_recordings_min", "half"), ("empty_day", "ignore"), ("languages", "English")],
    )
    def test_settings_that_the_next_task_reads_are_read_now(
        self, tmp_path: Path, setting, name: str, value: str
    ) -> None:
        setting(name, value)
        with pytest.raises(InvalidInput, match=rf"\[cofi\] {name} = {value}: "):
            tasks.checked(params(tmp_path), Settings.load())

    def test_a_database_without_tables_says_how_to_make_them(self, connection, tmp_path: Path) -> None:
        connection("cofi_db", conn_type="sqlite", host=str(tmp_path / "empty.db"))
        connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
        with pytest.raises(InvalidInput, match=r"cofi_db .*`cofi db migrate`"):
            tasks.open_batch("run-1", params(tmp_path), None)

    def test_a_refused_run_leaves_no_batch(self, day: Day, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput):
            tasks.open_batch("run-1", params(tmp_path, hosts=["gpu_z"]), None)
        assert day.rows(BatchRow) == []
