"""The conditions that raise an alert: a failed or unusual day, spending, hosts, disks.

They are read from cofi's database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, func, select

from include.alerts.alert import Alert
from include.calls.call import CallState
from include.calls.days import DayState, JudgedDay, Verdict
from include.database import hosts
from include.database.batches import ledger_of
from include.database.days import own_day
from include.database.models import BatchRow, FailureRow, OutboxRow
from include.database.owed import run_of
from include.delivery import wording
from include.delivery.outcome import count_reasons
from include.errors import BudgetReached
from include.site_time import time_of_day

_GIB = 1 << 30
_READ_THE_REPORT = (
    "Open the run's Audit report: it tells what failed and why. Trigger the day again: only what is missing "
    "is done, and nothing is paid for twice."
)
_FIND_THEM = "See whether the recorder wrote them and the location is mounted; then trigger the day."
_TOLD_CHARS = 600
_DAYS = {
    DayState.NO_FOLDER: "no folder of recordings",
    DayState.EMPTY: "no recordings",
    DayState.FEW: "recordings are missing, {:,} came",
    DayState.UNREADABLE: "the recordings cannot be read",
}


@dataclass(frozen=True)
class Thresholds:
    """The limits beyond which an alert is sent.

    Attributes:
        quarantined_share: Of a run's recordings without duplicates and skipped ones.
        free_disk_gib: Less free room on a disk than this.
    """

    quarantined_share: float
    free_disk_gib: float


@dataclass(frozen=True)
class Ended:
    """How a run ended, as Airflow tells it.

    Attributes:
        batch_id: Of its batch.
        failed: Whether it failed.
        why: What Airflow says of that.
        link: To its page.
    """

    batch_id: str
    failed: bool
    why: str = ""
    link: str = ""


def of_run(connection: Connection, ended: Ended, thresholds: Thresholds) -> list[Alert]:
    """The alerts for a run that has ended, the gravest first; none of one that succeeded without a batch."""
    now = datetime.now(UTC)
    query = select(BatchRow.day, BatchRow.opened_at).where(BatchRow.batch_id == ended.batch_id)
    batch = connection.execute(query).one_or_none()
    if batch is None:
        return [_never_opened(connection, ended, now)] if ended.failed else []
    day, opened_at = batch.day, batch.opened_at
    alerts = [
        *_failed(connection, ended, day, opened_at),
        *_odd_day(connection, ended, opened_at),
        *_quarantined(connection, ended, day, opened_at, thresholds),
        *_without_money(connection, ended, day),
        *_hosts(connection, ended, day),
    ]
    return alerts


def of_disks(
    free_bytes: Mapping[str, int], thresholds: Thresholds, now: datetime, link: str = ""
) -> list[Alert]:
    """Disks that fill up, once a day each.

    Args:
        free_bytes: By what has the disk, such as a host's name.
        thresholds: When.
        now: The present time.
        link: To the run that looked.
    """
    return [
        Alert(
            key=f"disk/{name}/{now:%Y-%m-%d}",
            subject=f"The disk of {name} is filling up",
            happened=f"The disk of {name} has {free / _GIB:.1f} GiB free, less than "
            f"{thresholds.free_disk_gib:g} GiB.",
            mend="Make room on it: recordings of ended runs, logs, old reports. A full one fails every call.",
            since=now,
            link=link,
        )
        for name, free in sorted(free_bytes.items())
        if free < thresholds.free_disk_gib * _GIB
    ]


def of_dead_letters(connection: Connection, now: datetime) -> list[Alert]:
    """Webhook events that nobody will send again by itself, once a day."""
    row = OutboxRow
    query = select(func.count(), func.min(row.dead_at), func.max(row.last_error))
    count, since, why = connection.execute(query.where(row.dead_at.is_not(None))).one()
    if since is None:
        return []
    alert = Alert(
        key=f"dead_letters/{now:%Y-%m-%d}",
        subject=f"{count:,} webhook events are dead letters",
        happened=f"{count:,} events of the webhook were not taken at any attempt; one of them ended with: "
        f"{(why or 'no answer')[:_TOLD_CHARS]}",
        mend="Mend the receiver, then `cofi webhooks replay`.",
        since=since,
    )
    return [alert]


def late(day: date, batch_id: str, needed_by: datetime, link: str = "", timezone: str = "UTC") -> Alert:
    """A run that is not through at its deadline."""
    at = time_of_day(needed_by, timezone)
    return Alert(
        key=f"deadline/{batch_id}",
        subject=f"The calls of {day} are not audited yet",
        happened=f"The run of {day} still works at {at}, when it should have ended.",
        mend="See `cofi status` for what holds it up; `cofi plan` tells how many hosts a day needs.",
        since=needed_by,
        link=link,
    )


def _never_opened(connection: Connection, ended: Ended, now: datetime) -> Alert:
    """A run that has no batch: its books, if anybody could write them, say of what its first task failed."""
    run = run_of(connection, ended.batch_id)
    unknown = f"The run failed before it knew its day. {ended.why}".strip()
    return Alert(
        key=f"run/{ended.batch_id}",
        subject="A run failed before it began",
        happened=(run and (run.reason or run.trouble)) or unknown,
        mend="Mend what it names (the log of its red task has all of it), then trigger the run again.",
        since=now,
        link=ended.link,
    )


def _failed(connection: Connection, ended: Ended, day: date, opened_at: datetime) -> Iterable[Alert]:
    if not ended.failed:
        return
    run, absent = run_of(connection, ended.batch_id), _absent_day(connection, ended)
    why = (run and run.reason) or ended.why
    ledger = f"The ledger: {ledger_of(connection, ended.batch_id)}."
    yield Alert(
        key=f"run/{ended.batch_id}",
        subject=f"The audit of {day} failed" + (f": {_lack(absent)}" if absent else ""),
        happened=" ".join(
            part for part in (why, _reason_of_most(connection, ended.batch_id), ledger) if part
        ),
        mend=_FIND_THEM if absent else _READ_THE_REPORT,
        since=opened_at,
        link=ended.link,
    )


def _reason_of_most(connection: Connection, batch_id: str) -> str:
    """Of what most calls failed, with an example; nothing where none has."""
    reasons = [one for one in count_reasons(connection, batch_id) if one.state == CallState.FAILED]
    if not reasons:
        return ""
    most = max(reasons, key=lambda one: one.calls)
    return f"The most frequent reason ({wording.calls(most.calls)}): {_sentence(most.example[:_TOLD_CHARS])}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _odd_day(connection: Connection, ended: Ended, opened_at: datetime) -> Iterable[Alert]:
    judged = own_day(connection, ended.batch_id)
    # What the run failed of is told with its failure.
    if judged is None or judged.verdict is Verdict.OK or _absent_day(connection, ended):
        return
    yield Alert(
        key=f"day/{judged.day}/{judged.state}",
        subject=f"{judged.day}: {_lack(judged)}",
        happened=judged.problem or f"The day is {judged.state}.",
        mend=_FIND_THEM,
        since=opened_at,
        link=ended.link,
    )


def _absent_day(connection: Connection, ended: Ended) -> JudgedDay | None:
    """The day that a run failed of; None where it failed of something else, or did not fail."""
    judged = own_day(connection, ended.batch_id) if ended.failed else None
    return judged if judged and judged.verdict is Verdict.FAIL else None


def _lack(judged: JudgedDay) -> str:
    return _DAYS.get(judged.state, "").format(judged.recordings)


def _quarantined(
    connection: Connection, ended: Ended, day: date, opened_at: datetime, thresholds: Thresholds
) -> Iterable[Alert]:
    ledger = ledger_of(connection, ended.batch_id)
    worked_on = ledger.discovered - ledger.duplicate - ledger.skipped
    if not worked_on or ledger.quarantined / worked_on < thresholds.quarantined_share:
        return
    yield Alert(
        key=f"quarantined/{ended.batch_id}",
        subject=f"{ledger.quarantined:,} of {worked_on:,} recordings of {day} quarantined",
        happened=f"{ledger.quarantined:,} of {worked_on:,} recordings ({ledger.quarantined / worked_on:.0%}) "
        "cannot be worked on.",
        mend="The run's Audit report lists why. Many at once are seldom the recordings: look at the "
        "recorder, its format, and whether files were copied whole.",
        since=opened_at,
        link=ended.link,
    )


def _without_money(connection: Connection, ended: Ended, day: date) -> Iterable[Alert]:
    row = FailureRow
    mine = (row.batch_id == ended.batch_id) & (row.kind == BudgetReached.kind)
    query = select(func.count(row.call_id.distinct()), func.min(row.failed_at)).where(mine)
    calls, since = connection.execute(query).one()
    if not calls:
        return
    yield Alert(
        key=f"budget/{ended.batch_id}",
        subject=f"The LLM budget ended the audit of {day}",
        happened=f"{calls:,} calls of {day} wait: the LLM's budget is used up.",
        mend="Raise [cofi] llm_budget_per_run_usd or llm_budget_per_day_usd, and trigger the day again: what "
        "is paid for is not asked again.",
        since=since,
        link=ended.link,
    )


def _hosts(connection: Connection, ended: Ended, day: date) -> Iterable[Alert]:
    for host, trouble in sorted(hosts.troubles(connection, ended.batch_id).items()):
        yield Alert(
            key=f"host/{host}/{day}",
            subject=f"GPU host {host} is in trouble ({trouble.kind})",
            happened=_last_words(connection, ended.batch_id, host),
            mend="Do what the message says. Its calls went to other hosts; a day takes longer without it.",
            since=trouble.since,
            link=ended.link,
        )


def _last_words(connection: Connection, batch_id: str, host: str) -> str:
    row = FailureRow
    mine = (row.batch_id == batch_id) & (row.host == host) & row.call_id.is_(None)
    query = select(row.message).where(mine).order_by(row.id.desc()).limit(1)
    return str(connection.execute(query).scalar_one())[:_TOLD_CHARS]
