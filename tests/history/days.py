"""Days of calls that were audited, as runs leave them: as many as a site has after years."""

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, bindparam, insert, text

from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.stage import STAGES
from include.database import batches, days, owed
from include.database.batches import Batch
from include.database.columns import UtcDateTime
from include.database.engine import Database, chunks
from include.database.models import LaneRow, ReviewedScoreRow
from include.review.filling import fill
from include.review.machine import count_machine
from include.review.rules import ReviewRules
from include.search.indexing import index_calls
from include.trends.counting import count_days
from tests.demo_calls import DAYS, audited_by_demo
from tests.history.building import without_checks
from tests.history.copying import OF_CALLS, Changed, CopiedDay, Copy, copy_days, copy_rows, keep_originals

# Copies are numbered from this day on.
FIRST = date(2023, 1, 1)
HOSTS = ("gpu_a", "gpu_b")
# In a transaction.
_DAYS_AT_ONCE = 50
# Of a day; so there is room for four years of days.
_MOST_COPIES = 10_000
_SHARDS = 20
_NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


class History:
    """A database with an original day, of which others are copies.

    Args:
        url: Of a database that is empty, with all tables.
        location: Where the recordings are said to lie, in folders of days.
    """

    def __init__(self, url: str, location: Path) -> None:
        self.url = url
        self.database = Database(url)
        self.location = f"file://{location}"
        self._card = ""
        self._calls = 0
        self._writing: Callable[[], AbstractContextManager[Connection]] = self.database.writing

    async def begin(self) -> None:
        """Makes the originals: two days of sample calls, audited, with all that follows at a run's end.

        Copies are made of the first of them.
        """
        made = await audited_by_demo(self.database, redact=False)
        self._card = str(made[0].scorecard_sha256)
        with self.database.writing() as connection:
            for batch in made:
                _end(connection, batch)
                fill(connection, batch.batch_id, ReviewRules())
            _leave_more(connection)
            count_days(connection, DAYS)
            count_machine(connection, DAYS)
        for batch in made:
            index_calls(self.database, batch.batch_id)
        self._calls = self.database.write(lambda connection: keep_originals(connection, DAYS[0]))

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Adds days in here without checks, and with indexes made at the end."""
        self.database.close()
        gc.collect()  # what tasks have opened in this process is closed as they are forgotten
        with without_checks(self.url) as engine:
            self._writing = engine.begin
            yield
            self._writing = self.database.writing

    def add(
        self,
        audited: Sequence[date],
        calls: int,
        tables: Sequence[str] = OF_CALLS,
        changed: Changed | None = None,
        said: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Adds days of about so many calls each, audited by a run each, and ended.

        Args:
            audited: Which days.
            calls: Of each.
            tables: What the calls have rows in.
            changed: See `copy_rows`.
            said: Hears how many days were added, some at a time.
        """
        times = self._times(calls)
        of_runs = {
            **{(table, "location"): f"'{self.location}'" for table in ("batches", "runs")},
            ("batches", "ledger"): f"'{json.dumps({'audited': times * self._calls})}'",
        }
        for some in chunks(audited, _DAYS_AT_ONCE):
            with self._writing() as connection:
                copied = [CopiedDay(day, self.batch(day).batch_id, times) for day in some]
                copy_days(connection, copied, of_runs)
                self._copy(connection, [self.batch(day) for day in some], times, tables, changed or {})
            said(len(some))

    def add_unended(self, batch: Batch, calls: int) -> None:
        """Adds a day whose calls are all audited, and whose run has still to close its books."""
        new = {("audits", "considered_at"): "NULL", ("batch_calls", "state"): "NULL"}
        later = {"indexed_calls", "spoken", "webhook_outbox"}
        tables = [name for name in OF_CALLS if name not in later and not name.startswith("review")]
        with self._writing() as connection:
            batches.open_batch(connection, batch)
            _judge(connection, batch)
            self._copy(connection, [batch], self._times(calls), tables, new)

    def batch(self, day: date) -> Batch:
        """The run of a day."""
        return Batch(f"audit-of-{day}", day, self.location, {"day": str(day)}, scorecard_sha256=self._card)

    def analyse(self) -> None:
        """Lets PostgreSQL know what is in it, as it does by itself; nobody does that for SQLite."""
        with self.database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("ANALYZE"))

    def _times(self, calls: int) -> int:
        return -(-calls // self._calls)

    def _copy(
        self, connection: Connection, some: Sequence[Batch], times: int, tables: Sequence[str], more: Changed
    ) -> None:
        copies = [
            Copy((batch.day - FIRST).days * _MOST_COPIES + n, batch.day, batch.batch_id)
            for batch in some
            for n in range(times)
        ]
        of_folder = {
            ("calls", "path"): "copies.own || '-' || t.path",
            ("calls", "uri"): f"'{self.location}/' || copies.day || '/' || copies.own || '-' || t.path",
        }
        copy_rows(connection, copies, tables, {**of_folder, **more})


def _end(connection: Connection, batch: Batch) -> None:
    _judge(connection, batch)
    _lanes(connection, batch)
    batches.close(connection, batch)
    owed.close(connection, batch.batch_id, None)
    owed.reported(connection, batch.batch_id)
    owed.cleaned(connection, batch.batch_id)


def _leave_more(connection: Connection) -> None:
    """What the sample calls have not: failed tries, money, people's answers."""
    scores = [column.name for column in ReviewedScoreRow.__table__.columns]
    own = {
        "not_auditable": "NULL",
        "answered": "1",
        "changed": "0",
        "reviewers": "'[]'",
        "reviewed_at": ":at",
    }
    hash_of = "substr(substr(call_id, 10) || substr(call_id, 10) || substr(call_id, 10) || call_id, 1, 64)"
    for made in (
        f"UPDATE calls SET sha256 = {hash_of}, sample_sha256 = {hash_of}",
        "INSERT INTO failures (batch_id, call_id, stage, shard, host, attempt, kind, message, failed_at) "
        "SELECT batch_id, call_id, 'stt', 0, 'gpu_a', 1, 'host_busy', 'busy', :at FROM batch_calls",
        "INSERT INTO llm_spending (batch_id, call_id, stage, model, prompt_tokens, completion_tokens, "
        "cached_tokens, cost_usd, paid_at) "
        "SELECT batch_id, call_id, 'llm2', 'm', 900, 90, 0, 0.001, :at FROM batch_calls",
        f"INSERT INTO reviewed_scores ({', '.join(scores)}) "
        f"SELECT {', '.join(own.get(name, name) for name in scores)} FROM audits",
        "INSERT INTO review_answers (audit_id, criterion_id, answer, kind, verdict, machine_answer, reason, "
        "sample, blind, reviewer, answered_at, call_id) "
        "SELECT n.audit_id, n.criterion_id, n.answer, 'review', 'confirm', n.answer, '', "
        "'random', (1 = 1), 'anna', :at, a.call_id "
        "FROM answers n JOIN audits a ON a.audit_id = n.audit_id WHERE n.criterion_id = 'closing'",
        "INSERT INTO reviewed_answers "
        "(audit_id, criterion_id, answer, standing, earned, potential, auto_fail) "
        "SELECT audit_id, criterion_id, answer, 'counted', 1.0, 1.0, 'none' "
        "FROM answers WHERE criterion_id = 'closing'",
    ):
        told = text(made)
        at = [bindparam("at", _NOON, UtcDateTime)] if ":at" in made else []
        connection.execute(told.bindparams(*at))


def _judge(connection: Connection, batch: Batch) -> None:
    days.record_day(connection, batch.batch_id, JudgedDay(batch.day, DayState.OK, Verdict.OK, 0))


def _lanes(connection: Connection, batch: Batch) -> None:
    """Of two hosts, each in `_SHARDS` shards."""
    told = {"attempt": 1, "waiting": 9, "in_flight": 0} | dict.fromkeys(
        ("began_at", "seen_at", "ended_at"), _NOON
    )
    rows = [
        {"batch_id": batch.batch_id, "shard": shard, "stage": stage, "host": HOSTS[shard % 2], **told}
        for shard in range(_SHARDS)
        for stage in STAGES
    ]
    connection.execute(insert(LaneRow), rows)
