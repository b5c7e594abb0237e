"""A run that goes on at its deadline is told of by mail: found by Airflow's scheduler, sent by its triggerer.

Of Airflow only these two are started, on databases of their own. The DAG is paused: its run works for ever.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from include.database.engine import Database
from include.database.models import AlertRow, OutboxRow
from include.demo.keys import keys_in
from include.demo.ports import free_port
from include.demo.processes import run_to_end
from include.demo.stack import DAG_ID, Stack
from tests.empty_database import empty_database

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]

ROOT = Path(__file__).parents[2]
PORTS = ("airflow", "worker_log", "triggerer_log")
LONGEST_S = 240
RUN = "night-2026-11-16"
TRIGGER = [
    *("dags", "trigger", DAG_ID, "--logical-date", "2026-11-16T00:00:00+00:00"),
    *("--conf", json.dumps({"day": "2026-11-16"}), "--run-id", RUN),
]
# Commands of Airflow one after the other: loading it takes most of what each would take.
IN_TURN = """
import json, sys
from airflow.__main__ import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["airflow", *words]
    main()
"""


@dataclass
class Post:
    """A mail server that keeps what it is sent."""

    port: int
    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    @property
    def connection(self) -> dict[str, Any]:
        extra = {"from_email": "cofi@example.org", "disable_tls": True, "disable_ssl": True}
        return {"conn_type": "smtp", "host": "127.0.0.1", "port": self.port, "extra": extra}


@pytest.fixture
def post() -> Iterator[Post]:
    kept = Post(free_port())
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    yield kept
    controller.stop()


@pytest.fixture
def site(tmp_path: Path, post: Post) -> Iterator[Stack]:
    """A site that wants yesterday audited by 08:00, and to be told by mail and webhook where it is not.

    The run of a day long ago is triggered.
    """
    for name in ("dags", "plugins", "include", "airflow.cfg"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "var" / "stack").mkdir(parents=True)
    ports = {name: free_port() for name in PORTS}
    (tmp_path / "var" / "stack" / "state.json").write_text(json.dumps({"ports": ports}))
    keys_in(tmp_path / "var" / "secrets")
    empty_database(tmp_path / "var" / "cofi.db")
    stack = Stack(
        tmp_path,
        {
            "AIRFLOW_CONN_COFI_DB": json.dumps(
                {"conn_type": "sqlite", "host": str(tmp_path / "var" / "cofi.db")}
            ),
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(post.connection),
            "AIRFLOW__COFI__ALERT_EMAIL": "qa@example.org",
            "AIRFLOW__COFI__ALERT_WEBHOOK": "True",
            "AIRFLOW__COFI__ALERT_DEADLINE": "08:00",
            "AIRFLOW__COFI__TIMEZONE": "UTC",
            "AIRFLOW__COFI__LLM_REDACT_PII": "False",  # no task runs that needs the models
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "AIRFLOW__COFI__CLOSE_RUNS_SCHEDULE": "0 0 1 1 *",
        },
    )
    commands = [["db", "migrate"], ["dags", "reserialize"], TRIGGER]
    in_turn = [sys.executable, "-c", IN_TURN, json.dumps(commands)]
    done = run_to_end(in_turn, stack.environment, stack.home, LONGEST_S)
    assert done.returncode == 0, done.stdout + done.stderr
    yield stack
    for process in stack.processes.started:
        os.killpg(process.pid, signal.SIGKILL)  # nothing of it is to be kept
    stack.down()


def test_a_day_that_is_not_audited_in_time_is_told_by_mail_and_webhook(site: Stack, post: Post) -> None:
    for component in ("scheduler", "triggerer"):
        command = [str(Path(sys.executable).parent / "airflow"), component]
        site.processes.start(component, command, site.environment, site.home)
    deadline_s = time.monotonic() + LONGEST_S
    while not post.mails:
        assert not (trouble := site.processes.trouble()), trouble
        assert time.monotonic() < deadline_s, site.processes.end_of_log("triggerer")
        time.sleep(0.5)

    (mail,) = post.mails
    assert (mail["to"], mail["subject"]) == (
        "qa@example.org",
        "[cofi] The calls of 2026-11-16 are not audited yet",
    )
    (body,) = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/html"]
    assert "The run of 2026-11-16 still works at 08:00 UTC, when it should have ended." in body
    assert f"/dags/{DAG_ID}/runs/{RUN}" in body
    with Database(site.database_url).reading() as connection:
        assert connection.execute(select(AlertRow.key)).scalars().all() == [f"deadline/{RUN}"]
        (event,) = connection.execute(select(OutboxRow.event_type, OutboxRow.payload)).all()
    assert event.event_type == "alert"
    assert event.payload["data"]["subject"] == "The calls of 2026-11-16 are not audited yet"
