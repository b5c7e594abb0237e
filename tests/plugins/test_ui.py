"""The pages that cofi adds: where a report lies, and who may read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cofi.settings import Settings
from cofi.ui.app import app
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


class TestPage:
    @pytest.fixture
    def allowed(self) -> Iterator[TestClient]:
        """Someone who may see the run."""
        (route,) = [route for route in app.routes if getattr(route, "path", "") == "/report"]
        for guard in route.dependencies:
            app.dependency_overrides[guard.dependency] = lambda: None
        yield TestClient(app)
        app.dependency_overrides.clear()

    def test_a_report_is_served_and_nothing_in_it_may_run(
        self, allowed: TestClient, runs_folder: Path
    ) -> None:
        folder = report_folder(Settings.load(), RUN_ID)
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("<h1>Audited</h1>")

        answer = allowed.get("/report", params={"dag_id": "audit_calls", "run_id": RUN_ID})

        assert (answer.status_code, answer.text) == (200, "<h1>Audited</h1>")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "script" not in answer.headers["Content-Security-Policy"]

    def test_a_run_without_a_report_says_when_it_comes(self, allowed: TestClient, runs_folder: Path) -> None:
        answer = allowed.get("/report", params={"dag_id": "audit_calls", "run_id": "run-1"})
        assert answer.status_code == 404
        assert "has no report yet: its last task writes it" in answer.json()["detail"]

    def test_nobody_reads_a_report_without_logging_in(self, runs_folder: Path) -> None:
        folder = report_folder(Settings.load(), "run-1")
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("private")
        outer = FastAPI()
        outer.mount("/cofi", app)
        answer = TestClient(outer, raise_server_exceptions=False).get(
            "/cofi/report", params={"dag_id": "audit_calls", "run_id": "run-1"}
        )
        assert answer.status_code == 401
        assert "private" not in answer.text

    def test_the_name_of_another_dag_opens_no_report(self, allowed: TestClient, runs_folder: Path) -> None:
        folder = report_folder(Settings.load(), RUN_ID)
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("private")
        answer = allowed.get("/report", params={"dag_id": "sales_figures", "run_id": RUN_ID})
        assert answer.status_code in {403, 404}

    def test_the_application_describes_itself_to_nobody(self, allowed: TestClient) -> None:
        assert {allowed.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}
