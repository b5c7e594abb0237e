"""The three systems that are compared, each doing one batch on the running hosts."""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select

from include.calls.stage import LLM_STAGES
from include.database.models import AuditRow, Base
from tests.benchmarks.batch.original import Service
from tests.benchmarks.batch.outcome import Outcome
from tests.benchmarks.batch.sampling import Sampler
from tests.benchmarks.batch.work import CAPACITY, IN_FLIGHT, Work
from tests.faults.conftest import ROOT, Cofi, until

NAIVE = "naive"
_DAY_S = 24 * 3600.0


@dataclass
class Running:
    """A stack with the work's hosts, and the work.

    Attributes:
        naive_s: How long the naive way is watched.
    """

    cofi: Cofi
    work: Work
    naive_s: float
    say: Callable[[str], None]

    def warm_up(self) -> None:
        """A few recordings on each host, so that hosts know their speed as they would from the day before."""
        few = 2 * self.work.hosts
        self._serve(self.cofi.new_day(few, self.work.lengths_s()[:few]))

    def original(self) -> Outcome:
        """The document's service, as a process of its own."""
        stack, day = self.cofi.stack, self._day()
        before, began_s = self._llm_before(), time.monotonic()
        with Sampler(stack) as sampler:
            result = self._serve(day)
        took_s = time.monotonic() - began_s
        note = ", ".join(f"{stage} until {s:.0f} s" for stage, s in result["stages_ended_s"].items())
        return self._outcome(
            "original",
            sampler,
            before,
            took_s=took_s,
            first_audited_s=result["first_audited_s"],
            audited=result["audited"],
            note=note,
        )

    def cofi_run(self) -> Outcome:
        """The DAG, triggered as the form does, when the daily run of a new Airflow has ended."""
        cofi, work, day = self.cofi, self.work, self._day()
        until(self._is_idle, "the daily run has ended", 300, every_s=2)
        rows_before, before = self._rows(), self._llm_before()
        began_s, triggered_at = time.monotonic(), datetime.now(UTC)
        with Sampler(cofi.stack) as sampler:
            run_id = cofi.trigger(day)
            if work.victim:
                until(lambda: sampler.gpu_worked_s() >= work.gpu_s / 2, "half is done", _DAY_S, every_s=2)
                cofi.kill_host(work.victim)
            until(
                lambda: cofi.stack.airflow.run_state("audit_calls", run_id) in _ENDED,
                "the end",
                _DAY_S,
                every_s=2,
            )
            took_s = time.monotonic() - began_s
        return self._outcome(
            "cofi",
            sampler,
            before,
            took_s=took_s,
            first_audited_s=(self._first_audit_at(run_id) - triggered_at).total_seconds(),
            audited=cofi.ledger(run_id).get("audited", 0),
            tasks=len(cofi.stack.airflow.task_instances("audit_calls", run_id)),
            rows=self._rows() - rows_before,
        )

    def naive(self) -> Outcome:
        """A task for each file and stage: what becomes of all files, and how far those come that fit.

        The last on a stack: its run is left as it is, for an Airflow so loaded may not answer in a minute.
        """
        airflow, folder = self.cofi.stack.airflow, self.cofi.recordings / self._day().isoformat()
        until(lambda: airflow.has_dag(NAIVE), "the naive DAG is read", 120)
        airflow.unpause(NAIVE)
        whole = airflow.trigger(NAIVE, {"folder": str(folder), "files": self.work.calls})
        note = ""
        if self.work.calls > 1024:
            until(lambda: airflow.run_state(NAIVE, whole) in _ENDED, "all files are mapped", 300, every_s=2)
            note = (
                f"all {self.work.calls:,} files: {airflow.run_state(NAIVE, whole)} ([core] max_map_length); "
            )
        fits = min(1024, self.work.calls)
        before, began_s = self._llm_before(), time.monotonic()
        with Sampler(self.cofi.stack) as sampler:
            if self.work.calls > 1024:
                whole = airflow.trigger(NAIVE, {"folder": str(folder), "files": fits})
            while time.monotonic() - began_s < self.naive_s and airflow.run_state(NAIVE, whole) not in _ENDED:
                time.sleep(5)
        took_s = time.monotonic() - began_s
        # Not all 7,168: that Airflow can hardly answer.
        ended = airflow.task_instances(NAIVE, whole, "success")
        audited = sum(ti["task_id"].endswith(LLM_STAGES[-1]) for ti in ended)
        return self._outcome(
            NAIVE,
            sampler,
            before,
            took_s=took_s,
            first_audited_s=float("nan"),
            audited=audited,
            tasks=len(ended),
            note=f"{note}{fits:,} files, stopped after {took_s:.0f} s: {len(ended):,} tasks had ended",
        )

    def _serve(self, day: date) -> dict[str, Any]:
        """Lets the document's service do a day; what it says of it."""
        stack = self.cofi.stack
        service = Service(
            hosts=[f"http://127.0.0.1:{stack.ports[host]}" for host in stack.hosts],
            token=(stack.var / "secrets" / "gpu_token").read_text(),
            llm=f"http://127.0.0.1:{stack.ports['llm']}/v1",
            recordings=str(self.cofi.recordings / day.isoformat()),
            database=str(stack.var / "original.db"),
            per_host=CAPACITY,
            in_flight=IN_FLIGHT,
        )
        configuration = stack.var / "original.json"
        configuration.write_text(json.dumps(asdict(service)))
        command = [sys.executable, "-m", "tests.benchmarks.batch.original", str(configuration)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
        return dict(json.loads(done.stdout))

    def _is_idle(self) -> bool:
        runs = self.cofi.stack.airflow.runs("audit_calls")
        return bool(runs) and all(run["state"] in _ENDED for run in runs)

    def _day(self) -> date:
        return self.cofi.new_day(self.work.calls, self.work.lengths_s())

    def _outcome(self, system: str, sampler: Sampler, before: dict[str, Any], **measured: Any) -> Outcome:
        after = self.cofi.stack.stats("llm")
        asked = after["requests"] + after["refused"] - before["requests"] - before["refused"]
        outcome = Outcome(
            system,
            self.work,
            samples=sampler.samples.thinned(),
            max_in_flight=after["max_in_flight"],
            asked=asked,
            **measured,
        )
        done = (
            f"{outcome.ratio:.3f} of the bound, the first audited after {outcome.first_audited_s:.0f} s, "
            if outcome.audited and not math.isnan(outcome.first_audited_s)
            else ""
        )
        self.say(f"{system}: {outcome.took_s:.0f} s, {done}{outcome.audited:,} audited. {outcome.note}")
        return outcome

    def _llm_before(self) -> dict[str, Any]:
        """What the LLM has counted; the most in flight is counted anew."""
        self.cofi.stack.forget_peak("llm")
        return self.cofi.stack.stats("llm")

    def _first_audit_at(self, run_id: str) -> datetime:
        at = self.cofi.ask(select(func.min(AuditRow.created_at)).where(AuditRow.batch_id == run_id))
        assert isinstance(at, datetime)
        return at

    def _rows(self) -> int:
        """In all tables of cofi's database."""
        return sum(
            int(self.cofi.ask(select(func.count()).select_from(table)))
            for table in Base.metadata.tables.values()
        )


_ENDED = {"success", "failed"}
