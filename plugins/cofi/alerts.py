"""Alerts: messages that people get at once, by mail, in a chat, or through the webhook."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from airflow.sdk import AsyncCallback, BaseNotifier, Context, DeadlineAlert, DeadlineReference
from airflow.sdk.configuration import conf
from asgiref.sync import sync_to_async
from sqlalchemy import Connection, select

from cofi.hooks.connections import base_url, connection_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.gpu_host import GpuHostHook
from cofi.runs import AUDIT_DAG, batch_id_of, run_of
from cofi.settings import Settings
from include.alerts import chat, conditions, once
from include.alerts.alert import Alert, in_one_message
from include.alerts.conditions import Ended, Thresholds
from include.database.engine import Database
from include.database.models import BatchRow
from include.database.outbox import announce_alert
from include.errors import CofiError, EventRefused

log = logging.getLogger(__name__)

_ENDED = ("success", "failed")


class RunAlerts(BaseNotifier):
    """Tells what of a run that has ended is worth an alert; Airflow calls it in its DAG processor.

    Args:
        failed: Whether it is the callback of failed runs.
    """

    def __init__(self, *, failed: bool) -> None:
        super().__init__()
        self.failed = failed

    def notify(self, context: Context) -> None:
        """Looks at the run, and at the disks."""
        settings = Settings.load()
        dag_id, run_id = context["dag"].dag_id, str(context["run_id"])
        link, why = link_to(dag_id, run_id), str(context.get("reason") or "") if self.failed else ""
        ended = Ended(batch_id_of(dag_id, run_id), self.failed, f"Airflow says: {why}." if why else "", link)
        limits = _thresholds(settings)
        with _database() as database:
            alerts = database.read(lambda connection: conditions.of_run(connection, ended, limits))
            alerts += conditions.of_disks(_free_bytes(settings), limits, datetime.now(UTC), link)
            tell(settings, database, alerts)


class DeadLetterAlerts(BaseNotifier):
    """Tells of events that nobody will send again."""

    def notify(self, context: Context) -> None:
        """Looks at the outbox."""
        with _database() as database:
            now = datetime.now(UTC)
            tell(Settings.load(), database, database.read(lambda c: conditions.of_dead_letters(c, now)))


def callbacks(settings: Settings) -> dict[str, Any]:
    """Arguments of an audit's DAG: none while no alert goes anywhere."""
    if not settings.alerts_are_on:
        return {}
    ends: dict[str, Any] = {
        "on_failure_callback": [RunAlerts(failed=True)],
        "on_success_callback": [RunAlerts(failed=False)],
    }
    if settings.needed_by is None:
        return ends
    # A run's logical date is the beginning of the day that it audits.
    interval = timedelta(days=1) + settings.needed_by
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=interval,
        callback=AsyncCallback("cofi.alerts.missed_deadline"),
        name="day audited",
    )
    return {**ends, "deadline": alert}


def dead_letter_callbacks(settings: Settings) -> dict[str, Any]:
    """The callbacks of the DAG that sends events, which fails when some are dead."""
    return {"on_failure_callback": [DeadLetterAlerts()]} if settings.alerts_are_on else {}


def tell_of_failed(database: Database, batch_id: str) -> None:
    """Tells, where nobody has yet, of an audit that failed by books which were closed after its end.

    Airflow may show it as success, so that its callbacks told nothing.

    Raises:
        EventRefused: No place took it.
    """
    settings, (dag_id, run_id) = Settings.load(), run_of(batch_id)
    if not settings.alerts_are_on or dag_id != AUDIT_DAG:
        return
    ended = Ended(batch_id, failed=True, link=link_to(dag_id, run_id))
    found = database.read(lambda connection: conditions.of_run(connection, ended, _thresholds(settings)))
    tell(settings, database, found)


async def missed_deadline(context: Mapping[str, Any]) -> None:
    """Airflow's triggerer calls it for a run that still goes on at its deadline."""
    # Connections are asked for in a thread: the triggerer's loop answers them.
    await sync_to_async(_tell_of_deadline)(context)


def tell(settings: Settings, database: Database, alerts: Sequence[Alert]) -> None:
    """Sends the alerts that nobody has raised yet, to every place that is set, as one message.

    Raises:
        EventRefused: No place took it; the next look of `close_runs` tries again.
    """
    now, token = datetime.now(UTC), str(uuid4())

    def claim(connection: Connection) -> list[Alert]:
        mine = once.claimed(connection, alerts, token, now, settings.timezone)
        if mine and settings.alert_webhook:
            alert = in_one_message(mine)
            announce_alert(connection, alert.key, _event(alert, settings.timezone), now)
            once.sent(connection, [one.key for one in mine], token, now)
        return mine

    if not (mine := database.write(claim)):
        return
    alert = in_one_message(mine)
    for one in mine:
        log.warning("Alert %s: %s", one.key, one.subject)
    taken = _taken(settings, alert.key, alert.headline, alert.text(settings.timezone))
    if not settings.alert_webhook:
        _note(database, [one.key for one in mine], token, taken, alert.headline)


def tell_owed(database: Database) -> list[str]:
    """Sends, each by itself, the alerts that were raised before and have reached nobody.

    Returns:
        Their keys.

    Raises:
        EventRefused: No place took one; the next look tries again, for `close_runs_patience_h` hours.
    """
    settings, now, token = Settings.load(), datetime.now(UTC), str(uuid4())
    if not settings.alerts_are_on:
        return []
    since = now - timedelta(hours=settings.close_runs_patience_h)
    found = database.write(lambda connection: once.claimed_of_owed(connection, token, now, since))
    for number, owed in enumerate(found):
        taken = _taken(settings, owed.key, owed.subject, owed.text)
        if settings.alert_webhook:  # it was set after the alert was raised
            database.write(
                lambda connection, one=owed: announce_alert(connection, one.key, _event_of(one), now)
            )
            taken = True
        # Who refuses one has no time for the others.
        keys = [owed.key] if taken else [one.key for one in found[number:]]
        _note(database, keys, token, taken, owed.subject)
    return [owed.key for owed in found]


def link_to(dag_id: str, run_id: str) -> str:
    """The run's page in Airflow."""
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return f"{base}/dags/{dag_id}/runs/{run_id}" if base else ""


def _thresholds(settings: Settings) -> Thresholds:
    return Thresholds(settings.alert_quarantined_share, settings.alert_free_disk_gib)


def _event(alert: Alert, timezone: str) -> dict[str, Any]:
    return {
        "subject": alert.headline,
        "text": alert.text(timezone),
        "since": alert.since.isoformat(),
        "link": alert.link,
        "also": [{"key": one.key, "subject": one.subject} for one in alert.also],
    }


def _event_of(owed: once.Owed) -> dict[str, Any]:
    """The event of an alert as it is stored: its text names the run."""
    since = owed.raised_at.isoformat()
    return {"subject": owed.subject, "text": owed.text, "since": since, "link": "", "also": []}


def _places(settings: Settings) -> dict[str, Callable[[str, str], None]]:
    places: dict[str, Callable[[str, str], None]] = {}
    if settings.alert_email:
        places["alert_email"] = lambda subject, text: _mail(settings.alert_addresses, subject, text)
    if settings.alert_chat:
        places["alert_chat"] = lambda subject, text: asyncio.run(
            chat.post(_chat_url(settings.alert_chat), subject, text)
        )
    return places


def _note(database: Database, keys: Sequence[str], token: str, taken: bool, subject: str) -> None:
    """Notes whether a place has taken the caller's alerts.

    Raises:
        EventRefused: None did.
    """
    if taken:
        database.write(lambda connection: once.sent(connection, keys, token, datetime.now(UTC)))
        return
    database.write(lambda connection: once.given_back(connection, keys, token))
    raise EventRefused(f"No place took the alert: {subject}. The log says why, place by place.")


def _taken(settings: Settings, key: str, subject: str, text: str) -> bool:
    """Whether one of the places took an alert. Each is tried: a failure of one keeps no other from it."""
    taken = [_takes(place, send, key, subject, text) for place, send in _places(settings).items()]
    return any(taken)


def _takes(place: str, send: Callable[[str, str], None], key: str, subject: str, text: str) -> bool:
    """Whether a place took an alert, whatever its error is."""
    try:
        send(subject, text)
    except Exception as error:
        log.error("[cofi] %s did not take the alert %s: %s", place, key, error)
        return False
    return True


def _mail(to: Sequence[str], subject: str, text: str) -> None:
    # Every task loads this module with the DAG's file, and sends no mail.
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415

    html = f"<p>{escape(text).replace(chr(10), '<br>')}</p>"
    SmtpNotifier(to=list(to), subject=f"[cofi] {subject}", html_content=html).notify({})


def _chat_url(conn_id: str) -> str:
    """The whole URL is a secret: it stands as the password, or as host and path."""
    connection = connection_of(conn_id)
    if connection.password:
        return str(connection.password)
    return base_url(connection.schema, connection.host, connection.port)


def _tell_of_deadline(context: Mapping[str, Any]) -> None:
    run, deadline = context["dag_run"], context["deadline"]
    if run.get("state") in _ENDED:  # Airflow forgets the deadline of a run that succeeded, and of no other
        return
    dag_id, run_id = str(run["dag_id"]), str(run.get("dag_run_id") or run["run_id"])
    batch_id, needed_by = batch_id_of(dag_id, run_id), deadline["deadline_time"]
    if isinstance(needed_by, str):
        needed_by = datetime.fromisoformat(needed_by)
    settings = Settings.load()
    with _database() as database:
        query = select(BatchRow.day).where(BatchRow.batch_id == batch_id)
        day = database.read(lambda c: c.execute(query).scalar_one_or_none())
        day = day or _day_of(run, settings.timezone)
        late = conditions.late(day, batch_id, needed_by, link_to(dag_id, run_id), settings.timezone)
        tell(settings, database, [late])


def _day_of(run: Mapping[str, Any], timezone: str) -> date:
    """The day of a run that has not even opened its batch: it began at the site's midnight."""
    return datetime.fromisoformat(str(run["logical_date"])).astimezone(ZoneInfo(timezone)).date()


def _free_bytes(settings: Settings) -> dict[str, int]:
    """Free disk space of this machine and of the hosts that report it, in bytes."""
    settings.runs_folder.mkdir(parents=True, exist_ok=True)
    return {"the workers": shutil.disk_usage(settings.runs_folder).free, **asyncio.run(_of_hosts(settings))}


async def _of_hosts(settings: Settings) -> dict[str, int]:
    free = {}
    for name in settings.hosts:
        try:
            async with GpuHostHook(name).get_conn() as host:
                free[f"GPU host {name}"] = (await host.status()).free_disk_bytes
        except CofiError as error:
            log.info("host=%s tells nothing of its disk: %s", name, error)
    return free


@contextmanager
def _database() -> Iterator[Database]:
    """Cofi's database for the length of a block."""
    database = CofiDatabaseHook().get_conn()
    try:
        yield database
    finally:
        database.close()
