"""No page tells a participant of an open calibration session the score, or an answer, of its calls."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection, delete, insert, select, update

from cofi.settings import Settings
from cofi.ui.app import app
from cofi.ui.links import report_folder
from cofi.ui.tasks import MappedTask, listing
from include.database import owed
from include.database.engine import Database
from include.database.models import (
    AnswerRow,
    AuditRow,
    CalibrationSessionRow,
    CallRow,
    DisputeRow,
    ReviewDrawRow,
    ReviewItemRow,
)
from include.delivery.report import write_report
from include.delivery.summary import summarise
from include.review.answering import Given, answer
from include.review.calibrating import Plan, answer_session, open_session, submit
from include.review.disputing import Claim, dispute
from include.review.people import Actor
from include.review.queue import release, take
from include.review.rules import DisputeRule
from include.trends.counting import count_days
from tests.demo_calls import DAYS
from tests.plugins.browser import call_id_of
from tests.plugins.conftest import Connect
from tests.plugins.demo_site import As, copied
from tests.plugins.people import WRITES, airflow_shows_runs_to, client_of, served

# pia and daniel take part; rob and dora read the same as they. daniel and dora are the agent of the call.
PEOPLE = "pia: admin, rob: admin, eve: admin, daniel: agent, dora: agent"
AGENT = "Daniel Reed"
CALL, ITEM, DISPUTE, OTHER = call_id_of("1005-missed-technician.ogg"), "the-item", "the-dispute", "closing"
RUN = f"audit-{DAYS[0]}"
ASKED, DISPUTED = "identity_verified", "courtesy_and_empathy"
# Nothing else has this score, or says this.
PCT, WORD = 61.25, "Telltale"
TRACE = rf"{WORD}|\b61 %|61\.25"
PAST = "the-past-session"


@dataclass(frozen=True)
class Ask:
    """A request that may tell of the call; `trace` is what tells of it."""

    url: str
    trace: str = TRACE
    people: tuple[str, str] = ("pia", "rob")
    json: dict[str, Any] = field(default_factory=dict)
    taken: bool = False


AGENTS = ("daniel", "dora")
BY_SCORE = f"min_pct={PCT - 0.01}&max_pct={PCT + 0.01}"
SESSION = {"title": "Again", "people": ["eve", "rob"], "source": "search", "search": BY_SCORE, "calls": 1}
GIVEN = {"criterion_id": ASKED, "answer": "CANNOT_DETERMINE", "blind": True}
HELD = {"criterion_id": OTHER, "held_answer": "{stands}", "why": "I did not"}
TELLING = {
    "GET /report": Ask(f"/report?dag_id=audit_calls&run_id={RUN}"),
    "GET /review": Ask("/review", ITEM),
    "POST /review/next": Ask("/review/next", json={"item_id": ITEM}),
    "GET /review/ahead": Ask("/review/ahead", CALL),
    "POST /review/items/{item_id}/answers": Ask(f"/review/items/{ITEM}/answers", json=GIVEN, taken=True),
    "POST /review/items/{item_id}/finish": Ask(f"/review/items/{ITEM}/finish", '"before"', taken=True),
    "GET /search": Ask("/search"),
    "GET /search/export": Ask("/search/export?format=csv"),
    "GET /trends/group": Ask(f"/trends/group?name={AGENT}&scorecard=service_call&until={DAYS[-1]}"),
    "GET /mine": Ask("/mine", people=AGENTS),
    "GET /days/{day}": Ask(f"/days/{DAYS[0]}"),
    "GET /calls/{call_id}": Ask(f"/calls/{CALL}"),
    "GET /shard": Ask(f"/shard?dag_id=audit_calls&run_id={RUN}&task_id=audit.gpu_a.llm1&map_index=0"),
    "POST /calls/{call_id}/review": Ask(f"/calls/{CALL}/review", '"item_id"'),
    "POST /calls/{call_id}/disputes": Ask(f"/calls/{CALL}/disputes", "nothing to dispute", AGENTS, json=HELD),
    "GET /disputes": Ask("/disputes", "I was rude"),
    "POST /disputes/{dispute_id}/decision": Ask(
        f"/disputes/{DISPUTE}/decision", '"pct"', json={"answer": "no", "why": "He was"}
    ),
    "GET /calibration/new": Ask(f"/calibration/new?{BY_SCORE}", r"of 1 call\b"),
    "POST /calibration": Ask("/calibration", '"session_id"', json=SESSION),
    "GET /calibration/{session_id}": Ask(f"/calibration/{PAST}"),
}
# Whole days and weeks, sound, what was said, and what a person does themselves.
NOT_TELLING = {
    "GET /": "/",
    "GET /log": None,
    "GET /static/{version}/{name}": "/static/1/theme.js",
    "POST /review/items/{item_id}/skip": None,
    "POST /review/assign": None,
    "POST /calls/{call_id}/assignment": None,
    "POST /review/items/{item_id}/release": None,
    "POST /search/saved": None,
    "DELETE /search/saved/{search_id}": None,
    "GET /trends": "/trends",
    "GET /trends/certified": "/trends/certified",
    "GET /trends/criterion": f"/trends/criterion?criterion={DISPUTED}&name={AGENT}&until={DAYS[-1]}",
    "GET /days": "/days",
    "GET /calls/{call_id}/shown": f"/calls/{CALL}/shown",
    "GET /calls/{call_id}/sound": None,
    "GET /calls/{call_id}/peaks": None,
    "POST /calls/{call_id}/heard": None,
    "POST /disputes/{dispute_id}/withdrawal": None,
    "GET /calibration": "/calibration",
    "GET /calibration/{session_id}/calls/{call_id}": "/calibration/{open}/calls/" + CALL,
    "POST /calibration/{session_id}/calls/{call_id}/answers": None,
    "POST /calibration/{session_id}/submission": None,
    "POST /calibration/{session_id}/closing": None,
    "POST /calibration/{session_id}/withdrawal": None,
}


@pytest.fixture(scope="module")
def told(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The call has a score and words of its own, a place in the queue, a dispute, and an earlier session."""
    file = tmp_path_factory.mktemp("told") / "cofi.db"
    with copied(demo_file, file) as database, database.writing() as connection:
        _score(connection)
        _queue(connection)
        _dispute(connection)
        _past_session(connection)
        count_days(connection, DAYS)
        owed.close(connection, RUN, None)
        open_session(connection, Actor("rob"), Plan("Now", people=("pia", "daniel"), calls=(CALL,)))
    return file


def _score(connection: Connection) -> None:
    """It is what its agent, who has half of all calls, is to be coached on."""
    its = AuditRow.call_id == CALL
    connection.execute(update(CallRow).where(CallRow.queue.in_(("billing", "technical"))).values(agent=AGENT))
    connection.execute(update(AuditRow).where(its).values(pct=PCT, passed=False, needs_review=True))
    audit_id = connection.scalar(select(AuditRow.audit_id).where(its))
    own = AnswerRow.audit_id == audit_id
    connection.execute(update(AnswerRow).where(own).values(justification=WORD, confidence=1.0))
    audits = select(AuditRow.audit_id).join(CallRow, CallRow.call_id == AuditRow.call_id)
    missed = (AnswerRow.criterion_id == DISPUTED) & AnswerRow.audit_id.in_(
        audits.where(CallRow.agent == AGENT)
    )
    lost = {"answer": "partial", "earned": 0.0, "potential": 1.0, "standing": "counted"}
    connection.execute(update(AnswerRow).where(missed).values(**lost))


def _queue(connection: Connection) -> None:
    audit = connection.execute(select(AuditRow).where(AuditRow.call_id == CALL)).one()
    item = {"item_id": ITEM, "call_id": CALL, "audit_id": audit.audit_id, "batch_id": audit.batch_id}
    item |= {"day": DAYS[0], "state": "open", "value": 1.0, "rank": 1.0, "questions": [ASKED], "blind": False}
    times = {"due_at": audit.created_at, "opened_at": audit.created_at}
    connection.execute(delete(ReviewDrawRow))
    connection.execute(delete(ReviewItemRow))
    connection.execute(insert(ReviewItemRow), [item | times])
    eve = Actor("eve")
    take(connection, eve, ITEM)
    answer(connection, eve, ITEM, Given(ASKED, answer="yes", blind=True))
    release(connection, eve, ITEM)


def _dispute(connection: Connection) -> None:
    agent = Actor("dora", frozenset({AGENT}))
    made = dispute(connection, agent, CALL, Claim(DISPUTED, "no", "I was rude"), rule=DisputeRule())
    its = DisputeRow.dispute_id == made.dispute_id
    connection.execute(update(DisputeRow).where(its).values(dispute_id=DISPUTE))


def _past_session(connection: Connection) -> None:
    """Closed; pia reads what eve has written there of the same call."""
    plan = Plan("Then", people=("pia", "eve"), calls=(CALL,), questions=(ASKED,))
    session_id = open_session(connection, Actor("rob"), plan).session_id
    for who, said in (("pia", "yes"), ("eve", "no")):
        comments = {ASKED: WORD} if who == "eve" else {}
        answer_session(connection, Actor(who), session_id, CALL, {ASKED: said}, comments=comments)
        submit(connection, Actor(who), session_id)
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for table in ("sessions", "calls", "people", "answers"):
        statement = f"UPDATE calibration_{table} SET session_id = ? WHERE session_id = ?"
        connection.exec_driver_sql(statement, (PAST, session_id))


@pytest.fixture(scope="module")
def report(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs, with the report of the call's."""
    folder = tmp_path_factory.mktemp("runs")
    with copied(told, folder / "cofi.db") as database:
        write_report(summarise(database, RUN), folder / RUN)
    return folder


@pytest.fixture
def database(
    told: Path, report: Path, tmp_path: Path, connection: Connect, setting: Connect
) -> Iterator[Database]:
    agents = tmp_path / "agents.csv"
    agents.write_text("user,agent\n" + "".join(f"{who},{AGENT}\n" for who in AGENTS))
    connection("cofi_db", conn_type="sqlite", host=str(tmp_path / "cofi.db"))
    setting("people", PEOPLE)
    setting("agents_of_people", agents)
    setting("listening_folder", tmp_path / "listening")
    setting("runs_folder", report)
    assert report_folder(Settings.load(), RUN) == report / RUN
    with copied(told, tmp_path / "cofi.db") as opened:
        yield opened


@pytest.fixture
def as_(database: Database) -> Iterator[As]:
    shards = [MappedTask("audit.gpu_a.llm1", 0, "gpu_a · 0")]
    with served() as outer, airflow_shows_runs_to("pia", "rob"):
        app.dependency_overrides[listing] = lambda: lambda dag_id, run_id: shards
        yield lambda name: client_of(outer, name)


@pytest.fixture
def close(database: Database) -> Callable[[], None]:
    """Closes all sessions."""
    row = CalibrationSessionRow
    closing = update(row).where(row.closed_at.is_(None)).values(closed_at=datetime.now(UTC))
    return lambda: database.write(lambda connection: connection.execute(closing) and None)


def _stands(database: Database) -> str:
    """What is answered to the criterion that nobody has disputed."""
    query = select(AnswerRow.answer).join(AuditRow, AuditRow.audit_id == AnswerRow.audit_id)
    its = (AuditRow.call_id == CALL) & (AnswerRow.criterion_id == OTHER)
    return str(database.read(lambda connection: connection.scalar(query.where(its))))


def _tells(as_: As, database: Database, who: str, route: str) -> bool:
    ask, method = TELLING[route], route.split(maxsplit=1)[0]
    if ask.taken:
        mine = {"state": "taken", "taken_by": who, "taken_at": datetime.now(UTC)}
        database.write(lambda connection: connection.execute(update(ReviewItemRow).values(**mine)) and None)
    sent = {name: _stands(database) if value == "{stands}" else value for name, value in ask.json.items()}
    more = {"json": sent, "headers": WRITES} if method == "POST" else {}
    told = as_(who).request(method, f"/cofi{ask.url}", **more)
    assert told.status_code in {200, 400, 403}, told.text
    return re.search(ask.trace, told.text) is not None


def test_every_route_is_in_one_of_the_tables() -> None:
    routes = {f"{sorted(one.methods)[0]} {one.path}" for one in app.routes if isinstance(one, APIRoute)}
    assert routes == {*TELLING, *NOT_TELLING}


@pytest.mark.parametrize("route", TELLING)
def test_a_participant_is_told_once_the_session_is_closed(
    as_: As, database: Database, close: Callable[[], None], route: str
) -> None:
    participant, _ = TELLING[route].people
    assert not _tells(as_, database, participant, route)
    close()
    assert _tells(as_, database, participant, route)


@pytest.mark.parametrize("route", TELLING)
def test_whoever_takes_no_part_is_told_all_the_while(as_: As, database: Database, route: str) -> None:
    _, reader = TELLING[route].people
    assert _tells(as_, database, reader, route)


@pytest.mark.parametrize("url", [url for url in NOT_TELLING.values() if url])
def test_the_other_pages_tell_nothing_of_one_call(as_: As, database: Database, url: str) -> None:
    still_open = select(CalibrationSessionRow.session_id).filter_by(closed_at=None)
    session_id = database.read(lambda connection: connection.scalar(still_open))
    page = as_("pia").get(f"/cofi{url.format(open=session_id)}")
    assert page.status_code in {200, 307, 403}, page.text
    assert not re.search(rf"{WORD}|61\.25", page.text)


@pytest.mark.parametrize("page", ["", "/group", "/criterion"])
def test_a_week_of_one_call_tells_its_participant_nothing(as_: As, database: Database, page: str) -> None:
    alone = "Only Once"

    def apart(connection: Connection) -> None:
        connection.execute(update(CallRow).where(CallRow.call_id == CALL).values(agent=alone, agent_id=None))
        count_days(connection, DAYS)

    database.write(apart)
    asked = {"until": DAYS[-1], "name": alone, "criterion": DISPUTED, "scorecard": "service_call"}
    asked = {name: asked[name] for name in ("until", "scorecard", *(("name", "criterion") if page else ()))}
    participant, reader = (as_(who).get(f"/cofi/trends{page}", params=asked) for who in ("pia", "rob"))
    assert (participant.status_code, reader.status_code) == (200, 200)
    assert alone in reader.text
    tells = {
        "": rf"{alone}</a> <small>\(calls",
        "/group": r"\b61\.\d %|\b61 %",
        "/criterion": r"of 1 answers?\b",
    }
    assert re.search(tells[page], reader.text)
    assert not re.search(tells[page], participant.text)
