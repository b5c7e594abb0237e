"""Books are closed whoever ends a run, and what none of its tasks could do is done by the next look."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.api.datamodels._generated import DagRunState
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from sqlalchemy import update

from cofi import closing, ending
from cofi.failing import noting_failure
from cofi.runs import failed_tasks, running, state_of
from include.calls.stage import GPU_STAGES, Stage
from include.database.batches import Batch
from include.database.models import BatchRow, CallRow, OutboxRow, RunRow
from include.errors import InvalidInput, LedgerOpen, RunFailed
from tests.plugins.shard import CALLS, OPENED, run, run_report
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost

RUN = "run-1"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch, runs_folder: Path) -> None:
    monkeypatch.setattr(ending, "_LAST_WORDS_S", 0.0)


def shows(state: str | None) -> Callable[[str], str | None]:
    return lambda batch_id: state


def book(day: Day, batch_id: str = RUN) -> dict[str, Any]:
    (row,) = day.rows(RunRow, batch_id=batch_id)
    return row


def events(day: Day) -> list[str]:
    return [event["event_type"] for event in day.rows(OutboxRow, call_id=None)]


def page(runs_folder: Path) -> str:
    (found,) = runs_folder.rglob("report.html")
    return found.read_text()


def owes_nothing(day: Day, batch_id: str = RUN) -> bool:
    row = book(day, batch_id)
    return bool(row["closed_at"] and row["reported_at"] and row["cleaned_at"])


class TestTheLastTask:
    async def test_of_a_run_that_somebody_marked_as_failed(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, runs_folder: Path
    ) -> None:
        await run(Stage.DISTRIBUTE)
        day.audit(batch, CALLS[0])
        with pytest.raises(RunFailed, match=r"stopped before its report.*2 pending = 3 discovered"):
            await ending.end(RUN, failed_tasks=1)
        assert owes_nothing(day)
        assert gpu_a.audio == {}
        assert {row["claimed_by"] for row in day.rows(CallRow)} == {None}
        assert events(day) == ["run.incomplete"]
        assert "This run failed." in page(runs_folder) and "2 pending" in page(runs_folder)

    async def test_of_one_whose_calls_were_all_done_when_it_was_marked_as_failed(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, runs_folder: Path
    ) -> None:
        day.audit(batch, *CALLS)
        with pytest.raises(RunFailed, match="Every call is accounted for: 3 audited"):
            await ending.end(RUN, failed_tasks=1)
        assert events(day) == ["run.completed"]

    async def test_of_one_that_was_marked_as_success(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, runs_folder: Path
    ) -> None:
        day.audit(batch, *CALLS[:2])
        with pytest.raises(RunFailed, match="1 pending"):
            await ending.end(RUN, failed_tasks=0)
        day.plan(batch)
        day.audit(batch, CALLS[2])
        await ending.end(RUN, failed_tasks=0)
        assert owes_nothing(day)
        assert "This run failed." not in page(runs_folder)

    async def test_of_one_whose_report_has_closed_the_books(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        day.audit(batch, *CALLS)
        run_report()
        await ending.end(RUN, failed_tasks=3)
        assert owes_nothing(day) and events(day) == ["run.completed"]

    async def test_of_one_whose_report_has_failed_it(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        with pytest.raises(LedgerOpen) as told:
            run_report()
        with pytest.raises(RunFailed) as again:
            await ending.end(RUN, failed_tasks=1)
        assert str(again.value) == str(told.value)
        assert events(day) == ["run.incomplete"], "told once"

    async def test_of_one_whose_report_could_not_be_written(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, runs_folder: Path
    ) -> None:
        day.audit(batch, *CALLS)
        runs_folder.write_text("in the way")
        with pytest.raises(OSError, match=r"Not a directory|File exists"):
            run_report()
        assert book(day)["closed_at"] and not book(day)["reported_at"]
        with pytest.raises(OSError, match=r"Not a directory|File exists"):
            await ending.end(RUN, failed_tasks=1)
        assert book(day)["cleaned_at"], "hosts are cleaned all the same"
        runs_folder.unlink()
        await ending.end(RUN, failed_tasks=1)
        assert owes_nothing(day) and "closed" in page(runs_folder)

    async def test_of_one_that_works_on_behind_a_task_that_was_marked(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await ending.end(RUN, failed_tasks=0, works=True)
        await run(Stage.DISTRIBUTE)
        day.audit(batch, *CALLS, stages=[*GPU_STAGES, Stage.LLM1, Stage.LLM2])
        await closing.close_ended(shows("success"))
        assert owes_nothing(day) and not book(day)["failed"]
        assert events(day) == ["run.completed"]
        assert gpu_a.audio == {}

    async def test_of_one_that_works_on_though_its_report_came_too_early(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        with pytest.raises(LedgerOpen):
            run_report()
        await ending.end(RUN, failed_tasks=0, works=True)
        assert book(day)["closed_at"] is None and book(day)["planned_at"]
        await closing.close_ended(shows("failed"))
        assert owes_nothing(day) and book(day)["failed"]
        assert gpu_a.audio == {}

    async def test_waits_for_tasks_that_are_just_being_ended(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ending, "_LAST_WORDS_S", 60.0)
        await run(Stage.DISTRIBUTE)  # whose lane has told its end
        day.audit(batch, *CALLS, stages=[*GPU_STAGES, Stage.LLM1, Stage.LLM2])
        await ending.end(RUN, failed_tasks=0)
        assert owes_nothing(day)


class TestARunThatFailsAtItsBeginning:
    async def test_without_a_batch_its_page_says_why(self, day: Day, runs_folder: Path) -> None:
        closing.begin(RUN, shows("running"))
        with pytest.raises(InvalidInput), noting_failure(RUN, "open_batch"):
            raise InvalidInput("Unknown GPU host gpu_z")
        assert "open_batch: Unknown GPU host gpu_z" in page(runs_folder), "before its last task has run"
        with pytest.raises(LedgerOpen):
            run_report(None, None)
        with pytest.raises(
            RunFailed, match="before its batch was opened: open_batch: Unknown GPU host gpu_z"
        ):
            await ending.end(RUN, failed_tasks=1)
        assert owes_nothing(day)
        assert "Unknown GPU host gpu_z" in page(runs_folder)

    async def test_marked_before_it_began_to_work(self, day: Day, runs_folder: Path) -> None:
        with pytest.raises(RunFailed, match="before its batch was opened: The run was stopped"):
            await ending.end(RUN, failed_tasks=0)
        assert "The run was stopped" in page(runs_folder)

    async def test_of_what_its_discovery_or_plan_failed_its_report_says(
        self, day: Day, runs_folder: Path
    ) -> None:
        day.discover(*CALLS)
        with pytest.raises(InvalidInput), noting_failure(RUN, "plan"):
            raise InvalidInput("None of the GPU hosts is ready")
        with pytest.raises(
            LedgerOpen, match=r"planned: plan: None of the GPU hosts is ready. Until then: .*3 pend"
        ):
            run_report(OPENED, None)
        assert "plan: None of the GPU hosts is ready" in page(runs_folder)

    def test_without_a_database_the_page_says_so(self, connection, runs_folder: Path) -> None:
        connection("cofi_db", conn_type="mysql", host="somewhere")
        with pytest.raises(InvalidInput), noting_failure(RUN, "open_batch"):
            closing.begin(RUN, shows("running"))
        assert "make it &#39;postgres&#39;" in page(runs_folder)

    def test_what_a_page_says_is_text(self, day: Day, runs_folder: Path) -> None:
        with pytest.raises(InvalidInput), noting_failure(RUN, "open_batch"):
            raise InvalidInput("<script>alert(1)</script>")
        assert "<script>" not in page(runs_folder)


class TestTheNextLook:
    @pytest.mark.parametrize(
        ("state", "told"),
        [("failed", "its time was up"), ("success", "marked the run as success"), (None, "deleted the run")],
    )
    @pytest.mark.usefixtures("batch")
    async def test_closes_what_a_run_that_has_ended_left_open(
        self, day: Day, gpu_a: FakeGpuHost, runs_folder: Path, state: str | None, told: str
    ) -> None:
        await run(Stage.DISTRIBUTE)
        try:
            done = await closing.close_ended(shows(state))
        except RunFailed as error:
            assert state == "success" and RUN in str(error)
        else:
            assert state != "success" and done["closed"] == [RUN]
        assert owes_nothing(day) and book(day)["failed"]
        assert gpu_a.audio == {}
        assert told in page(runs_folder) and "3 pending" in page(runs_folder)
        assert events(day) == ["run.incomplete"]
        (row,) = day.rows(BatchRow)
        assert row["ledger"]["pending"] == 3

    @pytest.mark.parametrize("state", ["running", "queued"])
    async def test_leaves_runs_alone_that_go_on(self, day: Day, batch: Batch, state: str) -> None:
        assert await closing.close_ended(shows(state)) == {}
        assert book(day)["closed_at"] is None
        assert {row["claimed_by"] for row in day.rows(CallRow)} == {RUN}

    async def test_cleans_hosts_of_what_was_sent_after_they_were_cleaned(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        """A run that was planned while its last task cleaned up: its books were opened again in between."""
        await ending.clean_up(day.database, RUN)
        await run(Stage.DISTRIBUTE)
        day.audit(batch, *CALLS, stages=[*GPU_STAGES, Stage.LLM1, Stage.LLM2])
        await closing.close_ended(shows("success"))
        assert owes_nothing(day) and gpu_a.audio == {}

    @pytest.mark.parametrize(("state", "failed"), [("failed", True), ("success", False), (None, False)])
    async def test_judges_by_the_ledger_unless_airflow_ended_the_run(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, state: str | None, failed: bool
    ) -> None:
        day.audit(batch, *CALLS)
        await closing.close_ended(shows(state))
        assert book(day)["failed"] is failed
        assert events(day) == ["run.completed"]

    async def test_deletes_from_a_host_that_was_down_and_gives_up_after_a_time(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, connection, setting
    ) -> None:
        await run(Stage.DISTRIBUTE)
        day.audit(batch, *CALLS, stages=[*GPU_STAGES, Stage.LLM1, Stage.LLM2])
        run_report()
        connection("gpu_a", conn_type="http", host="127.0.0.1", port=1)
        await ending.end(RUN, failed_tasks=0)
        assert book(day)["cleaned_at"] is None, "a host that is down fails nothing"
        assert await closing.close_ended(shows("success")) == {}
        connection("gpu_a", conn_type="http", host="127.0.0.1", port=gpu_a.port, password="s3cret")
        assert await closing.close_ended(shows("success")) == {"cleaned": [RUN]}
        assert gpu_a.audio == {}

    async def test_gives_up_a_host_that_stays_away(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, connection, setting
    ) -> None:
        await run(Stage.DISTRIBUTE)
        connection("gpu_a", conn_type="http", host="127.0.0.1", port=1)
        await closing.close_ended(shows("failed"))
        setting("close_runs_patience_h", 2)
        before = datetime.now(UTC) - timedelta(hours=3)
        day.database.write(lambda c: c.execute(update(RunRow).values(closed_at=before)))
        assert await closing.close_ended(shows("failed")) == {"given_up": [RUN]}
        assert await closing.close_ended(shows("failed")) == {}

    async def test_a_run_that_cannot_be_closed_keeps_no_other_waiting(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day.discover(replace(CALLS[0], call_id="20261116-other", path="other.wav"), batch_id="run-2")
        close_open = ending.close_open

        def failing(database: Any, batch_id: str, stopped: Any) -> None:
            if batch_id == RUN:
                raise OSError("disk full")
            close_open(database, batch_id, stopped)

        with monkeypatch.context() as patched:
            patched.setattr(ending, "close_open", failing)
            with pytest.raises(RunFailed, match="tried again: run-1"):
                await closing.close_ended(shows("failed"))
        assert owes_nothing(day, "run-2")
        await closing.close_ended(shows("failed"))
        assert owes_nothing(day)

    async def test_sees_what_somebody_marked_after_the_end(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, runs_folder: Path
    ) -> None:
        await closing.close_ended(shows("failed"))
        with pytest.raises(RunFailed, match="success, and their books say failed: run-1"):
            await closing.close_ended(shows("success"))
        assert "Airflow shows this run as success" in page(runs_folder)
        assert await closing.close_ended(shows("success")) == {}, "the alarm is raised once"
        await closing.close_ended(shows("failed"))
        assert "Airflow shows this run as" not in page(runs_folder)
        assert await closing.close_ended(shows(None)) == {}, "a run may be deleted when it has ended"

    async def test_a_run_that_begins_closes_the_books_of_those_that_have_ended(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        closing.begin("run-2", lambda batch_id: "running" if batch_id == "run-2" else "failed")
        assert book(day)["closed_at"] and {row["claimed_by"] for row in day.rows(CallRow)} == {None}
        assert book(day, "run-2")["closed_at"] is None

    def test_a_run_begins_though_airflow_cannot_tell_of_another(self, day: Day, batch: Batch) -> None:
        def silent(batch_id: str) -> str:
            raise OSError("no answer")

        closing.begin("run-2", silent)
        assert book(day)["closed_at"] is None

    def test_old_tables_are_refused_before_anything_is_asked_of_them(
        self, tmp_path: Path, connection
    ) -> None:
        connection("cofi_db", conn_type="sqlite", host=str(tmp_path / "old.db"))
        with pytest.raises(InvalidInput, match="has not the tables of this version"):
            closing.begin(RUN, shows("running"))


class TestAskingAirflow:
    @staticmethod
    def context(answer: str | int) -> Any:
        def get_dagrun_state(dag_id: str, run_id: str) -> str:
            if isinstance(answer, str):
                return answer
            detail = {"status_code": answer, "message": "no"}
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))

        return {"ti": SimpleNamespace(get_dagrun_state=get_dagrun_state)}

    def test_a_run_that_is_not_there_has_no_state(self) -> None:
        assert state_of(self.context(404))(RUN) is None
        assert not running(self.context(404))(RUN)

    def test_an_api_server_that_fails_is_no_deleted_run(self) -> None:
        with pytest.raises(AirflowRuntimeError):
            running(self.context(500))(RUN)

    @pytest.mark.parametrize("state", list(DagRunState))
    def test_otherwise_airflow_knows(self, state: DagRunState) -> None:
        """It answers with a member of this, whose `str` is not its value."""
        assert state_of(self.context(state))(RUN) == state.value
        assert running(self.context(state))(RUN) is (state.value in {"running", "queued"})

    def test_failed_tasks_are_counted_over_the_whole_run(self) -> None:
        asked: dict[str, Any] = {}
        ti = SimpleNamespace(
            dag_id="audit_calls", run_id=RUN, get_ti_count=lambda **of: asked.update(of) or 2
        )
        assert failed_tasks({"ti": ti}) == 2  # type: ignore[typeddict-item]
        assert asked == {"dag_id": "audit_calls", "run_ids": [RUN], "states": ["failed"]}
