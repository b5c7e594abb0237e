"""`make bench-history`: how long the steps of a night take after days and after years of history.

A night of so many calls is spent after each length of history, on SQLite, and on PostgreSQL when
COFI_TEST_POSTGRES_URL names a server. Days are copies of real rows: `tests.history`.

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
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import Base
from tests.history.copying import rows_of
from tests.history.databases import as_airflow_connection, own_database
from tests.history.days import EVERYTHING, History
from tests.history.night import Night

PAGE = Path(__file__).parents[2] / "docs" / "history-benchmark.md"
GOAL = 1.5
# Nights come after all days of history, with days between them.
_FIRST_NIGHT, _BETWEEN = date(2026, 1, 10), timedelta(days=4)
# Older days have only what every query of many calls comes by.
_WHOLE_DAYS = 30
_LEAN = ("calls", "batch_calls", "audits", "webhook_outbox")
# What is long, and read of one call only.
_TEXTS = {
    ("transcripts", "transcript"): "'{}'",
    ("stage_results", "result"): "'{}'",
    ("llm_results", "answer"): "'{}'",
    ("webhook_outbox", "payload"): "'{}'",
    ("answers", "justification"): "''",
    ("answers", "evidence"): "'[]'",
}
_WHOLE = tuple(table for table in EVERYTHING if table not in {"spoken", "indexed_calls"})
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# By these, originals are found while days are copied.
_KEPT_KEYS = frozenset({"call_id", "audit_id", "facts_id", "item_id"})


@dataclass
class Measured:
    """The nights on one database: seconds by step, and calls of history, by days of it."""

    name: str
    calls: int
    seconds: dict[int, dict[str, float]] = field(default_factory=dict)
    history: dict[int, int] = field(default_factory=dict)


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.history", description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[0, 30])
    parser.add_argument("--calls", type=int, default=10_000, help="of each day, and of the night")
    parser.add_argument("--large-day", type=int, default=0, help="calls of one more night, without history")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    measured = []
    for name in chosen.databases:
        measured += list(_measured(name, sorted({0, *chosen.days}), chosen.calls))
        if chosen.large_day:
            measured += list(_measured(name, [0], chosen.large_day))
    PAGE.write_text(_page(measured))
    print(PAGE.read_text())


def _measured(name: str, days: Sequence[int], calls: int) -> Iterator[Measured]:
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
        yield asyncio.run(_nights(name, url, Path(folder) / "calls", days, calls))


async def _nights(name: str, url: str, folder: Path, days: Sequence[int], calls: int) -> Measured:
    found, database = Measured(name, calls), Database(url)
    history = History(database, folder)
    await history.begin()
    made = 0
    for number, length in enumerate(days):
        night = Night(history, folder, _FIRST_NIGHT + number * _BETWEEN, calls)
        began_s = time.monotonic()
        with _without_indexes(database):
            older = [_FIRST_NIGHT - timedelta(days=2 + n) for n in range(made, length)]
            history.add(older[:_WHOLE_DAYS], calls, _WHOLE, _TEXTS)
            history.add(older[_WHOLE_DAYS:], calls, _LEAN, _TEXTS)
            # The day before is looked at again, whatever the history.
            history.add([night.day - timedelta(days=1)], calls, _WHOLE, _TEXTS)
        made = max(made, length)
        history.analyse()
        with database.reading() as connection:
            found.history[length] = rows_of(connection, "calls")
        print(f"{name}: {length} days made in {time.monotonic() - began_s:.0f} s", flush=True)
        steps = found.seconds.setdefault(length, {})
        await night.spend(lambda step, steps=steps: _timed(steps, step))
        shutil.rmtree(folder)
    database.close()
    return found


@contextmanager
def _timed(steps: dict[str, float], name: str) -> Iterator[None]:
    began_s = time.perf_counter()
    yield
    steps[name] = time.perf_counter() - began_s
    print(f"  {name}: {steps[name]:.2f} s", flush=True)


@contextmanager
def _without_indexes(database: Database) -> Iterator[None]:
    """Days are copied much sooner without them; those stay by which the originals are found."""
    indexes = [
        index
        for table in Base.metadata.sorted_tables
        for index in table.indexes
        if not index.unique and next(iter(index.columns)).name not in _KEPT_KEYS
    ]
    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA cache_size = -2000000"))
        for index in indexes:
            index.drop(connection)
    yield
    with database.writing() as connection:
        for index in indexes:
            index.create(connection)


def _page(measured: Sequence[Measured]) -> str:
    lines = [
        "# A night after days and after years",
        "",
        f'Made on {datetime.now(UTC):%Y-%m-%d} by `make bench-history ARGS="{" ".join(sys.argv[1:])}"` '
        f"({os.cpu_count()} cores, {platform.machine()}). The steps of a night, in one process and "
        "without Airflow's own work; recordings of 3 s lie on a local disk, and the host answers "
        "at once. The day before the night is there in all cases, because it is looked at again.",
        "",
        f"Each time beside its ratio to that without history: the goal is {GOAL} at most. Of the newest "
        f"{_WHOLE_DAYS} days of a history there is all but texts and search indexes; of older ones there are "
        f"calls, batches, audits, events, lanes and trends: {', '.join(f'`{table}`' for table in _LEAN)}, "
        "`lanes`, `trend_scores`, `trend_answers`.",
    ]
    for one in measured:
        days = list(one.seconds)
        head = [f"{n:,} days, {one.history[n]:,} calls" for n in days]
        lines += [
            "",
            f"## {_NAMES[one.name]}, a night of {one.calls:,} calls",
            "",
            f"| step | {' | '.join(head)} |",
            f"|---|{'---:|' * len(days)}",
        ]
        for step, alone_s in one.seconds[days[0]].items():
            cells = [f"{one.seconds[n][step]:.2f} s ({one.seconds[n][step] / alone_s:.2f})" for n in days]
            lines.append(f"| {step} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
