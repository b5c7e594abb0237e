"""`make bench-history`: how long the steps of a night take after days and after years of history.

Nights of so many calls are spent after each length of history, on SQLite, and on PostgreSQL when
COFI_TEST_POSTGRES_URL names a server whose user is a superuser. Days are copies of a real one:
`tests.history`. Each part that is measured is added to docs/history-benchmark.json at once; the page is made
of all that is there.

    make bench-history ARGS="--days 0 30 1000"
"""

# isort: off
import tests.airflow_home  # noqa: F401 - before anything of Airflow
# isort: on

import argparse
import asyncio
import json
import logging
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from include.database.migrations import upgrade
from tests.benchmarks.history_page import FIGURES, PAGE, WHOLE_DAYS, WHOLE_ONE_IN, Part, add, page
from tests.history.copying import OF_CALLS, rows_of
from tests.history.databases import as_airflow_connection, own_database
from tests.history.days import History
from tests.history.night import Night
from tests.history.timing import clock_of, timed

# Nights come after all days of history, with days between them.
_FIRST_NIGHT, _BETWEEN = date(2026, 1, 10), timedelta(days=4)
_WARM_UP_CALLS = 100
# Of each step, the longest statements are kept.
_STATEMENTS, _SHORTEST_S = 200, 0.001
_LEAN = ("calls", "batch_calls", "audits", "webhook_outbox")
# What is long, and read of one call only.
_TEXTS = {
    ("transcripts", "transcript"): "'{}'",
    ("stage_results", "result"): "'{}'",
    ("llm_results", "answer"): "'{}'",
    ("webhook_outbox", "payload"): "'{}'",
    ("answers", "justification"): "''",
    ("answers", "evidence"): "'[]'",
    **{("audits", name): "'[]'" for name in ("sections", "review_reasons", "strengths", "coaching")},
    ("audits", "comment"): "''",
}
_WHOLE = tuple(table for table in OF_CALLS if table not in {"spoken", "indexed_calls"})
_SPARSE = {(table, "*"): f"copies.n % {WHOLE_ONE_IN} = 0" for table in _WHOLE if table not in _LEAN}


@dataclass(frozen=True)
class Chosen:
    """What is measured: histories of so many days, of `calls` each; `nights` of `calls` after each."""

    days: Sequence[int]
    calls: int
    nights: int


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.history", description=__doc__)
    parser.add_argument("--days", type=int, nargs="*", default=[0, 30])
    parser.add_argument("--calls", type=int, default=10_000, help="of each day, and of a night")
    parser.add_argument("--nights", type=int, default=2, help="after each history: the fastest counts")
    parser.add_argument("--large-day", type=int, default=0, help="calls of one more night, without history")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    for name in chosen.databases:
        if chosen.days:
            _measure(name, Chosen(sorted(chosen.days), chosen.calls, chosen.nights))
        if chosen.large_day:
            _measure(name, Chosen([0], chosen.large_day, 1))
    PAGE.write_text(page(json.loads(FIGURES.read_text())))
    print(PAGE.read_text())


def _measure(name: str, chosen: Chosen) -> None:
    """Nothing for a database that is not there."""
    server = os.environ.get("COFI_TEST_POSTGRES_URL", "")
    with TemporaryDirectory(prefix="cofi-history-") as folder, ExitStack() as opened:
        url = f"sqlite:///{folder}/cofi.db"
        if name == "postgresql":
            if not server:
                return
            url = opened.enter_context(own_database(server))
        os.environ["AIRFLOW_CONN_COFI_DB"] = json.dumps(as_airflow_connection(url))
        llm = {"conn_type": "http", "host": "http://llm/v1", "extra": {"model": "m"}}
        os.environ["AIRFLOW_CONN_COFI_LLM"] = json.dumps(llm)
        os.environ["AIRFLOW__COFI__GPU_HOSTS"] = "gpu_a"
        os.environ["AIRFLOW__COFI__RUNS_FOLDER"] = f"{folder}/runs"
        upgrade(url)
        asyncio.run(_nights(name, History(url, Path(folder) / "calls"), Path(folder) / "calls", chosen))


async def _nights(name: str, history: History, folder: Path, chosen: Chosen) -> None:
    await history.begin()
    day = _FIRST_NIGHT
    # What is loaded and compiled once.
    await _spend(Night(history, folder, day, _WARM_UP_CALLS))
    made = 0
    for length in chosen.days:
        nights = [day := day + _BETWEEN for _ in range(chosen.nights)]
        _lengthen(name, history, range(made, length), nights, chosen.calls)
        made = max(made, length)
        calls = history.database.read(lambda connection: rows_of(connection, "calls"))
        part = _part(name, chosen.calls, length, calls)
        for night in nights:
            await _spend(Night(history, folder, night, chosen.calls), part)
            shutil.rmtree(folder)
        add(part)
    history.database.close()


def _lengthen(name: str, history: History, days: range, nights: Sequence[date], calls: int) -> None:
    """Adds days to the history, and the one before each night, which is looked at again."""
    began_s = time.monotonic()
    older = [_FIRST_NIGHT - timedelta(days=2 + n) for n in days]
    whole = [day for n, day in zip(days, older, strict=True) if n < WHOLE_DAYS]

    def said(count: int) -> None:
        print(f"{name}: {count} days more, {time.monotonic() - began_s:.0f} s", flush=True)

    with history.quickly():
        history.add(whole, calls, _WHOLE, _TEXTS, said)
        history.add(older[len(whole) :], calls, _WHOLE, {**_TEXTS, **_SPARSE}, said)
        history.add([night - timedelta(days=1) for night in nights], calls, _WHOLE, _TEXTS)
        said(0)
    history.analyse()
    print(f"{name}: indexed, {time.monotonic() - began_s:.0f} s", flush=True)


def _part(name: str, calls: int, days: int, history: int) -> Part:
    return Part(
        database=name,
        calls=calls,
        days=days,
        history=history,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.0f}",
        command=f"python -m tests.benchmarks.history {' '.join(sys.argv[1:])}",
    )


async def _spend(night: Night, part: Part | None = None) -> None:
    """A night, in steps that are timed, each of them and each of its statements."""

    @contextmanager
    def around(step: str) -> Iterator[None]:
        clock = clock_of(night.dialect)
        began_s = clock()
        with timed() as found:
            yield
        taken_s = clock() - began_s - found.asking_s
        if part:
            longest = sorted(found.seconds.items(), key=lambda item: -item[1])[:_STATEMENTS]
            kept = {sql: s for sql, s in longest if s >= _SHORTEST_S}
            part.seen(step, taken_s, kept, {sql: found.read[sql] for sql in kept})
            print(f"  {step}: {taken_s:.2f} s, statements {sum(found.seconds.values()):.2f} s", flush=True)

    await night.spend(around)


if __name__ == "__main__":
    main()
