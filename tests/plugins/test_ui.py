"""Where a report lies, and what leads there."""

from pathlib import Path

import pytest

from cofi.settings import Settings
from cofi.ui.links import ReportLink, report_folder

RUN_ID = "manual__2026-11-16T09:12:00.123+00:00"


@pytest.mark.parametrize("run_id", [RUN_ID, "../../etc", ".hidden", "a/b\\c", "ñ 1"])
def test_every_run_has_a_folder_of_its_own_below_the_runs(runs_folder: Path, run_id: str) -> None:
    folder = report_folder(Settings.load(), run_id)
    assert folder.resolve().parent == runs_folder.resolve()
    assert ":" not in folder.name


def test_runs_do_not_share_a_folder(runs_folder: Path) -> None:
    names = ["manual__1", "scheduled__1", RUN_ID, RUN_ID.replace("+00", "+01")]
    assert len({report_folder(Settings.load(), name) for name in names}) == len(names)


def test_the_link_leads_to_the_page_with_the_run_id_quoted() -> None:
    key = type("Key", (), {"dag_id": "audit_calls", "run_id": RUN_ID})
    assert ReportLink().get_link(None, ti_key=key) == (
        "/cofi/report?dag_id=audit_calls&run_id=manual__2026-11-16T09%3A12%3A00.123%2B00%3A00"
    )
