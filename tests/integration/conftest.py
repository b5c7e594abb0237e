"""A whole cofi for the tests that need one: Airflow, two GPU hosts and the LLM endpoint, as processes."""

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml
from sqlalchemy import func, select

from include.database.engine import Database
from include.database.models import CallRow, FailureRow, LlmResultRow, StageResultRow
from include.demo.stack import DAG_ID, Stack
from include.demo.standing import standing
from include.errors import CofiError
from include.plain_yaml import read_yaml

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "include" / "demo" / "sample_calls" / "recordings"
FIRST, SECOND, KILLED = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)
# The schedule audits yesterday; it audits today when midnight passes meanwhile.
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
# Airflow reads the DAG files seldom, which never change here; runs have few tasks, for days of few calls, and
# few workers; what looks every few minutes for something to do, is started by the test that wants it.
_NEVER = "0 0 1 1 *"
SPARING = {
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    "AIRFLOW__COFI__SHARDS_PER_HOST": "1",
    "AIRFLOW__COFI__RECOVERY_ROUNDS": "2",
    "AIRFLOW__COFI__CLOSE_RUNS_SCHEDULE": _NEVER,
    "AIRFLOW__COFI__WEBHOOK_SCHEDULE": _NEVER,
}
# Different parts of different calls: nothing is a duplicate of anything, and all is done in seconds.
CLIPS = {
    FIRST: ["2026-11-16/1001-late-fee.ogg", "2026-11-16/1012-cancelacion.ogg"],
    SECOND: ["2026-11-17/2003-hasty-sale.ogg"],
    YESTERDAY: ["2026-11-17/2006-brushed-off.ogg"],
    TODAY: ["2026-11-16/1006-agent-abuse.mp3"],
    KILLED: [
        "2026-11-16/1005-missed-technician.ogg",
        "2026-11-17/2005-new-sim.opus",
        "2026-11-17/2011-confused-customer.ogg",
    ],
}
CLIP_S = 15


class Receiver(ThreadingHTTPServer):
    """Takes events on loopback, from the start."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Take)

    @property
    def connection(self) -> dict[str, str]:
        """Airflow's, to it."""
        url = f"http://127.0.0.1:{self.server_port}/"
        return {"conn_type": "http", "host": url, "password": "whsec_c2VjcmV0"}

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Running:
    """A running stack, and what tests ask it."""

    stack: Stack
    recordings: Path
    receiver: Receiver
    killed: set[str] = field(default_factory=set)

    @property
    def database(self) -> Database:
        return Database(self.stack.database_url)

    def trigger(self, **conf: Any) -> str:
        """Triggers a run and waits for its end; returns its id."""
        run_id = self.stack.airflow.trigger(DAG_ID, conf)
        self.wait_for(run_id)
        return run_id

    def wait_for(self, *run_ids: str, dag_id: str = DAG_ID) -> list[str]:
        """Waits until runs have ended; returns their states."""
        states: list[str] = []

        def ended() -> bool:
            states[:] = [self.stack.airflow.run_state(dag_id, run_id) for run_id in run_ids]
            return all(state in {"success", "failed"} for state in states)

        self.until(ended, f"{run_ids} end", 300)
        return states

    def until(self, condition: Callable[[], bool], what: str, longest_s: float, every_s: float = 1.0) -> None:
        """Waits for a condition, as long as all processes live that no test has killed."""
        until(condition, what, longest_s, self.stack, self.killed, every_s=every_s)

    def kill(self, name: str) -> None:
        """Kills a process that nobody starts again."""
        self.killed.add(name)
        os.kill(self.stack.processes.latest[name].pid, signal.SIGKILL)

    def backfill(self, dag_id: str, first: date, last: date, *options: str) -> list[str]:
        """Gives the command until it is taken; the ids of the DAG's backfill runs.

        On SQLite it may meet another writer. Airflow takes back then what it has made, if it can; what it
        could not take back has to end before it takes the command again, for the days that are missing. The
        scheduler leaves the runs of a paused DAG alone: it would die of one that is taken back meanwhile.
        """
        days = ["--from-date", first.isoformat(), "--to-date", last.isoformat(), "--max-active-runs", "2"]

        def taken() -> bool:
            self.stack.airflow.pause(dag_id)
            try:
                self.stack.airflow_command("backfill", "create", "--dag-id", dag_id, *days, *options)
            except CofiError as error:
                if "Another backfill is running" not in str(error):
                    raise
                return False
            finally:
                self.stack.airflow.unpause(dag_id)
            return True

        def backfilled() -> list[str]:
            runs = self.stack.airflow.runs(dag_id)
            return [run["dag_run_id"] for run in runs if run["run_type"] == "backfill"]

        self.until(taken, "the backfill is taken", 240)
        self.until(lambda: len(backfilled()) == (last - first).days + 1, "each day has a run", 60)
        return backfilled()

    def calls(self, day: date) -> dict[str, tuple[str, str | None]]:
        """State and reason by path."""
        query = select(CallRow.path, CallRow.state, CallRow.state_reason).where(CallRow.day == day)
        with self.database.reading() as connection:
            return {row.path: (row.state, row.state_reason) for row in connection.execute(query)}

    def states(self, day: date) -> dict[str, int]:
        """How many calls are in each state."""
        states = [state for state, _ in self.calls(day).values()]
        return {state: states.count(state) for state in set(states)}

    def work_of(self, run_id: str) -> dict[str, int]:
        """What a run did itself, by stage."""
        query = (
            select(StageResultRow.stage, func.count())
            .where(StageResultRow.batch_id == run_id)
            .group_by(StageResultRow.stage)
        )
        with self.database.reading() as connection:
            return dict(connection.execute(query).all())

    def llm_requests(self) -> int:
        """Answers that were paid for so far."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(LlmResultRow)).scalar_one()

    def failures(self, run_id: str) -> list[Any]:
        query = select(FailureRow.__table__).where(FailureRow.batch_id == run_id)
        with self.database.reading() as connection:
            return list(connection.execute(query))

    def log_of(self, run_id: str, task_id: str) -> str:
        """All tries of a task."""
        logs = (self.stack.var / "logs" / f"dag_id={DAG_ID}").glob(
            f"run_id={run_id}/task_id={task_id}/**/*.log"
        )
        return "".join(path.read_text() for path in logs)


def until(
    condition: Callable[[], bool],
    what: str,
    longest_s: float,
    stack: Stack,
    dead: Collection[str] = (),
    *,
    every_s: float = 1.0,
) -> None:
    """Waits for a condition; not any longer when a process of the stack has died, but for `dead`.

    Each look costs the API server some 20 CPU-ms: more than one a second is for what passes quickly.
    """
    deadline_s = time.monotonic() + longest_s
    while not condition():
        trouble = stack.processes.trouble(but_not=dead)
        assert not trouble, f"waiting until {what}: {trouble}"
        waited = f"waited {longest_s:.0f} s until {what}"
        assert time.monotonic() < deadline_s, f"{waited}. {standing(stack.processes)}"
        time.sleep(every_s)


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Running]:
    """Starts it once for all tests. Recordings of yesterday lie there already: the schedule audits them."""
    home = tmp_path_factory.mktemp("home")
    for name in ("dags", "plugins", "include", "airflow.cfg"):
        (home / name).symlink_to(ROOT / name)
    recordings = home / "recordings"
    for day, samples in CLIPS.items():
        for sample in samples:
            clip(SAMPLES / sample, recordings / day.isoformat())
    (recordings / FIRST.isoformat() / "empty.wav").touch()
    shutil.copy(
        recordings / FIRST.isoformat() / "1001-late-fee.wav", recordings / FIRST.isoformat() / "9-copy.wav"
    )
    settings = {
        **SPARING,
        "AIRFLOW__COFI__RECORDINGS_LOCATION": f"file://{recordings}",
        "AIRFLOW__COFI__MIN_AGE_S": "0",  # they were made just now
        "AIRFLOW__COFI__SCORECARDS_FOLDER": str(scorecards(home)),
        "AIRFLOW__COFI__EMPTY_DAY": "auto",
        "AIRFLOW__COFI__LLM_NAMES_KEPT": "Riverside Telecom",
        "AIRFLOW__COFI__SHARD_AUDIO_S": "60",
        "AIRFLOW__COFI__TASK_RETRIES": "1",
        "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "2",
        "AIRFLOW__COFI__GPU_LOST_PATIENCE_S": "2",
        "AIRFLOW_CONN_COFI_WEBHOOK": json.dumps(receiver.connection),
        "AIRFLOW__COFI__WEBHOOK_ALLOW_HTTP": "True",
        "AIRFLOW__COFI__WEBHOOK_ALLOW_PRIVATE": "True",
    }
    stack = Stack(home, settings)
    stack.up()
    try:
        yield Running(stack, recordings, receiver)
    finally:
        stack.down()


def scorecards(home: Path) -> Path:
    """The shipped one, and one that passes more."""
    folder = home / "scorecards"
    folder.mkdir()
    shipped = (ROOT / "include" / "scorecards" / "service_call.yaml").read_text()
    (folder / "service_call.yaml").write_text(shipped)
    content = read_yaml(shipped) | {"version": "stricter", "pass_threshold_pct": 20.0}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / "candidate.yaml").write_text(text)
    return folder


def clip(sample: Path, folder: Path) -> None:
    """Writes a call's middle part as WAV."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, rate_hz = soundfile.read(sample)
    start = max(0, len(samples) // 2 - CLIP_S * rate_hz // 2)
    soundfile.write(folder / f"{sample.stem}.wav", samples[start : start + CLIP_S * rate_hz], rate_hz)
