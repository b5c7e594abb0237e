"""Rounds of kill -9: random processes at random moments of a run, each round told by its seed."""

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

import psutil
from sqlalchemy import func, select

from include.database.models import AuditRow, CallRow, LlmResultRow, LlmSpendingRow
from include.demo.stack import AIRFLOW_COMPONENTS, DAG_ID
from tests.faults.celery_stack import WORKER
from tests.faults.conftest import CALLS, HOSTS, Cofi

TASK, SUPERVISOR, HOST, LLM = "task", "supervisor", "GPU host", "LLM"
# Hosts and the LLM come back after so long; everything of Airflow's is started again by its keeper.
_AWAY_S = (1.0, 20.0)
_LONGEST_S = 900
# An answer is on its way to the database for no longer than this.
_ON_ITS_WAY = timedelta(seconds=10)


@dataclass
class Round:
    """What a round did, and what it cost."""

    seed: int
    day: date | None = None
    run_id: str = ""
    kills: list[str] = field(default_factory=list)
    state: str = ""
    took_s: float = 0.0
    asked_twice: int = 0
    paid_though_stored: int = 0


def kinds_of(cofi: Cofi) -> list[str]:
    """What can be killed in a stack."""
    has_worker = cofi.stack.processes.kept(WORKER) is not None
    return [*AIRFLOW_COMPONENTS, *([WORKER] if has_worker else []), TASK, SUPERVISOR, HOST, LLM]


def play(cofi: Cofi, seed: int, kills: int, undisturbed_s: float, only: Sequence[str] = ()) -> Round:
    """Audits a day, and kills meanwhile."""
    chance, round_ = random.Random(seed), Round(seed)
    moments = sorted(chance.uniform(0.02, 0.9) * undisturbed_s for _ in range(kills))
    kinds = [chance.choice(list(only) or kinds_of(cofi)) for _ in moments]
    day = cofi.new_day()
    began_s = time.monotonic()
    run_id = cofi.trigger(day)
    round_.day, round_.run_id = day, run_id
    killer = Killer(cofi, run_id, chance)
    for kind, moment_s in zip(kinds, moments, strict=True):
        killer.wait(began_s + moment_s)
        round_.kills.append(f"{killer.kill(kind)} at {time.monotonic() - began_s:.0f} s")
    round_.state = killer.ended()
    round_.took_s = time.monotonic() - began_s
    killer.wait_for_all()
    _look_at_what_was_paid(cofi, day, round_)
    return round_


def what_is_wrong(cofi: Cofi, played: Round) -> list[str]:
    """Of a round's run: an open ledger, a call in two states or none, an answer that was paid for twice."""
    if played.state != "success":
        return [f"the run is {played.state}"]
    audits = (
        select(CallRow.call_id, func.count(AuditRow.audit_id))
        .outerjoin(AuditRow, AuditRow.call_id == CallRow.call_id)
        .where(CallRow.day == played.day)
        .group_by(CallRow.call_id)
    )
    counts = [number for _, number in cofi.rows(audits)]
    wrong = [] if counts == [1] * CALLS else [f"audits of {len(counts)} calls: {sorted(set(counts))}"]
    if played.paid_though_stored:
        wrong.append(f"{played.paid_though_stored} answers were paid for though they were stored")
    ledger = cofi.ledger(played.run_id)
    return wrong if ledger == {"audited": CALLS} else [*wrong, f"ledger: {ledger}"]


def table(rounds: Sequence[Round], undisturbed_s: float) -> str:
    """A line for each round, and the median of what they cost."""
    head = f"{'seed':>10} {'state':8} {'s':>5} {'extra s':>8} {'asked twice':>12}  kills"
    lines = [
        f"{r.seed:>10} {r.state:8} {r.took_s:>5.0f} {r.took_s - undisturbed_s:>+8.0f} {r.asked_twice:>12}  "
        + ", ".join(r.kills)
        for r in rounds
    ]
    extra_s = sorted(r.took_s - undisturbed_s for r in rounds)
    end = f"undisturbed {undisturbed_s:.0f} s; extra: median {extra_s[len(extra_s) // 2]:+.0f} s, "
    return "\n".join([head, *lines, end + f"longest {extra_s[-1]:+.0f} s"])


@dataclass
class Killer:
    """Kills what a run needs, and brings back what nobody keeps up."""

    cofi: Cofi
    run_id: str
    chance: random.Random
    returning: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def wait(self, until_s: float) -> None:
        """Until a moment; what was killed comes back meanwhile."""
        while True:
            for due in [each for each in self.returning if each[0] <= time.monotonic()]:
                self.returning.remove(due)
                due[1]()
            if time.monotonic() >= until_s:
                return
            time.sleep(0.2)

    def wait_for_all(self) -> None:
        """Until all is back."""
        self.wait(max([0.0, *(due_s for due_s, _ in self.returning)]))

    def ended(self) -> str:
        """Waits for the end of the run; its state."""
        deadline_s = time.monotonic() + _LONGEST_S
        while time.monotonic() < deadline_s:
            state = self.cofi.stack.airflow.run_state(DAG_ID, self.run_id)
            if state not in {"queued", "running"}:
                return state
            self.wait(time.monotonic() + 1)
        return "running"

    def kill(self, kind: str) -> str:
        """Kills one of a kind; its name."""
        if kind in {TASK, SUPERVISOR}:
            return self._kill_task(its_supervisor=kind == SUPERVISOR)
        if kind in {HOST, LLM}:
            return self._kill_service(self.chance.choice(HOSTS) if kind == HOST else "llm")
        component = self.cofi.stack.processes.kept(kind)
        if component and component.pid:
            with suppress(ProcessLookupError):
                os.kill(component.pid, signal.SIGKILL)
                return kind
        return f"{kind} (dead already)"

    def _kill_service(self, name: str) -> str:
        back_s = time.monotonic() + self.chance.uniform(*_AWAY_S)
        if not self.cofi.is_alive(name):
            return f"{name} (dead already)"
        os.kill(self.cofi.stack.processes.latest[name].pid, signal.SIGKILL)
        stack = self.cofi.stack
        again = stack.start_llm if name == "llm" else lambda: stack.start_host(name)
        self.returning.append((back_s, again))
        return name

    def _kill_task(self, *, its_supervisor: bool) -> str:
        running = self.cofi.stack.airflow.task_instances(DAG_ID, self.run_id, state="running")
        at_work = {ti["id"]: ti["task_id"] for ti in running}
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or []).split()
            if words[:3] == ["airflow", "worker", "--"] and words[-1] in at_work:
                found.append((process, at_work[words[-1]]))
        if not found:
            return "no task"
        process, task_id = self.chance.choice(found)
        with suppress(psutil.NoSuchProcess):
            victim = process.parent() if its_supervisor else process
            if victim:
                victim.kill()
        return f"{SUPERVISOR} of {task_id}" if its_supervisor else task_id


def _look_at_what_was_paid(cofi: Cofi, day: date, round_: Round) -> None:
    """An answer is paid for again only if it was lost before it was stored."""
    of_day = select(CallRow.call_id).where(CallRow.day == day)
    paid = cofi.rows(
        select(LlmSpendingRow.call_id, LlmSpendingRow.stage, LlmSpendingRow.paid_at).where(
            LlmSpendingRow.call_id.in_(of_day)
        )
    )
    query = select(LlmResultRow.call_id, LlmResultRow.stage, LlmResultRow.created_at)
    stored = {
        (r.call_id, r.stage): r.created_at for r in cofi.rows(query.where(LlmResultRow.call_id.in_(of_day)))
    }
    round_.asked_twice = len(paid) - len({(row.call_id, row.stage) for row in paid})
    round_.paid_though_stored = sum(
        row.paid_at > stored[row.call_id, row.stage] + _ON_ITS_WAY
        for row in paid
        if (row.call_id, row.stage) in stored
    )
