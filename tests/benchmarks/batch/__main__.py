"""Measures whole batches on emulated hosts: `python -m tests.benchmarks.batch`, or `make bench`.

    python -m tests.benchmarks.batch [--quick] [--hosts 5 10 20] [--systems original naive cofi]
    python -m tests.benchmarks.batch --conditions growth --calls 100000 --hosts 10 --gpu-seconds 1800

The document's proportions (upload 2 s, four GPU stages of 2 s, LLM 5 s and 10 s with 100 in flight), scaled
so that a batch takes minutes: the more hosts, the more. Each configuration has a stack of its own; its
systems run one after the other on the same hosts. Results are kept beside the report, which is made of all;
quick ones in var, with a report of their own.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.batch.outcome import Outcome
from tests.benchmarks.batch.record import Record
from tests.benchmarks.batch.report import report
from tests.benchmarks.batch.systems import NAIVE, Running
from tests.benchmarks.batch.work import (
    GPU_TASKS_PER_HOST,
    UPLOADS_PER_TASK,
    Condition,
    Work,
)
from tests.faults.conftest import ROOT, Cofi, started
from tests.postgres import programs, running

FULL_CALLS = 10_000
# More hosts have more tasks, which one machine's Airflow can start only one after the other; 20 hosts do the
# batch at the document's own times. With the fewest, a minute of Airflow before the first call is below 5 %.
LEAST_GPU_S, GPU_S_PER_HOST = 1_400.0, 200.0
QUICK_CALLS, QUICK_GPU_S = 2_000, 200.0
_BY_DEFAULT = [Condition.CONSTANT, Condition.REALISTIC, Condition.DYING]


def main() -> int:
    """Measures what was asked for, and writes the report."""
    # So that what a batch runs on ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _options()
    record = Record.load(options.record)
    try:
        _measure(options, record)
    finally:
        # Also when a system broke: hours of others may be in the record.
        failed = report(record, options.report)
    for line in failed:
        print(f"FAILED: {line}")
    return 1 if failed else 0


def _measure(options: argparse.Namespace, record: Record) -> None:
    for condition in options.conditions:
        for hosts in options.hosts:
            if condition is Condition.DYING and hosts != min(options.hosts):
                continue
            work = Work.lasting(condition, hosts, options.calls, options.gpu_seconds or _gpu_s(hosts))
            alone = condition in {Condition.DYING, Condition.GROWTH}
            systems = [s for s in options.systems if s == "cofi" or not alone]
            for outcome in measured(work, systems, options.naive_seconds):
                record.add(outcome, datetime.now(UTC), ROOT)
                record.save(options.record)


def measured(work: Work, systems: list[str], naive_s: float) -> Iterator[Outcome]:
    """Starts hosts, LLM and Airflow, and lets each system do the batch."""
    say = _clock()
    say(
        f"{work.condition}, {work.hosts} hosts, {work.calls:,} calls at {work.scale:.4f} of the document's "
        f"times: GPUs {work.gpu_bound_s:.0f} s, LLM {work.llm_bound_s:.0f} s"
    )
    with _stack(work, NAIVE in systems) as cofi:
        batch = Running(cofi, work, naive_s, say)
        if work.slow_host:
            cofi.stack.fail(work.slow_host, slow=2.0)
        cofi.stack.fail("llm", refused_share=work.refused_share)
        if "original" not in systems:
            batch.warm_up()
        ways = {"original": batch.original, "cofi": batch.cofi_run, NAIVE: batch.naive}
        for system, way in ways.items():
            if system in systems:
                yield way()


@contextmanager
def _stack(work: Work, with_naive: bool) -> Iterator[Cofi]:
    settings = {
        "AIRFLOW__CORE__PARALLELISM": str(work.parallelism),
        "AIRFLOW__COFI__SHARD_AUDIO_S": f"{work.shard_audio_s:.0f}",
        "AIRFLOW__COFI__MIN_AGE_S": "0",
        "AIRFLOW__COFI__SHARDS_PER_HOST": str(work.shards_per_host),
        "AIRFLOW__COFI__GPU_TASKS_PER_HOST": str(GPU_TASKS_PER_HOST),
        "AIRFLOW__COFI__UPLOADS_PER_TASK": str(UPLOADS_PER_TASK),
        "AIRFLOW__COFI__UPLOADS_AT_ONCE": str(work.uploads_at_once),
        "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "5",
        "AIRFLOW__COFI__GPU_CONNECT_TIMEOUT_S": "3",
        "AIRFLOW__COFI__GPU_LOST_PATIENCE_S": "5",
        "AIRFLOW__COFI__SLOW_HOST_GAIN_S": "15",
        "AIRFLOW__COFI__RECOVERY_POLL_S": "10",
        "AIRFLOW__COFI__LLM_REQUESTS_PER_TASK": str(work.llm_requests),
        # As airflow.cfg has it.
        "AIRFLOW__COFI__LLM_NAME_MODELS": "",
    }
    naive = [ROOT / "tests" / "benchmarks" / "batch" / "naive_dag.py"] if with_naive else []
    with ExitStack() as exits:
        home = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        arguments: dict[str, Any] = {"gpu_host": work.gpu_host, "llm": work.llm}
        if work.on_postgres:
            server = exits.enter_context(running(_programs()))
            for database in ("airflow", "cofi"):
                server.create(database)
            settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = server.url("airflow")
            # As docker-compose.yaml has it.
            settings["AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY"] = "0"
            settings["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"] = "40"
            arguments["database"] = server.url("cofi")
        yield exits.enter_context(started(home, settings, work.host_names, naive, **arguments))


def _programs() -> Path:
    found = programs()
    if found is None:
        raise SystemExit("So many hosts need PostgreSQL: apt-get install postgresql")
    return found


def _clock() -> Callable[[str], None]:
    began_s = time.monotonic()

    def say(text: str) -> None:
        minutes, seconds = divmod(round(time.monotonic() - began_s), 60)
        print(f"[{minutes:2}:{seconds:02}] {text}", flush=True)

    return say


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.batch", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 calls, some minutes for each batch")
    parser.add_argument("--hosts", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--systems", nargs="+", default=["original", "cofi", NAIVE])
    parser.add_argument(
        "--conditions", type=Condition, nargs="*", default=_BY_DEFAULT, help="without any: only the report"
    )
    parser.add_argument("--calls", type=int, help=f"instead of {FULL_CALLS:,} ({QUICK_CALLS:,} with --quick)")
    parser.add_argument(
        "--gpu-seconds", type=float, help="that the GPU work takes on the hosts: 1,400 on 5, 4,000 on 20"
    )
    parser.add_argument("--naive-seconds", type=float, default=600.0, help="that the naive way is watched")
    parser.add_argument("--report", type=Path, help="docs/benchmark.md, var/benchmark.md with --quick")
    parser.add_argument("--record", type=Path, help="results so far: the report's name, .json")
    options = parser.parse_args()
    options.report = options.report or ROOT / ("var" if options.quick else "docs") / "benchmark.md"
    options.record = options.record or options.report.with_suffix(".json")
    options.calls = options.calls or (QUICK_CALLS if options.quick else FULL_CALLS)
    if options.quick:
        options.gpu_seconds = options.gpu_seconds or QUICK_GPU_S
    return options


def _gpu_s(hosts: int) -> float:
    return max(LEAST_GPU_S, GPU_S_PER_HOST * hosts)


if __name__ == "__main__":
    raise SystemExit(main())
