"""Days of calls that were audited, as runs leave them: as many as a site has after years."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, Date, bindparam, insert, text, update

from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.stage import STAGES
from include.database import batches, days, owed
from include.database.batches import Batch
from include.database.columns import UtcDateTime
from include.database.engine import Database
from include.database.models import BatchRow, LaneRow, ReviewedScoreRow, RunRow, TrendAnswerRow, TrendScoreRow
from include.review.filling import fill
from include.review.rules import ReviewRules
from include.search.indexing import index_calls
from include.trends.counting import count_days
from tests.demo_calls import DAYS, audited_by_demo
from tests.history.copying import Changed, Copy, calls_in, copy_rows

# Copies are numbered from this day on.
FIRST = date(2020, 1, 1)
HOSTS = ("gpu_a", "gpu_b")
# All that a call leaves.
EVERYTHING = (
    *("calls", "transcripts", "indexed_calls", "batch_calls", "stage_results", "llm_results", "call_facts"),
    *("call_reasons", "call_signals", "call_commitments", "call_entities", "audits", "answers"),
    *("failures", "llm_spending", "review_items", "review_draws", "review_answers", "reviewed_answers"),
    *("reviewed_scores", "webhook_outbox", "spoken"),
)
_COPIES_AT_ONCE = 500
# Of a day.
_MOST_COPIES = 10_000
_SHARDS = 20
_NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


class History:
    """A database with an original day, of which others are copies.

    Args:
        database: Empty, with all tables.
        location: Where the recordings are said to lie, in folders of days.
    """

    def __init__(self, database: Database, location: Path) -> None:
        self.database = database
        self.location = f"file://{location}"
        self._card = ""
        self._originals: list[str] = []

    async def begin(self) -> None:
        """Makes the originals: two days of sample calls, audited, with all that follows at a run's end."""
        made = await audited_by_demo(self.database, redact=False)
        self._card = str(made[0].scorecard_sha256)
        with self.database.writing() as connection:
            for batch in made:
                _end(connection, batch)
                fill(connection, batch.batch_id, ReviewRules())
            _leave_more(connection)
            count_days(connection, DAYS)
            self._originals = calls_in(connection)
        for batch in made:
            index_calls(self.database, batch.batch_id)

    def add(
        self,
        audited: Sequence[date],
        calls: int,
        tables: Sequence[str] = EVERYTHING,
        changed: Changed | None = None,
    ) -> None:
        """Adds days of about so many calls each, audited by a run each, and ended.

        Args:
            audited: Which days.
            calls: Of each.
            tables: What the calls have rows in.
            changed: See `copy_rows`.
        """
        for day in audited:
            batch, ended_at = self.batch(day), _midnight(day)
            with self.database.writing() as connection:
                self._open(connection, batch)
                self._copy(connection, batch, calls, tables, changed or {})
                _lanes(connection, batch.batch_id, day)
                _counted(connection, day)
                of_batch = update(BatchRow).where(BatchRow.batch_id == batch.batch_id)
                connection.execute(of_batch.values(closed_at=ended_at, ledger={"audited": calls}))
                of_run = update(RunRow).where(RunRow.batch_id == batch.batch_id)
                ended = dict.fromkeys(("closed_at", "reported_at", "cleaned_at"), ended_at)
                connection.execute(of_run.values(failed=False, **ended))

    def add_unended(self, batch: Batch, calls: int) -> None:
        """Adds a day whose calls are all audited, and whose run has still to close its books."""
        new = {("audits", "considered_at"): "NULL", ("batch_calls", "state"): "NULL"}
        left_out = {
            "indexed_calls",
            "spoken",
            "webhook_outbox",
            *(t for t in EVERYTHING if t.startswith("review")),
        }
        with self.database.writing() as connection:
            self._open(connection, batch)
            self._copy(connection, batch, calls, [t for t in EVERYTHING if t not in left_out], new)

    def batch(self, day: date) -> Batch:
        """The run of a day."""
        return Batch(f"audit-of-{day}", day, self.location, {"day": str(day)}, scorecard_sha256=self._card)

    def analyse(self) -> None:
        """Lets the database know what is in it, as PostgreSQL does by itself."""
        with self.database.writing() as connection:
            connection.execute(text("ANALYZE"))

    def _open(self, connection: Connection, batch: Batch) -> None:
        batches.open_batch(connection, batch)
        days.record_day(connection, batch.batch_id, JudgedDay(batch.day, DayState.OK, Verdict.OK, 0))

    def _copy(
        self, connection: Connection, batch: Batch, calls: int, tables: Sequence[str], more: Changed
    ) -> None:
        count = -(-calls // len(self._originals))
        first = (batch.day - FIRST).days * _MOST_COPIES
        of_run = {(table, "batch_id"): "copies.batch_id" for table in tables}
        of_folder = {
            ("calls", "path"): "t.path || '~' || copies.n",
            ("calls", "uri"): f"'{self.location}/' || copies.day || '/' || t.path || '~' || copies.n",
            ("llm_spending", "paid_at"): "copies.day",
            ("review_answers", "answered_at"): "copies.day",
            ("reviewed_scores", "reviewed_at"): "copies.day",
            ("calls", "sha256"): "substr(t.call_id || '~' || copies.n, 1, 64)",
            ("calls", "sample_sha256"): "substr(t.call_id || '~' || copies.n, 1, 64)",
        }
        for start in range(first, first + count, _COPIES_AT_ONCE):
            numbers = range(start, min(first + count, start + _COPIES_AT_ONCE))
            some = [Copy(n, batch.day, batch.batch_id) for n in numbers]
            copy_rows(connection, self._originals, some, tables, {**of_run, **of_folder, **more})


def _end(connection: Connection, batch: Batch) -> None:
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
    for made in (
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


def _lanes(connection: Connection, batch_id: str, day: date) -> None:
    """Of two hosts, each in `_SHARDS` shards."""
    at = _midnight(day)
    told = {"attempt": 1, "waiting": 9, "in_flight": 0, "began_at": at, "seen_at": at, "ended_at": at}
    rows = [
        {"batch_id": batch_id, "shard": shard, "stage": stage, "host": HOSTS[shard % len(HOSTS)], **told}
        for shard in range(_SHARDS)
        for stage in STAGES
    ]
    connection.execute(insert(LaneRow), rows)


def _counted(connection: Connection, day: date) -> None:
    """The same figures as the originals' day."""
    for table in (TrendScoreRow.__table__, TrendAnswerRow.__table__):
        names = [column.name for column in table.columns]
        made = ", ".join(":day" if name == "day" else name for name in names)
        copied = text(f"INSERT INTO {table} ({', '.join(names)}) SELECT {made} FROM {table} WHERE day = :of")
        connection.execute(
            copied.bindparams(bindparam("day", type_=Date), bindparam("of", type_=Date)),
            {"day": day, "of": DAYS[0]},
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
