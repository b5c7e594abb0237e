"""The checks of `cofi check` on this machine: settings, versions, databases, pools, disk."""

import json
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from include import __version__
from include.command_line.cofi_database import shown
from include.command_line.config_file import COFI
from include.command_line.env_file import oddities
from include.command_line.site import ENV_FILE, OF_LLM, SHIPPED_FILE, SITE_FILE, Site, variable
from include.command_line.site_files import read_text
from include.database.migrations import is_current
from include.demo.stack import Stack
from include.errors import CofiError
from include.gpu_host.settings import described

EXAMPLE_FILE = ".env.example"
_GIB = 1024**3
_LITTLE_DISK_GIB, _NO_DISK_GIB = 10, 1
_ASKED_S = 120


class State(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One line of `cofi check`: what was checked, what was found (`finding`), and what to do about it."""

    name: str
    state: State
    finding: str
    mend: str = ""


@dataclass(frozen=True)
class CheckInput:
    """The input of all checks: the site, its embedded stack, and what Airflow resolves (`cofi.site`)."""

    site: Site
    stack: Stack
    resolved: Mapping[str, Any]

    def part(self, name: str) -> Mapping[str, Any]:
        """A part of the values that Airflow resolves; empty when it is missing."""
        found = self.resolved.get(name)
        return found if isinstance(found, dict) else {}


Section = Callable[[CheckInput], Iterator[Check]]


def gather_input(site: Site, stack: Stack) -> CheckInput:
    """Lets Airflow resolve settings and connections, in a process of its own."""
    environment = {**site.airflow_environment(), **(stack.environment if stack.running else {})}
    environment["PYTHONPATH"] = site.airflow_environment()["PYTHONPATH"]
    done = subprocess.run(
        [sys.executable, "-m", "cofi.site_as_json"],
        env=environment,
        cwd=site.home,
        capture_output=True,
        text=True,
        check=False,
        timeout=_ASKED_S,
    )
    try:
        return CheckInput(site, stack, json.loads(done.stdout))
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return CheckInput(site, stack, {"error": last})


def settings(inputs: CheckInput) -> Iterator[Check]:
    """Checks the settings in airflow.cfg, site.cfg, .env and the environment."""
    site, found = inputs.site, inputs.part("settings")
    if error := inputs.resolved.get("error"):
        yield Check("Airflow", State.FAILED, str(error), _mend_of_airflow(site))
        return
    for odd in oddities(site.home / ENV_FILE, _read_of_env_file(site)):
        yield Check(ENV_FILE, State.WARN, odd)
    yield from _settings_of_airflow(site, inputs.part("airflow_settings"))
    if problems := found.get("problems"):
        yield from (Check("settings", State.FAILED, problem, _mend(site, problem)) for problem in problems)
        return
    sources = dict.fromkeys((SHIPPED_FILE, SITE_FILE, ENV_FILE, "the environment"), 0)
    for name in site.settings:
        sources[site.source_of(name)] += 1
    sources_text = ", ".join(f"{count} from {source}" for source, count in sources.items() if count)
    yield Check("settings", State.OK, sources_text or "as shipped, in airflow.cfg")
    if found["default_timezone"] != found["timezone"]:
        yield Check(
            "time zone",
            State.WARN,
            f"[core] default_timezone is {found['default_timezone']}, [cofi] timezone {found['timezone']}",
            "Make them the same, or backfills miss days: `cofi init` does.",
        )
    else:
        yield Check("time zone", State.OK, str(found["timezone"]))
    yield from _readers(site)


def _read_of_env_file(site: Site) -> set[str]:
    """The names that cofi, its GPU host and docker-compose.yaml read."""
    example = read_text(site.home / EXAMPLE_FILE)
    composed = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))
    return {*OF_LLM, *composed, *(name for name, _ in described())}


def _settings_of_airflow(site: Site, odd: Mapping[str, Mapping[str, str]]) -> Iterator[Check]:
    """Lines that somebody has set for Airflow; what the embedded stack sets is not looked at."""
    for kind, state in (("wrong", State.FAILED), ("unknown", State.WARN)):
        for name, problem in odd.get(kind, {}).items():
            if name in site.settings:
                yield Check("settings", state, problem, f"It stands in {site.source_of(name)}.")


def _mend_of_airflow(site: Site) -> str:
    """It does not start, mostly because of a line that somebody has set."""
    its_own = [
        f"{name} ({site.source_of(name)})"
        for name in site.settings
        if name.startswith("AIRFLOW__") and not name.startswith(variable(COFI, ""))
    ]
    set_here = f" Of Airflow's own lines these are set here: {', '.join(its_own)}." if its_own else ""
    return f"`cofi --debug airflow info` says more.{set_here}"


def _mend(site: Site, problem: str) -> str:
    """Where the setting stands that a sentence begins with."""
    named = re.match(r"\[(\w+)\] (\w+)", problem)
    return f"Correct it in {site.source_of(variable(*named.groups()))}." if named else ""


def _readers(site: Site) -> Iterator[Check]:
    """Checks that no other user can read the files that hold keys."""
    for file in (site.home / ENV_FILE, site.home / SITE_FILE, site.var, site.var / "secrets"):
        if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Check("readers", State.WARN, f"others can read {file}", f"chmod -R go= {file}")


def versions(inputs: CheckInput) -> Iterator[Check]:
    """Checks the versions of cofi, Python and Airflow."""
    yield Check("cofi", State.OK, f"{__version__}, Python {sys.version.split()[0]}, {inputs.site.home}")
    wanted = _airflow_wanted(inputs.site.home)
    if (found := inputs.resolved.get("airflow")) and wanted and found != wanted:
        mend = (
            "Install it as requirements.txt says: `uv pip install -r requirements.txt -c requirements.lock`."
        )
        yield Check("Airflow", State.WARN, f"{found}; cofi is made for {wanted}", mend)
    elif found:
        yield Check("Airflow", State.OK, str(found))


def _airflow_wanted(home: Path) -> str | None:
    file = home / "requirements.txt"
    match = re.search(r"^apache-airflow==(\S+)", file.read_text(), re.MULTILINE) if file.exists() else None
    return match[1] if match else None


def databases(inputs: CheckInput) -> Iterator[Check]:
    """Cofi's database and its tables; Airflow's, as far as its pools are in it."""
    connection = inputs.part("database")
    url = str(connection.get("url") or inputs.site.database_url)
    if connection.get("error") and not url.startswith("sqlite"):
        yield Check("database", State.FAILED, str(connection["error"]), "Make the connection cofi_db.")
    elif url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        yield Check("database", State.WARN, f"{shown(url)} is not made yet", "`cofi up` makes it.")
    else:
        yield _tables(url)


def _tables(url: str) -> Check:
    try:
        current = is_current(url)
    except Exception as error:  # each driver has errors of its own
        cause = " ".join(str(error).split())[:200]
        return Check("database", State.FAILED, f"{shown(url)}: {cause}", "Start it, or correct cofi_db.")
    if current:
        return Check("database", State.OK, f"{shown(url)}, its tables are those of this version")
    mend = "Stop everything that uses it, then `cofi db migrate --reports var/runs`."
    return Check("database", State.FAILED, f"{shown(url)} has the tables of another version", mend)


def pools(inputs: CheckInput) -> Iterator[Check]:
    """Checks Airflow's pools: tasks of a pool that is missing wait for ever."""
    found, wanted = inputs.part("pools"), inputs.part("wanted_pools")
    if error := found.get("error"):
        mend = "`cofi up` makes Airflow's database, or `cofi airflow db migrate`."
        state = State.FAILED if inputs.stack.running else State.WARN
        yield Check("pools", state, f"Airflow's database: {error}", mend)
        return
    missing = sorted(set(wanted) - set(found))
    if missing:
        mend = "The scheduler makes them when it starts: `cofi down`, `cofi up`."
        state = State.FAILED if inputs.stack.running else State.WARN
        yield Check("pools", state, f"missing: {', '.join(missing)}", mend)
    narrow = _too_narrow(inputs, found)
    yield from narrow
    if not missing and not narrow:
        yield Check("pools", State.OK, ", ".join(f"{name} {found[name]}" for name in wanted))


def _too_narrow(inputs: CheckInput, found: Mapping[str, Any]) -> list[Check]:
    """Tasks that want more slots than a pool has wait for ever."""
    settings = inputs.part("settings")
    wants = {"llm_api": settings.get("llm_requests_per_task"), "uploads": settings.get("uploads_per_task")}
    return [
        Check(
            "pools",
            State.FAILED,
            f"{name} has {found[name]} slots, and one task wants {least}",
            f"Give it {least} or more under Admin > Pools.",
        )
        for name, least in wants.items()
        if least and name in found and 0 <= found[name] < least
    ]


def disk(inputs: CheckInput) -> Iterator[Check]:
    """Checks the free disk space for logs, reports and the embedded databases."""
    folder = inputs.site.var if inputs.site.var.exists() else inputs.site.home
    free_gib = shutil.disk_usage(folder).free / _GIB
    finding, mend = f"{free_gib:.0f} GiB free for {folder}", "Make room, or move var to a larger disk."
    if free_gib < _NO_DISK_GIB:
        yield Check("disk", State.FAILED, finding, mend)
    elif free_gib < _LITTLE_DISK_GIB:
        yield Check("disk", State.WARN, finding, mend)
    else:
        yield Check("disk", State.OK, finding)


def failed(name: str, error: CofiError, mend: str) -> Check:
    """The check of a service that did not answer as it should."""
    return Check(name, State.FAILED, " ".join(str(error).split()), mend)
