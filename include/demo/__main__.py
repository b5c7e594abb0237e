"""`python -m include.demo up|down|status|run`: the embedded stack, and the demo: an audit of sample calls."""

import argparse
import os
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

from include.database.engine import Database
from include.delivery.summary import summarise
from include.delivery.table import text_table
from include.demo.findings import findings_of, new_work
from include.demo.progress import Progress, progress_of
from include.demo.stack import DAG_ID, Stack
from include.demo.standing import standing
from include.errors import CofiError

DAYS = (date(2026, 11, 16), date(2026, 11, 17))
_LOOK_EVERY_S = 2
_LONGEST_S = 3600


def main() -> int:
    """Runs a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.demo", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "run"])
    command = parser.parse_args().command
    stack = Stack(Path(os.environ.get("AIRFLOW_HOME", Path.cwd())))
    try:
        return {"up": _up, "down": _down, "status": _status, "run": _run}[command](stack)
    except CofiError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _up(stack: Stack) -> int:
    stack.up()
    print(f"\nAirflow: {stack.airflow.url}   user admin, password {stack.airflow.password}")
    print(f"Trigger the DAG {DAG_ID} with day {DAYS[0]} or {DAYS[1]}. `make down` stops everything.")
    return 0


def _down(stack: Stack) -> int:
    ended = stack.down()
    print(f"Stopped: {', '.join(ended)}" if ended else "Nothing was running")
    return 0


def _status(stack: Stack) -> int:
    print(standing(stack.processes))
    return 0


def _run(stack: Stack) -> int:
    """Audits the sample days; a stack that was up before stays up."""
    was_running = stack.running
    stack.up()
    database = Database(stack.database_url)
    try:
        batch_ids = _trigger(stack, database)
        states = _watch(stack, database, batch_ids)
        not_audited = _print_findings(stack, database, batch_ids)
    finally:
        database.close()
        if not was_running:
            stack.down()
    if was_running:
        print(f"Airflow: {stack.airflow.url}   user admin, password {stack.airflow.password}")
    else:
        print("To see the runs in Airflow: `make up`")
    failed = [batch_id for batch_id, state in states.items() if state != "success"]
    if failed:
        print(f"Failed runs: {', '.join(failed)}; see {stack.var / 'logs'}", file=sys.stderr)
    return 1 if failed or not_audited else 0


def _trigger(stack: Stack, database: Database) -> list[str]:
    """Triggers both days, the earlier one first: it has the originals of the later one's duplicates."""
    now = datetime.now(UTC).strftime("%H%M%S")
    batch_ids = []
    for day in DAYS:
        batch_id = stack.airflow.trigger(DAG_ID, {"day": day.isoformat()}, f"demo-{day}-{now}")
        print(f"Triggered {DAG_ID} for {day}: run {batch_id}")
        batch_ids.append(batch_id)
        deadline_s = time.monotonic() + 120
        while not _progress(database, batch_id).found and time.monotonic() < deadline_s:
            time.sleep(_LOOK_EVERY_S)
    return batch_ids


def _watch(stack: Stack, database: Database, batch_ids: list[str]) -> dict[str, str]:
    began_s = time.monotonic()
    shown: dict[str, str] = {}
    while time.monotonic() - began_s < _LONGEST_S:
        states = {batch_id: stack.airflow.run_state(DAG_ID, batch_id) for batch_id in batch_ids}
        for batch_id in batch_ids:
            line = str(_progress(database, batch_id))
            if shown.get(batch_id) != line:
                print(f"{_clock(time.monotonic() - began_s)}  {batch_id}  {line}", flush=True)
                shown[batch_id] = line
        if all(state in {"success", "failed"} for state in states.values()):
            return states
        time.sleep(_LOOK_EVERY_S)
    raise CofiError(f"The runs are not done after {_LONGEST_S // 60} min: see {stack.var / 'logs'}")


def _print_findings(stack: Stack, database: Database, batch_ids: list[str]) -> list[str]:
    """Prints what was found; returns the sample conversations that were not audited: there should be none."""
    for batch_id in batch_ids:
        print(f"\n{text_table(summarise(database, batch_id))}")
    with database.reading() as connection:
        gpu, llm = new_work(connection, batch_ids)
        print(f"\nNew in these runs: {gpu} GPU results, {llm} LLM answers\n")
        findings = findings_of(connection, list(DAYS))
        print("\n".join(findings.lines()))
    print("\nReports:")
    for batch_id in batch_ids:
        print(f"  {stack.var / 'runs' / batch_id / 'report.html'}")
    return findings.not_audited


def _progress(database: Database, batch_id: str) -> Progress:
    with database.reading() as connection:
        return progress_of(connection, batch_id)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:>3}:{int(seconds) % 60:02}"


if __name__ == "__main__":
    sys.exit(main())
