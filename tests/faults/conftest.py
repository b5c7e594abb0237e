"""A cofi with emulated hosts and LLM for each test process, started once; each test breaks something in it.

pytest-xdist runs several processes at once: none shares anything with another but the machine.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from include.database.engine import Database
from include.database.models import AuditRow, BatchCallRow, BatchRow, CallRow, FailureRow, StageResultRow
from include.demo.stack import DAG_ID
from include.emulation.stack import EmulatedStack
from tests.faults.recordings import make_day

ROOT = Path(__file__).parents[2]
HOSTS = ("gpu_a", "gpu_b", "gpu_c")
CALLS = int(os.environ.get("COFI_FAULT_CALLS", "500"))
# Fewer calls are longer ones: a run lasts as long and has as many shards, and costs the machine less.
CALL_S = 2.0125 * 500 / CALLS
LONGEST_S = 800
FIRST_DAY = date(2026, 1, 1)
# The document's proportions, 2 s x 4 : 5 s : 10 s, scaled: half a minute for a day's calls on three hosts.
STAGE_S = 22.5 / CALLS
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "16",
    # Two shards for each host, one after the other: Airflow's own cost is what takes long here.
    "AIRFLOW__COFI__SHARD_AUDIO_S": "200",
    "AIRFLOW__COFI__GPU_TASKS_PER_HOST": "1",
    "AIRFLOW__COFI__MIN_AGE_S": "0",  # recordings are made just before
    "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "3",
    "AIRFLOW__COFI__SLOW_HOST_GAIN_S": "20",
    "AIRFLOW__COFI__GPU_LOST_PATIENCE_S": "30",
    "AIRFLOW__COFI__RECOVERY_POLL_S": "5",
    "AIRFLOW__COFI__GPU_CONNECT_TIMEOUT_S": "3",
    "AIRFLOW__COFI__GPU_HEALTH_EVERY_S": "5",
    "AIRFLOW__COFI__PROGRESS_LOG_S": "2",
    "AIRFLOW__COFI__CLOSE_RUNS_SCHEDULE": "* * * * *",
    "AIRFLOW__COFI__LLM_REQUESTS_PER_TASK": "20",
    # As airflow.cfg has it. Looking for names in texts that are none would be half of an LLM task's work.
    "AIRFLOW__COFI__LLM_NAME_MODELS": "",
}
EMULATION: dict[str, Any] = {
    "gpu_host": [f"--stage-seconds={STAGE_S}", "--capacity=4"],
    "llm": [f"--llm1-seconds={STAGE_S * 5 / 2}", f"--llm2-seconds={STAGE_S * 5}"],
}
WHOLE = {
    "unready": False,
    "slow": 1.0,
    "garbage": False,
    "disk_full": False,
    "reset_share": 0.0,
    "killed_by": [],
}


@dataclass
class Cofi:
    """The running stack, and what tests do to it and ask it."""

    stack: EmulatedStack
    recordings: Path
    undisturbed_s: float = 0.0
    _days: Iterator[int] = field(default_factory=count)

    @property
    def database(self) -> Database:
        return Database(self.stack.database_url)

    def new_day(self, calls: int = CALLS, lengths_s: Sequence[float] = ()) -> date:
        """A day of recordings that nobody has audited."""
        day = FIRST_DAY + timedelta(days=next(self._days))
        make_day(self.recordings, day, lengths_s or [CALL_S] * calls)
        return day

    def trigger(self, day: date, **conf: Any) -> str:
        return self.stack.airflow.trigger(DAG_ID, {"day": day.isoformat(), **conf})

    def wait_for(self, *run_ids: str) -> list[str]:
        """Waits until runs have ended; their states."""
        states: list[str] = []

        def ended() -> bool:
            states[:] = [self.stack.airflow.run_state(DAG_ID, run_id) for run_id in run_ids]
            return all(state in {"success", "failed"} for state in states)

        until(ended, f"{run_ids} end", LONGEST_S, every_s=1, trouble=self.trouble)
        return states

    def trouble(self) -> str:
        """Of Airflow's components: they are started again, unless they end at every start."""
        return self.stack.processes.trouble(but_not=[*self.stack.hosts, "llm"])

    def wait_until_done(self, run_id: str, stage: str, share: float, host: str | None = None) -> None:
        """Waits until so much of a run's calls have passed a stage (on a host)."""

        def passed() -> bool:
            of_batch = select(func.count()).select_from(BatchCallRow).where(BatchCallRow.batch_id == run_id)
            done = select(func.count()).select_from(StageResultRow)
            done = done.where(StageResultRow.batch_id == run_id, StageResultRow.stage == stage)
            if host:
                of_batch = of_batch.where(BatchCallRow.host == host)
                done = done.where(StageResultRow.host == host)
            planned, finished = self.ask(of_batch), self.ask(done)
            return planned > 0 and finished >= share * planned

        what = f"{share:.0%} of {run_id} have passed {stage}"
        until(passed, what, LONGEST_S, trouble=self.trouble)

    def ask(self, query: Any) -> Any:
        with self.database.reading() as connection:
            return connection.execute(query).scalar_one()

    def rows(self, query: Any) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(query).all())

    def kill_host(self, host: str) -> None:
        """As a crash does, which closes its connections; waits until it has ended, which takes a moment."""
        self.signal_host(host, signal.SIGKILL)
        until(lambda: not self.is_alive(host), f"{host} has ended")

    def signal_host(self, host: str, number: signal.Signals) -> None:
        """Sends a signal to the process of a host."""
        os.kill(self.stack.processes.latest[host].pid, number)

    def kill_component(self, name: str) -> None:
        """One of Airflow, as a crash does; the stack starts it again."""
        component = self.stack.processes.kept(name)
        assert component and component.pid, f"{name} runs"
        os.kill(component.pid, signal.SIGKILL)

    def is_alive(self, host: str) -> bool:
        return any(started.name == host and started.alive for started in self.stack.processes.started)

    def revive_host(self, host: str) -> None:
        self.stack.start_host(host)
        until(lambda: self.answers(host), f"{host} answers again")

    def answers(self, host: str) -> bool:
        try:
            return "served" in self.stack.stats(host)
        except OSError:
            return False

    def resize_pools(self, **slots: int) -> None:
        """Sets how many slots pools have, while tasks hold them."""
        file = self.stack.var / "pools.json"
        pool = {"description": "resized by a test", "include_deferred": True}
        file.write_text(json.dumps({name: {"slots": number, **pool} for name, number in slots.items()}))
        self.stack.airflow_command("pools", "import", str(file))

    def failures(self, run_id: str) -> list[Any]:
        query = select(FailureRow.kind, FailureRow.host, FailureRow.stage, FailureRow.call_id)
        return self.rows(query.where(FailureRow.batch_id == run_id))

    def ledger(self, run_id: str) -> dict[str, int]:
        """Of a closed batch, without zeros."""
        with self.database.reading() as connection:
            query = select(BatchRow.closed_at, BatchRow.ledger).where(BatchRow.batch_id == run_id)
            row = connection.execute(query).one()
        assert row.closed_at, f"the ledger of {run_id} does not close: {row.ledger}"
        return {state: calls for state, calls in row.ledger.items() if calls}

    def assert_audited_once(self, day: date, *run_ids: str, calls: int = CALLS) -> None:
        """No call is lost, none is audited twice, and every ledger closes."""
        for run_id in run_ids:
            assert self.ledger(run_id) == {"audited": calls}
        audits = (
            select(CallRow.call_id, func.count(AuditRow.audit_id))
            .outerjoin(AuditRow, AuditRow.call_id == CallRow.call_id)
            .where(CallRow.day == day)
            .group_by(CallRow.call_id)
        )
        assert [number for _, number in self.rows(audits)] == [1] * calls


@dataclass
class Watched:
    """What a disturbed run cost."""

    took_s: float = 0.0
    repeated: int = 0


def until(
    condition: Callable[[], bool],
    what: str,
    longest_s: float = 60,
    *,
    every_s: float = 0.25,
    trouble: Callable[[], str] = str,
) -> None:
    """Waits for a condition. Asking Airflow costs the machine something: do not ask it too often.

    Args:
        condition: To wait for.
        what: Says it.
        longest_s: To wait.
        every_s: Between two looks.
        trouble: Tells why it need not be waited for.
    """
    deadline_s = time.monotonic() + longest_s
    while not condition():
        assert not (told := trouble()), f"waiting until {what}: {told}"
        assert time.monotonic() < deadline_s, f"waited {longest_s:.0f} s until {what}"
        time.sleep(every_s)


@contextmanager
def watch(cofi: Cofi, what: str) -> Iterator[Watched]:
    """Measures a run: how much longer it took than an undisturbed one, and what the LLM was asked twice."""
    before, began_s, watched = cofi.stack.stats("llm"), time.monotonic(), Watched()
    yield watched
    after = cofi.stack.stats("llm")
    watched.took_s = time.monotonic() - began_s
    asked, different = (after[name] - before[name] for name in ("requests", "different"))
    watched.repeated = asked - different
    extra = f", {watched.took_s - cofi.undisturbed_s:+.0f} s" if cofi.undisturbed_s else ""
    print(f"\n{what}: {watched.took_s:.0f} s{extra}; LLM asked twice: {watched.repeated}")
    assert after["max_in_flight"] <= 100


@contextmanager
def started(
    home: Path,
    settings: dict[str, str],
    hosts: Sequence[str],
    more_dags: Sequence[Path] = (),
    kind: Callable[..., EmulatedStack] = EmulatedStack,
    **arguments: Any,
) -> Iterator[Cofi]:
    """A cofi of this checkout in a folder of its own; `arguments` are those of its kind."""
    for name in ("plugins", "include", "airflow.cfg"):
        (home / name).symlink_to(ROOT / name)
    (home / "dags").mkdir()
    for dag in (*(ROOT / "dags").glob("*.py"), *more_dags):
        (home / "dags" / dag.name).symlink_to(dag)
    recordings = home / "recordings"
    recordings.mkdir()
    location = {"AIRFLOW__COFI__RECORDINGS_LOCATION": f"file://{recordings}"}
    stack = kind(home, settings | location, hosts, **arguments)
    stack.up()
    try:
        yield Cofi(stack, recordings)
    finally:
        stack.down()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--undisturbed", action="store_true", help="audit a day undisturbed first, to tell what a fault costs"
    )
    parser.addoption("--rounds", type=int, default=1, help="rounds of random kills, on each kind of stack")
    parser.addoption("--kills", type=int, default=2, help="kills in a round of random kills")
    parser.addoption("--seed", type=int, default=None, help="of the first round; one that is printed")
    parser.addoption("--only", default="", help="kill only these, such as scheduler,worker")


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cofi]:
    with started(
        tmp_path_factory.mktemp("home"),
        SETTINGS,
        HOSTS,
        **EMULATION,
        proxied=["gpu_c"],
    ) as cofi:
        if request.config.getoption("--undisturbed"):
            cofi.undisturbed_s = audit_undisturbed(cofi)
        yield cofi


def audit_undisturbed(cofi: Cofi) -> float:
    """How long a day takes when nothing breaks."""
    day = cofi.new_day()
    with watch(cofi, "undisturbed") as watched:
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    return watched.took_s


@pytest.fixture
def cofi(running: Cofi) -> Iterator[Cofi]:
    """The running stack. What a test broke is whole again afterwards; no run has left anything on hosts."""
    yield running
    running.stack.answer_for("gpu_c", None)
    for host in HOSTS:
        if not running.is_alive(host):
            running.revive_host(host)
        running.stack.fail(host, **WHOLE)
    assert {host: running.stack.stats(host)["calls_held"] for host in HOSTS} == dict.fromkeys(HOSTS, 0)
