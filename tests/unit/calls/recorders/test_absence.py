"""A day of any recorder that is not there is told with what is there instead."""

from datetime import date
from pathlib import Path

import fsspec
import pytest

from include.calls.recorders.absence import absence_of
from include.calls.recorders.loading import load_recorder
from include.calls.surroundings import Surroundings

DAY = date(2026, 11, 16)


def around(root: Path, recorder: str) -> Surroundings | None:
    wanted = load_recorder(recorder)
    filesystem = fsspec.filesystem("file")
    return absence_of(filesystem, str(root), DAY, recorder=wanted, timezone="Europe/Madrid")


@pytest.mark.parametrize(
    ("recorder", "folder"),
    [
        ("plain", "2026-11-16"),
        ("amazon_connect", "2026/11/15"),  # of the site's first hour, in UTC
        ("amazon_connect", "2026/11/16"),
        ("freepbx", "2026/11/16"),
        ("five9", "Sales/11_16_2026"),
        ("twilio", ""),
        ("asterisk", "anything"),
    ],
)
def test_one_folder_of_the_day_is_enough(tmp_path: Path, recorder: str, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    assert around(tmp_path, recorder) is None


@pytest.mark.parametrize(
    ("recorder", "there", "told"),
    [
        ("plain", "2026-11-14", "s3://calls has no folder 2026-11-16; the last there are 2026-11-14: were"),
        ("amazon_connect", "2026/11/13", "has no folder 2026/11/15; the last there are 13: were"),
        (
            "amazon_connect",
            "2026-11-13",
            "found 2026-11-13: is days.folders of recorder amazon_connect (YYYY/MM/DD) right?",
        ),
        (
            "five9",
            "Sales/11_15_2026",
            "has no folder */11_16_2026; the last there are Sales: were",
        ),
    ],
)
def test_what_is_there_instead_is_told(tmp_path: Path, recorder: str, there: str, told: str) -> None:
    (tmp_path / there).mkdir(parents=True)
    found = around(tmp_path, recorder)
    assert found and told in found.describe("s3://calls")


@pytest.mark.parametrize("recorder", ["plain", "amazon_connect", "five9", "twilio"])
def test_a_location_that_is_not_there_is_no_absent_day(tmp_path: Path, recorder: str) -> None:
    with pytest.raises(FileNotFoundError):
        around(tmp_path / "nowhere", recorder)
