"""Alerts reach people by mail, chat and webhook, once each, with what happened and what to do."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.controller import Controller
from airflow.sdk import DeadlineAlert

from cofi import alerts, closing
from cofi.settings import Settings
from include.alerts.alert import Alert
from include.calls.call import CallState
from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.stage import Stage
from include.database import days, owed
from include.database.batches import Batch
from include.database.models import AlertRow, OutboxRow
from include.database.outcomes import Failure
from include.errors import EventRefused, InvalidInput, RunFailed
from tests.plugins.shard import CALLS
from tests.unit.database.seeding import DAY, Day

NOW = datetime(2026, 11, 17, 6, tzinfo=UTC)


@dataclass
class Post:
    """A mail server that keeps what it is sent."""

    mails: list[Message] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "554 no"
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    @property
    def subjects(self) -> list[str]:
        return sorted(str(mail["subject"]) for mail in self.mails)


def said_in(mail: Message) -> str:
    (body,) = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/html"]
    return str(body)


@pytest.fixture
def post(connection, setting) -> Iterator[Post]:
    """Alerts go to it by mail."""
    kept = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {"from_email": "cofi@example.org", "disable_tls": True, "disable_ssl": True}
    connection("smtp_default", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)
    setting("alert_email", "qa@example.org, ops@example.org")
    setting("alert_free_disk_gib", 0)
    setting("gpu_hosts", "")
    yield kept
    controller.stop()


def end(run_id: str = "run-1", *, failed: bool = False) -> None:
    """A run ends, as Airflow tells the DAG's callbacks."""
    context = {"dag": SimpleNamespace(dag_id="audit_calls"), "run_id": run_id, "reason": "task_failure"}
    alerts.RunAlerts(failed=failed).notify(context)  # type: ignore[arg-type]


def test_a_failed_run_is_told_once_with_all_that_one_needs(day: Day, batch: Batch, post: Post) -> None:
    day.audit(batch, CALLS[0])
    end(failed=True)
    end(failed=True)
    (mail,) = post.mails
    assert mail["subject"] == "[cofi] The audit of 2026-11-16 failed"
    assert mail["to"] == "qa@example.org, ops@example.org"
    body = said_in(mail)
    for told in ("Airflow says: task_failure", "1 audited", "2 pending", "Since: ", "Trigger the day again"):
        assert told in body
    assert "/dags/audit_calls/runs/run-1" in body


def test_a_failed_run_says_why_when_its_books_know(day: Day, batch: Batch, post: Post) -> None:
    with day.database.writing() as connection:
        owed.close(connection, batch.batch_id, "/srv/calls has no folder 2026-11-16")
    end(failed=True)
    (mail,) = post.mails
    assert "/srv/calls has no folder 2026-11-16 The ledger: " in said_in(mail)
    assert "task_failure" not in said_in(mail)


def test_a_failed_run_says_of_what_most_calls_failed(day: Day, batch: Batch, post: Post) -> None:
    refused = "the LLM API refuses (401): check the API key"
    reasons = [("llm_unusable", refused), ("answer_invalid", "no JSON"), ("llm_unusable", refused)]
    for call, (kind, why) in zip(CALLS, reasons, strict=True):
        day.save(batch, Stage.LLM1, [Failure(call.call_id, kind, why, state=CallState.FAILED)])
    end(failed=True)
    (mail,) = post.mails
    assert f"The most frequent reason (2 calls): llm1: {refused}. The ledger: " in said_in(mail)
    assert "no JSON" not in said_in(mail)


def test_a_run_that_is_well_is_no_alert(day: Day, batch: Batch, post: Post) -> None:
    day.audit(batch, *CALLS)
    end()
    assert post.mails == [] and day.rows(AlertRow) == []


def test_a_run_that_failed_before_it_knew_its_day_is_told(day: Day, post: Post) -> None:
    end("nothing", failed=True)
    end("nothing-either")
    assert post.subjects == ["[cofi] A run failed before it began"]


def test_a_run_that_had_no_batch_is_told_with_what_its_first_task_failed_of(day: Day, post: Post) -> None:
    with day.database.writing() as connection:
        owed.begin(connection, "nothing")
        owed.close(connection, "nothing", "2027-11-20 has not come yet: enter a day up to today.")
    end("nothing", failed=True)
    (mail,) = post.mails
    assert "2027-11-20 has not come yet: enter a day up to today." in said_in(mail)
    assert "task_failure" not in said_in(mail)


def test_all_that_one_run_came_to_is_one_message(day: Day, batch: Batch, post: Post) -> None:
    looked = JudgedDay(DAY, DayState.FEW, Verdict.WARN, 3, "3 recordings, 100 were expected")
    with day.database.writing() as connection:
        days.record_day(connection, batch.batch_id, looked)
    day.save(batch, Stage.DENOISE, [Failure(None, "host_misconfigured", "gpu_a answered 401: set its token")])
    day.save(batch, Stage.LLM1, [Failure(CALLS[1].call_id, "budget_reached", "used up")])
    unusable = Failure(CALLS[0].call_id, "recording_unusable", "no audio", state=CallState.QUARANTINED)
    day.save(batch, Stage.DENOISE, [unusable])
    end()
    end()
    (mail,) = post.mails
    assert mail["subject"] == "[cofi] 2026-11-16: recordings are missing, 3 came, and 3 more"
    body = said_in(mail)
    for told in (
        "Also: 1 of 3 recordings of 2026-11-16 quarantined",
        "Also: GPU host gpu_a is in trouble (host_misconfigured)",
        "set its token",
        "Also: The LLM budget ended the audit of 2026-11-16",
    ):
        assert told in body
    assert body.count("The run: ") == 1 and len(day.rows(AlertRow)) == 4


def test_a_day_that_fails_its_run_is_told_with_the_failure_alone(day: Day, batch: Batch, post: Post) -> None:
    lack = "/srv/calls has no folder 2026-11-16."
    with day.database.writing() as connection:
        days.record_day(connection, "run-1", JudgedDay(DAY, DayState.NO_FOLDER, Verdict.FAIL, 0, lack))
        owed.close(connection, "run-1", lack)
    end(failed=True)
    (mail,) = post.mails
    assert mail["subject"] == "[cofi] The audit of 2026-11-16 failed: no folder of recordings"
    assert said_in(mail).count(lack) == 1 and "the location is mounted" in said_in(mail)


def test_what_was_told_before_is_not_told_in_another_message(day: Day, batch: Batch, post: Post) -> None:
    day.save(batch, Stage.DENOISE, [Failure(None, "host_misconfigured", "gpu_a answered 401: set its token")])
    end()
    end(failed=True)
    first, second = post.mails
    assert "gpu_a" in first["subject"] and second["subject"] == "[cofi] The audit of 2026-11-16 failed"


def test_times_are_told_by_the_site_s_clock(day: Day, batch: Batch, post: Post, setting) -> None:
    setting("timezone", "Europe/Berlin")
    alerts.tell(Settings.load(), day.database, [one_alert()])
    (mail,) = post.mails
    assert "Since: 2026-11-17 07:00 CET" in said_in(mail)


def test_a_disk_that_fills_up_is_told_once_a_day(day: Day, batch: Batch, post: Post, setting) -> None:
    day.audit(batch, *CALLS)
    setting("alert_free_disk_gib", 1e9)
    end()
    end()
    assert post.subjects == ["[cofi] The disk of the workers is filling up"]


def test_dead_letters_are_told_and_how_to_send_them_again(day: Day, batch: Batch, post: Post) -> None:
    alerts.DeadLetterAlerts().notify({})  # type: ignore[typeddict-item]
    assert post.mails == []
    day.audit(batch, *CALLS)
    with day.database.writing() as connection:
        connection.execute(OutboxRow.__table__.update().values(dead_at=NOW, last_error="410 Gone"))
    for _ in range(2):
        alerts.DeadLetterAlerts().notify({})  # type: ignore[typeddict-item]
    (mail,) = post.mails
    assert mail["subject"] == "[cofi] 3 webhook events are dead letters"
    assert "410 Gone" in said_in(mail) and "cofi webhooks replay" in said_in(mail)


class TestDeadline:
    def run(self, **changes: Any) -> dict[str, Any]:
        about = {"dag_id": "audit_calls", "dag_run_id": "run-1", "logical_date": "2026-11-16T00:00:00Z"}
        return {"dag_run": about | changes, "deadline": {"deadline_time": "2026-11-17T08:00:00+00:00"}}

    async def test_a_day_that_is_not_through_is_told_once(self, day: Day, batch: Batch, post: Post) -> None:
        for _ in range(2):
            await alerts.missed_deadline(self.run())
        assert post.subjects == ["[cofi] The calls of 2026-11-16 are not audited yet"]

    @pytest.mark.parametrize("state", ["failed", "success"])
    async def test_a_run_that_has_ended_is_not_said_to_work(
        self, day: Day, batch: Batch, post: Post, state: str
    ) -> None:
        await alerts.missed_deadline(self.run(state=state))
        assert post.mails == []

    async def test_its_day_and_time_are_the_site_s(self, day: Day, post: Post, setting) -> None:
        setting("timezone", "Europe/Berlin")
        await alerts.missed_deadline(self.run(state="running", logical_date="2026-11-15T23:00:00Z"))
        (mail,) = post.mails
        assert mail["subject"] == "[cofi] The calls of 2026-11-16 are not audited yet"
        assert "still works at 09:00 CET" in said_in(mail)

    async def test_a_run_that_has_not_opened_its_batch_is_late_too(self, day: Day, post: Post) -> None:
        await alerts.missed_deadline(self.run())
        assert post.subjects == ["[cofi] The calls of 2026-11-16 are not audited yet"]

    def test_it_is_the_time_of_day_after_the_day(self, setting) -> None:
        setting("alert_email", "qa@example.org")
        assert "deadline" not in alerts.callbacks(Settings.load())
        setting("alert_deadline", "08:30")
        deadline = alerts.callbacks(Settings.load())["deadline"]
        assert isinstance(deadline, DeadlineAlert)
        assert deadline.interval == timedelta(hours=32, minutes=30)
        assert deadline.callback.path == "cofi.alerts.missed_deadline"
        setting("alert_deadline", "half past eight")
        with pytest.raises(InvalidInput, match="write a time of day like 08:00"):
            alerts.callbacks(Settings.load())


def test_without_a_place_nothing_is_watched(airflow_home) -> None:
    assert alerts.callbacks(Settings.load()) == alerts.dead_letter_callbacks(Settings.load()) == {}


def one_alert() -> Alert:
    return Alert("thing/1", "A <thing> & more", "It happened.", "Mend it.", NOW, "http://airflow/dags/x")


class TestOwed:
    """Alerts that no place took are sent by the looks of `close_runs`."""

    def raise_in_vain(self, day: Day, post: Post, *alerts_raised: Alert) -> None:
        post.refuses = True
        with pytest.raises(EventRefused, match="No place took the alert: A <thing>"):
            alerts.tell(Settings.load(), day.database, alerts_raised)
        post.refuses = False

    async def look(self) -> dict[str, list[str]]:
        return await closing.close_ended(lambda _: "running")

    async def test_the_next_look_sends_them_once_each_by_itself(self, day: Day, post: Post) -> None:
        self.raise_in_vain(day, post, one_alert(), replace(one_alert(), key="thing/2", subject="Another"))
        assert await self.look() == {"told": ["thing/1", "thing/2"]}
        assert await self.look() == {}
        assert post.subjects == ["[cofi] A <thing> & more", "[cofi] Another"]
        assert "It happened." in said_in(post.mails[0]) and "Since: 2026-11-17" in said_in(post.mails[0])

    async def test_a_look_that_reaches_nobody_either_fails_and_says_so(self, day: Day, post: Post) -> None:
        self.raise_in_vain(day, post, one_alert(), replace(one_alert(), key="thing/2"))
        post.refuses = True
        with pytest.raises(RunFailed, match=r"A <thing>.* The next look tries again"):
            await self.look()
        post.refuses = False
        assert await self.look() == {"told": ["thing/1", "thing/2"]}

    async def test_a_deadline_is_told_when_the_mail_server_is_back(
        self, day: Day, batch: Batch, post: Post
    ) -> None:
        post.refuses = True
        with pytest.raises(EventRefused):
            await alerts.missed_deadline(TestDeadline().run())
        post.refuses = False
        assert await self.look() == {"told": ["deadline/run-1"]}
        assert post.subjects == ["[cofi] The calls of 2026-11-16 are not audited yet"]

    async def test_nobody_is_asked_to_send_them_once_alerts_are_off(
        self, day: Day, post: Post, setting
    ) -> None:
        self.raise_in_vain(day, post, one_alert())
        setting("alert_email", "")
        assert await self.look() == {}

    async def test_what_the_webhook_has_is_not_owed_to_who_refused_it(
        self, day: Day, post: Post, setting
    ) -> None:
        setting("alert_webhook", True)
        post.refuses = True
        alerts.tell(Settings.load(), day.database, [one_alert()])
        post.refuses = False
        (row,) = day.rows(AlertRow)
        assert row["sent_at"] and len(self.events(day)) == 1
        assert await self.look() == {}

    async def test_a_webhook_that_was_set_meanwhile_takes_it(self, day: Day, post: Post, setting) -> None:
        self.raise_in_vain(day, post, one_alert())
        setting("alert_email", "")
        setting("alert_webhook", True)
        assert await self.look() == {"told": ["thing/1"]}
        assert await self.look() == {}
        (event,) = self.events(day)
        assert event["subject"] == "A <thing> & more" and "It happened." in event["text"]
        assert event["key"] == "thing/1" and set(event) == set(self.announced_at_once(day))

    def announced_at_once(self, day: Day) -> dict[str, Any]:
        alerts.tell(Settings.load(), day.database, [replace(one_alert(), key="thing/2")])
        (event,) = [event for event in self.events(day) if event["key"] == "thing/2"]
        return event

    def events(self, day: Day) -> list[dict[str, Any]]:
        return [row["payload"]["data"] for row in day.rows(OutboxRow) if row["event_type"] == "alert"]


async def test_a_chat_is_told_and_what_it_refuses_keeps_no_mail_back(
    day: Day, batch: Batch, post: Post, connection, setting
) -> None:
    said: list[Any] = []

    async def hook(request: web.Request) -> web.Response:
        said.append((request.path, await request.json()))
        return web.Response(status=200 if len(said) == 1 else 404, text="no_service")

    app = web.Application()
    app.router.add_post("/services/T0/B0/s3cret", hook)
    async with TestServer(app) as chat:
        url = str(chat.make_url("/services/T0/B0/s3cret"))
        connection("cofi_chat", conn_type="http", password=url)
        setting("alert_chat", "cofi_chat")
        await asyncio.to_thread(alerts.tell, Settings.load(), day.database, [one_alert()])
        other = Alert(**{**vars(one_alert()), "key": "thing/2"})
        await asyncio.to_thread(alerts.tell, Settings.load(), day.database, [other])
    assert said[0] == (
        "/services/T0/B0/s3cret",
        {
            "text": "*A &lt;thing&gt; &amp; more*\nIt happened.\nSince: 2026-11-17 06:00 UTC\n"
            "What to do: Mend it.\nThe run: http://airflow/dags/x"
        },
    )
    assert len(post.mails) == 2, "the mail goes though the chat refuses"


def test_the_webhook_carries_alerts_as_events(day: Day, batch: Batch, setting) -> None:
    setting("alert_webhook", True)
    for _ in range(2):
        alerts.tell(Settings.load(), day.database, [one_alert()])
    (event,) = [row for row in day.rows(OutboxRow) if row["event_type"] == "alert"]
    assert event["payload"]["data"]["subject"] == "A <thing> & more"
    assert event["payload"]["data"]["key"] == "thing/1" and event["next_attempt_at"]
    assert event["payload"]["data"]["also"] == []


def test_the_webhook_s_one_event_names_all_that_it_tells(day: Day, batch: Batch, setting) -> None:
    setting("alert_webhook", True)
    other = Alert(**{**vars(one_alert()), "key": "thing/2", "subject": "Another"})
    alerts.tell(Settings.load(), day.database, [one_alert(), other])
    (event,) = [row for row in day.rows(OutboxRow) if row["event_type"] == "alert"]
    assert event["payload"]["data"]["also"] == [{"key": "thing/2", "subject": "Another"}]
