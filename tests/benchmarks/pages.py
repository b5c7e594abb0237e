"""`make bench-pages`: how long the pages take at a million calls, alone and with 50 people at once.

The database is made of copies of the sample calls, spread over days: as many rows as a site has after years.
PostgreSQL with 1,000,000 calls when COFI_TEST_POSTGRES_URL names one, and SQLite with 100,000.
"""

# isort: off
import tests.airflow_home  # noqa: F401
# isort: on

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import Engine, func, insert, select, text

from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import AnswerRow, AuditRow, DisputeRow
from include.review.calibrating import Plan, open_session
from include.review.filling import fill
from include.review.machine import count_machine
from include.review.people import Actor
from include.review.rules import ReviewRules
from include.search.indexing import index_calls
from include.trends.counting import count_days
from include.trends.reading import Weeks
from tests.demo_calls import audited_by_demo
from tests.history.building import without_checks
from tests.history.copying import Copy, columns_of, copy_rows, keep_originals, rows_of
from tests.history.databases import as_airflow_connection, own_database
from tests.plugins.people import AGENTS, PEOPLE, USER, WRITES

PAGE = Path(__file__).parents[2] / "docs" / "pages.md"
LIMIT_MS = 300
CALLS_PER_DAY = 10_000
LAST_DAY = date(2026, 11, 15)
_ROUNDS = 15
_PEOPLE = 50
_EACH = 6
# How long somebody looks at a page before opening the next, from..to: at work, and as fast as one can click.
# Of the API server: one is Airflow's default, as many as cores is its advice.
_WORKERS = (1, 2)
_PACES = {"a page each 5 to 10 s": (5, 10), "a page each 1 to 2 s": (1, 2)}
# What lists, the queue and searches look at is there for all calls. What a page reads of one call, by key, is
# there for so many, the newest: the rest would be many GB that no page looks at.
_WHOLE_CALLS = 20_000
_OF_ONE_CALL = frozenset({"stage_results", "llm_results", "call_facts"})
_TABLES = (
    *("calls", "transcripts", "stage_results", "llm_results", "audits", "answers", "call_facts"),
    *("review_items", "review_draws", "indexed_calls", "spoken"),
)
# A word of one call in so many, as a customer's name is; and so many people answer for a site's calls.
_RARE, _ONE_IN = "zanzibar", 5_000
_AGENTS = 300
_AGENT = f"t.{{}} || ' ' || (copies.n % {_AGENTS // 8})"
# What is counted of a day, and how many disputes and sessions people have.
_OF_DAYS = ("trend_scores", "trend_answers", "machine_days", "machine_answers")
_DISPUTES, _DISPUTES_OPEN, _SESSIONS = 400, 80, 20
_CHANGED = {
    ("calls", "agent"): _AGENT.format("agent"),
    ("calls", "agent_id"): _AGENT.format("agent_id"),
    # Nearly all have been done.
    ("review_items", "state"): "CASE WHEN copies.n < 300 THEN t.state ELSE 'done' END",
    (
        "spoken",
        "words",
    ): f"t.words || CASE WHEN copies.n % {_ONE_IN // 24} = 0 THEN ' {_RARE}' ELSE '' END",
    **{(table, "*"): f"copies.n < {_WHOLE_CALLS // 24}" for table in _OF_ONE_CALL},
}

_MOST_CALLS = text(
    "SELECT name FROM trend_scores WHERE dimension = :by GROUP BY name ORDER BY sum(calls) DESC, name LIMIT 1"
)

# Milliseconds of each request, by what was asked.
Times = dict[str, list[float]]


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__)
    parser.add_argument("--sqlite-calls", type=int, default=100_000)
    parser.add_argument("--postgres-calls", type=int, default=1_000_000)
    parser.add_argument(
        "--kept", help="name of a database on the server: made once, and measured again as it is"
    )
    chosen = parser.parse_args()
    measured = []
    with TemporaryDirectory(prefix="cofi-pages-") as folder:
        url = f"sqlite:///{folder}/cofi.db"
        if chosen.sqlite_calls:
            measured.append(("SQLite", *_measure(url, chosen.sqlite_calls, Path(folder))))
        server = os.environ.get("COFI_TEST_POSTGRES_URL")
        if server and chosen.postgres_calls:
            with own_database(server, chosen.kept) as url:
                measured.append(("PostgreSQL", *_measure(url, chosen.postgres_calls, Path(folder))))
    sections = [_section(*one) for one in measured]
    PAGE.write_text(_page([*_kept_sections([name for name, *_ in measured]), *sections]))
    print(PAGE.read_text())


def _measure(url: str, calls: int, folder: Path) -> tuple[int, Times, Times]:
    began_s = time.monotonic()
    upgrade(url)
    database = Database(url)
    stored = _count(database)
    if not stored:
        asyncio.run(_seed(database))
        stored = _multiply(url, database, calls)
    # A database that was kept may be of before these were looked at.
    if not _count(database, "machine_days"):
        _count_days(database)
    if not _count(database, "disputes"):
        _let_people_differ(database)
    print(f"{stored:,} calls made in {time.monotonic() - began_s:.0f} s", flush=True)
    routes = _routes(database)
    with _pages(url, folder, 1) as at, httpx.Client(headers={USER: "admin"}, timeout=60) as client:
        alone = {name: [_time(client, at, route) for _ in range(_ROUNDS)] for name, route in routes.items()}
    many = {}
    for workers in _WORKERS:
        with _pages(url, folder, workers) as at:
            for pace, (from_s, to_s) in _PACES.items():
                told = f"{pace}, {workers} worker{'s' * (workers > 1)}"
                many[told] = _at_once(at, list(routes.values()), from_s, to_s)
    database.close()
    return stored, alone, many


async def _seed(database: Database) -> None:
    batches = await audited_by_demo(database, redact=False)
    index_calls(database)
    with database.writing() as connection:
        for batch in batches:
            fill(connection, batch.batch_id, ReviewRules())


def _count_days(database: Database) -> None:
    """Counts one day as the end of a run does, and gives every other day the same figures."""
    day = LAST_DAY
    database.write(lambda connection: count_days(connection, [day]))
    database.write(lambda connection: count_machine(connection, [day]))
    with database.writing() as connection:
        days = connection.execute(text("SELECT DISTINCT day FROM calls")).scalars().all()
        others = [{"other": other, "day": day} for other in days if str(other) != str(day)]
        for table in _OF_DAYS:
            names = ", ".join(name for name in columns_of(table) if name != "day")
            of_day = f"SELECT :other, {names} FROM {table} WHERE day = :day"
            connection.execute(text(f"DELETE FROM {table} WHERE day <> :day"), {"day": day})
            connection.execute(text(f"INSERT INTO {table} (day, {names}) {of_day}"), others)


def _let_people_differ(database: Database) -> None:
    """Disputes, open and decided, of calls that agents have objected to; and sessions of calibration."""
    now = datetime.now(UTC)
    with database.writing() as connection:
        answers = select(AuditRow.call_id, AnswerRow.audit_id, AnswerRow.criterion_id, AnswerRow.answer)
        of_calls = answers.join(AuditRow, AuditRow.audit_id == AnswerRow.audit_id)
        one_each = AnswerRow.criterion_id == select(func.min(AnswerRow.criterion_id)).scalar_subquery()
        current = of_calls.where(one_each, AuditRow.superseded_at.is_(None)).order_by(AnswerRow.audit_id)
        found = connection.execute(current.limit(_DISPUTES)).all()
        connection.execute(insert(DisputeRow), [_dispute(n, one, now) for n, one in enumerate(found)])
        calls = list(dict.fromkeys(one.call_id for one in found))
        for n in range(_SESSIONS):
            plan = Plan(f"Session {n}", people=("ana", "ben"), calls=tuple(calls[n : n + 5]))
            open_session(connection, Actor("carla"), plan, now)


def _dispute(n: int, answer: Any, now: datetime) -> dict[str, Any]:
    row = {"dispute_id": f"{n:036}", "call_id": answer.call_id, "audit_id": answer.audit_id}
    row |= {"criterion_id": answer.criterion_id, "disputed_answer": answer.answer, "held_answer": "na"}
    row |= {"raised_by": "daniel", "raised_at": now, "why": "It was said later in the call."}
    row |= {"due_at": now + timedelta(hours=n), "state": "open"}
    ended = {"state": "kept", "decided_by": "carla", "decided_at": now, "answer": answer.answer}
    decided = {**dict.fromkeys(("decided_by", "decided_at", "answer", "decision")), **row}
    return decided if n < _DISPUTES_OPEN else decided | ended | {"decision": "It was not."}


def _multiply(url: str, database: Database, calls: int) -> int:
    """Copies all rows of the sample calls, until there are so many calls; how many there are."""
    own = database.write(keep_originals)
    copies = -(-calls // own)
    per_day = max(1, CALLS_PER_DAY // own)
    with database.reading() as connection:
        batch_id = connection.execute(text("SELECT min(batch_id) FROM batches")).scalar_one()
    database.close()
    with without_checks(url) as engine:
        _without_vector(engine)
        for first in range(0, copies, 500):
            numbers = range(first, min(copies, first + 500))
            some = [Copy(n, LAST_DAY - timedelta(days=n // per_day), batch_id) for n in numbers]
            with engine.begin() as connection:
                copy_rows(connection, some, _TABLES, _CHANGED)
            print(f"\r{min(copies, first + 500) * own:,} of {calls:,} calls", end="", flush=True)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("CREATE INDEX ix_spoken_vector ON spoken USING gin (vector)"))
        connection.execute(text("ANALYZE"))
    return _count(database)


def _without_vector(engine: Engine) -> None:
    """Drops PostgreSQL's index of spoken words: filled row by row it takes hours."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("DROP INDEX ix_spoken_vector"))


def _count(database: Database, table: str = "calls") -> int:
    return database.read(lambda connection: rows_of(connection, table))


@contextmanager
def _pages(url: str, folder: Path, workers: int) -> Iterator[str]:
    """Web servers, each a process as a worker of Airflow's API server is, on one port of loopback."""
    settings = {
        "AIRFLOW_CONN_COFI_DB": json.dumps(as_airflow_connection(url)),
        "AIRFLOW__COFI__PEOPLE": PEOPLE,
        "AIRFLOW__COFI__AGENTS_OF_PEOPLE": str(AGENTS),
        "AIRFLOW__COFI__LISTENING_FOLDER": str(folder / "listening"),
    }
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listens:
        fd, at = listens.fileno(), f"http://127.0.0.1:{listens.getsockname()[1]}/cofi"
        command = [sys.executable, "-m", "tests.benchmarks.page_server", str(fd), json.dumps(settings)]
        running = [subprocess.Popen(command, pass_fds=[fd]) for _ in range(workers)]
        try:
            httpx.get(f"{at}/days", headers={USER: "admin"}, timeout=120).raise_for_status()
            yield at
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()


Ask = Callable[[httpx.Client, str], httpx.Response]


def _routes(database: Database) -> dict[str, Ask]:
    """What people open: the first page of each list, one far into it, a call, the next item."""
    with database.reading() as connection:
        one = connection.execute(text("SELECT call_id FROM audits ORDER BY audit_id LIMIT 1")).scalar_one()
        days = connection.execute(text("SELECT DISTINCT day FROM calls ORDER BY day")).scalars().all()
        asked = text("SELECT criterion_id FROM answers WHERE answer = 'no' ORDER BY 1 LIMIT 1")
        criterion = connection.execute(asked).scalar_one()
        agent, queue = (
            quote(connection.execute(_MOST_CALLS, {"by": by}).scalar_one()) for by in ("agent", "queue")
        )
        span = Weeks.until(days[-1] if isinstance(days[-1], date) else date.fromisoformat(days[-1]), 8)
    old, new = days[len(days) // 8], days[-3]

    def get(path: str, **headers: str) -> Ask:
        return lambda client, at: client.get(at + path, headers=headers)

    return {
        "To review": get("/review"),
        "To review, an item taken": lambda client, at: client.post(
            at + "/review/next", json={}, headers=WRITES
        ),
        "Days": get("/days"),
        "Days, long ago": get(f"/days?before={old}"),
        "A day": get(f"/days/{new}"),
        "A day, in its middle": get(f"/days/{new}?after=2"),
        "A day, failed calls": get(f"/days/{new}?state=failed"),
        "A call": get(f"/calls/{one}"),
        "My calls": get("/mine", **{USER: "daniel"}),
        "Search, a form": get("/search"),
        "Search, a word of most calls": get("/search?text=account"),
        "Search, a phrase and who said it": get("/search?text=" + quote('agent:"how can I help"')),
        "Search, a word of few calls": get(f"/search?text={_RARE}"),
        "Search, a word of no call": get("/search?text=xylophone"),
        "Search, an answer and a score": get(f"/search?criterion={criterion}&answer=no&max_pct=80"),
        "Search, a criterion not met": get(f"/search?criterion={criterion}&met=not_met"),
        "Search, an agent's calls without it": get(
            f"/search?criterion={criterion}&met=not_met&agent={agent}&exact=true"
            f"&first_day={span.first}&last_day={span.last}"
        ),
        "Trends, by agent": get("/trends?weeks=13"),
        "Trends, a year by agent": get("/trends?weeks=52"),
        "Trends, an agent": get(f"/trends/group?by=agent&name={agent}&weeks=13"),
        "Trends, a queue": get(f"/trends/group?by=queue&name={queue}&weeks=13"),
        "Trends, a criterion by agent": get(f"/trends/criterion?by=agent&criterion={criterion}&weeks=13"),
        "Trends, a year of a criterion": get(f"/trends/criterion?by=agent&criterion={criterion}&weeks=52"),
        "Certified rates": get("/trends/certified"),
        "Disputes": get("/disputes"),
        "Calibration": get("/calibration"),
    }


def _time(client: httpx.Client, at: str, ask: Ask) -> float:
    began_s = time.perf_counter()
    answer = ask(client, at)
    assert answer.status_code == 200, answer.text[:300]
    return 1000 * (time.perf_counter() - began_s)


def _at_once(at: str, routes: Sequence[Ask], from_s: float, to_s: float) -> list[float]:
    """Fifty people, each opening pages one after the other; they begin at any time, and read between."""

    def person(number: int) -> list[float]:
        chance = random.Random(number)
        with httpx.Client(headers={USER: "admin"}, timeout=60) as client:
            found = []
            time.sleep(chance.uniform(0, to_s))
            for turn in range(_EACH):
                time.sleep(chance.uniform(from_s, to_s))
                found.append(_time(client, at, routes[(number + turn) % len(routes)]))
            return found

    with ThreadPoolExecutor(_PEOPLE) as people:
        return [ms for found in people.map(person, range(_PEOPLE)) for ms in found]


def _page(sections: Sequence[str]) -> str:
    head = (
        "# How long the pages take\n\n"
        f"Made by `make bench-pages`. A page is to answer within {LIMIT_MS} ms. Milliseconds of {_ROUNDS} "
        "requests; the whole request, sent over loopback to the web server. Where many more processes than "
        "cores want to run, the quickest request is nearest to what a page takes by itself. A worker is one "
        "of Airflow's API server (`[api] workers`)."
    )
    return "\n\n".join([head, *sections]) + "\n"


def _kept_sections(names: Sequence[str]) -> list[str]:
    """What the page says of databases other than these."""
    sections = [f"## {one.strip()}" for one in PAGE.read_text().split("\n## ")[1:]]
    return [one for one in sections if not one.startswith(tuple(f"## {name}," for name in names))]


def _section(name: str, calls: int, alone: Times, many: Times) -> str:
    lines = [
        f"## {name}, {calls:,} calls of history",
        "",
        f"On {datetime.now(UTC).date()}, {os.cpu_count()} cores, which {os.getloadavg()[1]:.0f} processes "
        "of all kinds wanted to run on.",
        "",
        "| page | quickest | median | slowest |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {page} | {min(ms):.0f} | {statistics.median(ms):.0f} | {max(ms):.0f} |"
        for page, ms in alone.items()
    ]
    lines += [
        "",
        f"{_PEOPLE} people at once, each of whom opens the pages above in turn:",
        "",
        "| pace | median | 95 % within | slowest |",
        "|---|---:|---:|---:|",
    ]
    for pace, ms in many.items():
        p95 = sorted(ms)[round(0.95 * (len(ms) - 1))]
        lines.append(f"| {pace} | {statistics.median(ms):.0f} | {p95:.0f} | {max(ms):.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
