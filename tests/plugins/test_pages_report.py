"""A run's page in Airflow: how far it is while it is on, then its report; for those who may see the run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cofi.settings import Settings
from cofi.ui.links import report_folder
from include.calls.call import CallState
from include.calls.stage import Stage
from include.database import owed
from include.database.batches import Batch
from include.database.outcomes import Failure
from tests.plugins.conftest import Connect
from tests.plugins.people import PEOPLE, airflow_shows_runs_to, client_of, served
from tests.plugins.shard import CALLS
from tests.unit.database.seeding import Day

As = Callable[[str | None], TestClient]
RUN = {"dag_id": "audit_calls", "run_id": "run-1"}
PAGE = "/cofi/report"


@pytest.fixture
def as_(day: Day, runs_folder: Path, setting: Connect) -> Iterator[As]:
    """A browser of somebody; vera, a viewer of Airflow, admin and ben see runs."""
    setting("people", PEOPLE)
    with served() as outer, airflow_shows_runs_to("vera", "admin", "ben"):
        yield lambda name: client_of(outer, name)


def written(run_id: str = "run-1", text: str = "<h1>Audited</h1>") -> Path:
    folder = report_folder(Settings.load(), run_id)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(text)
    return page


def do(day: Day, what: Callable[..., None], *args: object, **named: object) -> None:
    day.database.write(lambda connection: what(connection, "run-1", *args, **named))


def test_while_a_run_is_on_its_page_tells_how_far_it_is(as_: As, day: Day, batch: Batch) -> None:
    do(day, owed.reopen, planned=True)
    day.audit(batch, CALLS[0])
    lost = Failure(CALLS[1].call_id, "bug", "broke", state=CallState.FAILED)
    day.save(batch, Stage.STT, [lost])

    answer = as_("vera").get(PAGE, params=RUN)

    assert answer.status_code == 200
    text = " ".join(answer.text.split())
    assert "1 audited + 1 failed + 0 duplicate + 0 skipped + 0 quarantined + 1 pending = 3 discovered" in text
    assert "<strong>2</strong> of 3 calls (67 %) have ended" in text
    assert '<td data-label="host">gpu_a</td>' in text
    assert "stt: broke" in text
    assert "static/" in text
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]


def test_the_report_of_an_earlier_end_gives_way_while_the_run_is_on_again(
    as_: As, day: Day, batch: Batch
) -> None:
    do(day, owed.close, None)
    written()
    answer = as_("vera").get(PAGE, params=RUN)
    assert answer.text == "<h1>Audited</h1>"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'unsafe-inline';")
    assert "connect-src" not in policy
    do(day, owed.reopen, planned=True)
    assert "Audited</h1>" not in as_("vera").get(PAGE, params=RUN).text


def test_a_run_that_failed_at_its_beginning_says_why(as_: As, day: Day) -> None:
    do(day, owed.begin)
    do(day, owed.stopped, "open_batch: There is no connection <cofi_llm>")
    written(text="an earlier report")
    text = as_("vera").get(PAGE, params=RUN).text
    assert "open_batch: There is no connection &lt;cofi_llm&gt;" in text
    assert "an earlier report" not in text


def test_a_run_that_has_told_nothing_yet_has_a_page(as_: As) -> None:
    answer = as_("vera").get(PAGE, params=RUN)
    assert answer.status_code == 200
    assert "has not told anything yet" in answer.text


def test_a_run_whose_report_is_owed_or_gone_says_which(as_: As, day: Day, batch: Batch) -> None:
    do(day, owed.close, "The ledger does not close")
    text = as_("vera").get(PAGE, params=RUN).text
    assert "The ledger does not close" in text
    assert "Its report is being written" in text
    do(day, owed.reported)
    assert "somebody has deleted or moved it" in as_("vera").get(PAGE, params=RUN).text


def test_a_rescore_has_a_page_of_its_own(as_: As, day: Day, batch: Batch) -> None:
    do(day, owed.close, None)
    written()
    text = as_("vera").get(PAGE, params={**RUN, "dag_id": "rescore_calls"}).text
    assert "has not told anything yet" in text


@pytest.mark.parametrize("name", ["vera", "admin"])
def test_a_report_needs_no_database(as_: As, connection: Connect, name: str) -> None:
    written()
    connection("cofi_db", conn_type="mysql", host="nowhere")
    assert as_(name).get(PAGE, params=RUN).text == "<h1>Audited</h1>"


def test_without_the_database_nobody_sees_it_who_may_take_part_in_calibration(
    as_: As, connection: Connect
) -> None:
    written()
    connection("cofi_db", conn_type="mysql", host="nowhere")
    answer = as_("ben").get(PAGE, params=RUN)
    assert answer.status_code >= 400
    assert "Audited" not in answer.text
    assert "cofi_db" in answer.text


def test_whoever_may_not_see_the_run_sees_nothing(as_: As, day: Day, batch: Batch) -> None:
    do(day, owed.reopen, planned=True)
    for name, status in (("ana", 403), (None, 401)):
        answer = as_(name).get(PAGE, params=RUN)
        assert answer.status_code == status
        assert "discovered" not in answer.text
        assert "gpu_a" not in answer.text
    do(day, owed.close, None)
    written()
    assert "Audited" not in as_("ana").get(PAGE, params=RUN).text


def test_only_runs_of_cofis_dags_have_one(as_: As) -> None:
    assert as_("vera").get(PAGE, params={**RUN, "dag_id": "sales"}).status_code == 404
