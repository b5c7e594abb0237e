"""A run's page in Airflow: how far it is while it is on, then its report; for those who may see the run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cofi.settings import Settings
from cofi.ui.links import report_folder
from include.access.rights import ROLES, Right
from include.calls.call import CallState
from include.calls.stage import Stage
from include.database import owed
from include.database.batches import Batch
from include.database.models import CallAccessRow
from include.database.outcomes import Failure
from tests.plugins.conftest import Connect
from tests.plugins.people import PEOPLE, airflow_shows_runs_to, client_of, served
from tests.plugins.shard import CALLS
from tests.unit.database.seeding import Day

As = Callable[[str | None], TestClient]
RUN = {"dag_id": "audit_calls", "run_id": "run-1"}
PAGE = "/cofi/report"
MARKED = '<meta name="cofi-calls" content="marked"><main>'
QUOTED, NAMED = (call.call_id for call in CALLS[:2])
REPORT = f"""{MARKED}<h1>Audited</h1><p>80 % of all</p>
<!--of {QUOTED} quoted--><a href="calls/{QUOTED}">a.wav</a> Daniel Reed <q>my balance</q><!--end-->
<!--of {NAMED}--><a href="calls/{NAMED}">b.wav</a> 61 %<!--end--></main>"""
OF_CALLS = (QUOTED, NAMED, "Daniel Reed", "my balance", "61 %")
# Somebody of each role, and vera, who has none: a viewer of Airflow as an engineer without FAB is.
BY_ROLE = {"daniel": "agent", "rita": "reader", "ana": "analyst", "carla": "compliance", "admin": "admin"}
READERS = {name for name, role in BY_ROLE.items() if {Right.TEXT, Right.OTHERS} <= ROLES[role]}


@pytest.fixture
def entries() -> list[tuple[str, str, str]]:
    """Airflow's Audit Log."""
    return []


@pytest.fixture
def as_(day: Day, runs_folder: Path, setting: Connect, entries: list[tuple[str, str, str]]) -> Iterator[As]:
    """A browser of somebody; all of them see runs but ben."""
    setting("people", PEOPLE)
    with served(entries) as outer, airflow_shows_runs_to("vera", *BY_ROLE):
        yield lambda name: client_of(outer, name)


def written(run_id: str = "run-1", text: str = f"{MARKED}<h1>Audited</h1></main>") -> Path:
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
    assert "<h1>Audited</h1>" in answer.text
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
    assert "has not reported anything yet" in answer.text


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
    assert "has not reported anything yet" in text


def recorded(day: Day) -> list[tuple[str, str, str]]:
    row = CallAccessRow
    query = select(row.person, row.call_id, row.what)
    return day.database.read(lambda connection: [tuple(one) for one in connection.execute(query)])


@pytest.mark.parametrize("name", ["vera", *BY_ROLE])
def test_what_a_report_tells_of_calls_is_for_those_who_may_see_all_and_recorded(
    as_: As, day: Day, batch: Batch, entries: list[tuple[str, str, str]], name: str
) -> None:
    do(day, owed.close, None)
    written(text=REPORT)
    answer = as_(name).get(PAGE, params=RUN)
    assert answer.status_code == 200
    assert "80 % of all" in answer.text
    told = [one for one in OF_CALLS if one in answer.text]
    if name in READERS:
        assert answer.text == REPORT
        assert recorded(day) == [(name, QUOTED, "text")]
        assert entries == [(name, "cofi_read_call", QUOTED)]
    else:
        assert (told, recorded(day), entries) == ([], [], [])
        assert f"lacks the right '{Right.TEXT if name == 'vera' else Right.OTHERS}'" in answer.text


def test_a_report_of_an_older_cofi_is_shown_whole_or_not_at_all(as_: As, day: Day, batch: Batch) -> None:
    do(day, owed.close, None)
    written(text=REPORT.replace(MARKED, "<main>").replace(" quoted", ""))
    refused = as_("vera").get(PAGE, params=RUN)
    assert refused.status_code == 403
    assert "written by an older cofi" in refused.text
    assert not any(one in refused.text for one in OF_CALLS)
    assert "my balance" in as_("rita").get(PAGE, params=RUN).text
    assert [call_id for _, call_id, _ in recorded(day)] == [QUOTED, NAMED]


@pytest.mark.parametrize("name", ["vera", *BY_ROLE])
def test_without_the_database_a_report_tells_how_the_run_went_and_nothing_of_its_calls(
    as_: As, connection: Connect, name: str
) -> None:
    written(text=REPORT)
    connection("cofi_db", conn_type="mysql", host="nowhere")
    answer = as_(name).get(PAGE, params=RUN)
    assert "80 % of all" in answer.text
    assert not any(one in answer.text for one in OF_CALLS)
    assert ("Nobody could be recorded" if name in READERS else "lacks the right") in answer.text


def test_whoever_may_not_see_the_run_sees_nothing(as_: As, day: Day, batch: Batch) -> None:
    do(day, owed.reopen, planned=True)
    for name, status in (("ben", 403), (None, 401)):
        answer = as_(name).get(PAGE, params=RUN)
        assert answer.status_code == status
        assert "discovered" not in answer.text
        assert "gpu_a" not in answer.text
    do(day, owed.close, None)
    written()
    assert "Audited" not in as_("ben").get(PAGE, params=RUN).text


def test_only_runs_of_cofis_dags_have_one(as_: As) -> None:
    assert as_("vera").get(PAGE, params={**RUN, "dag_id": "sales"}).status_code == 404
