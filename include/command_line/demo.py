"""`cofi demo`: audits the sample calls, and says how right that was."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from include.command_line.output import AsJson, console, example, give, say, working
from include.command_line.site import Site
from include.command_line.stack import access, again, review_access
from include.database.engine import Database
from include.delivery.summary import summarise
from include.delivery.table import text_table
from include.demo import progress, settings
from include.demo.findings import Findings, findings_of, new_work
from include.demo.reviews import seed_reviews
from include.demo.stack import DAG_ID, Stack
from include.errors import CofiError, InvalidInput

DAYS = (date(2026, 11, 16), date(2026, 11, 17))
_LOOK_EVERY_S = 2
_LONGEST_S = 3600
# Where and how the recordings lie is not the site's to say while the sample calls are audited.
_OF_SAMPLES = (
    settings.LOCATION,
    "AIRFLOW__COFI__RECORDER",
    "AIRFLOW__COFI__RECORDINGS_LAYOUT",
    "AIRFLOW__COFI__STEREO_ROLES",
    "AIRFLOW__COFI__TIMEZONE",
    "AIRFLOW__COFI__SCORECARD",
    "AIRFLOW__COFI__GOLD_LABELS",
)

Watched = Callable[[str, progress.Progress], None]


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo", epilog=example("cofi demo"), rich_help_panel="Begin here")(demo)


def demo(as_json: AsJson = False) -> None:
    """Audit two days of sample calls on this machine, and print what was found.

    With your GPU hosts and your LLM, once site.cfg or .env names them.
    """
    site = Site.here()
    stack = _stack(site)
    was_running = stack.running
    if (why := again(stack)) and not as_json:
        say(why)
    with working(quiet=as_json) as tell:
        notes = stack.up(tell)
    for note in notes if not as_json else ():
        say(note)
    database = Database(stack.database_url)
    try:
        batch_ids = _trigger(stack, database, quiet=as_json)
        states = _watch(stack, database, batch_ids, quiet=as_json)
        findings = _found(stack, database, batch_ids, as_json)
        database.write(partial(seed_reviews, batch_ids=batch_ids))
    finally:
        database.close()
        if not was_running:
            stack.down()
    if not as_json:
        say(
            _where(stack) if was_running else "To see the runs in Airflow, and to review the calls: `cofi up`"
        )
        say(review_access(stack).strip())
    failed = [batch_id for batch_id, state in states.items() if state != "success"]
    if failed:
        raise CofiError(f"Failed runs: {', '.join(failed)}; see {stack.var / 'logs'}")
    if findings.not_audited:
        raise typer.Exit(1)


def _stack(site: Site) -> Stack:
    """The site's stack, with the sample calls instead of its recordings.

    Raises:
        InvalidInput: It runs already, with recordings or other settings of the site's own.
    """
    apart = [name for name in _OF_SAMPLES if name in site.settings]
    given = {name: value for name, value in site.settings.items() if name not in apart}
    if settings.LOCATION in apart:
        given[settings.LOCATION] = settings.SAMPLES_LOCATION  # airflow.cfg may name others
    stack = Stack(site.home, given)
    if apart and stack.changes:
        raise InvalidInput(
            "The stack that runs was started with other settings than the demo's: "
            "`cofi down`, then `cofi demo`."
        )
    for name in apart:
        setting = name.removeprefix("AIRFLOW__COFI__").lower()
        say(f"{setting} from {site.source_of(name)} is left aside: the demo audits the sample calls")
    return stack


def _where(stack: Stack) -> str:
    return f"Airflow: {access(stack)['url']}   user admin, password {stack.airflow.password}"


def _trigger(stack: Stack, database: Database, quiet: bool) -> list[str]:
    """Triggers both days, the earlier one first: it has the originals of the later one's duplicates."""
    now = datetime.now(UTC).strftime("%H%M%S")
    batch_ids = []
    for day in DAYS:
        batch_id = stack.airflow.trigger(DAG_ID, {"day": day.isoformat()}, f"demo-{day}-{now}")
        if not quiet:
            say(f"Triggered {DAG_ID} for {day}: run {batch_id}")
        batch_ids.append(batch_id)
        deadline_s = time.monotonic() + 120
        while not _progress(database, batch_id).found and time.monotonic() < deadline_s:
            time.sleep(_LOOK_EVERY_S)
    return batch_ids


def _watch(stack: Stack, database: Database, batch_ids: list[str], quiet: bool) -> Mapping[str, str]:
    shown = console(errors=True)
    if quiet:
        return _until_done(stack, database, batch_ids, lambda *_: None)
    if not shown.is_terminal:
        return _until_done(stack, database, batch_ids, _Lines())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[stages]}", style="dim"), console=shown) as bars:
        return _until_done(stack, database, batch_ids, _Bars(bars))


class _Lines:
    """A line whenever something has changed."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._last: dict[str, str] = {}

    def __call__(self, batch_id: str, now: progress.Progress) -> None:
        if self._last.get(batch_id) != str(now):
            self._last[batch_id] = str(now)
            passed_s = int(time.monotonic() - self._began_s)
            print(f"{passed_s // 60:>3}:{passed_s % 60:02}  {batch_id}  {now}", flush=True)


class _Bars:
    """A bar for each run: calls with an end, of those discovered."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def __call__(self, batch_id: str, now: progress.Progress) -> None:
        if batch_id not in self._tasks:
            self._tasks[batch_id] = self._bars.add_task(batch_id, total=None, stages="")
        stages = ", ".join(f"{stage} {count}" for stage, count in now.done.items())
        self._bars.update(
            self._tasks[batch_id], total=now.found or None, completed=now.found - now.open, stages=stages
        )


def _until_done(stack: Stack, database: Database, batch_ids: list[str], show: Watched) -> Mapping[str, str]:
    began_s = time.monotonic()
    while time.monotonic() - began_s < _LONGEST_S:
        states = {batch_id: stack.airflow.run_state(DAG_ID, batch_id) for batch_id in batch_ids}
        for batch_id in batch_ids:
            show(batch_id, _progress(database, batch_id))
        if all(state in {"success", "failed"} for state in states.values()):
            return states
        time.sleep(_LOOK_EVERY_S)
    raise CofiError(f"The runs are not done after {_LONGEST_S // 60} min: see {stack.var / 'logs'}")


def _found(stack: Stack, database: Database, batch_ids: Sequence[str], as_json: bool) -> Findings:
    """Prints what was found."""
    tables = [text_table(summarise(database, batch_id)) for batch_id in batch_ids]
    with database.reading() as connection:
        gpu, llm = new_work(connection, list(batch_ids))
        findings = findings_of(connection, list(DAYS))
    reports = [stack.var / "runs" / batch_id / "report.html" for batch_id in batch_ids]
    value = {
        "runs": batch_ids,
        "new_gpu_results": gpu,
        "new_llm_answers": llm,
        "findings": findings,
        "reports": reports,
    }
    lines = [
        *(f"\n{text}" for text in tables),
        f"\nNew in these runs: {gpu} GPU results, {llm} LLM answers\n",
        *findings.lines(),
        "\nReports:",
        *(f"  {report}" for report in reports),
    ]
    give(value, lambda: "\n".join(lines), as_json)
    return findings


def _progress(database: Database, batch_id: str) -> progress.Progress:
    with database.reading() as connection:
        return progress.progress_of(connection, batch_id)
