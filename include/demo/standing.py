"""How the processes of a stack are, in sentences."""

from datetime import datetime

from include.demo.processes import Processes, Started
from include.site_time import moment_to_the_second

_AGAIN = "`cofi down` and `cofi up` start everything again"


def standing(processes: Processes, timezone: str = "UTC") -> str:
    """A line if all is well, and one for each process that has ended or was started again."""
    latest = processes.latest
    if not latest:
        return "The stack is not up: `cofi up` starts it."
    up = sum(_is_up(processes, started) for started in latest.values())
    lines = [f"Stack: {up} of {len(latest)} processes run."]
    lines += [line for started in latest.values() if (line := _line(processes, started, timezone))]
    return "\n".join(lines)


def _is_up(processes: Processes, started: Started) -> bool:
    kept = processes.kept(started.name) if started.kept else None
    return started.alive and (not started.kept or bool(kept and kept.pid))


def _line(processes: Processes, started: Started, timezone: str) -> str:
    """Nothing of one that has run all the time."""
    name, log = started.name, processes.log_of(started.name)
    if not started.alive:
        state = "has ended" if not started.session else "has ended, and what it started runs on"
        if started.kept and started.session:
            state = "is kept up no more, but runs"
        return f"{name} {state}: {_AGAIN}; see {log}"
    kept = processes.kept(name) if started.kept else None
    if not kept or not kept.ended:
        return ""
    if kept.fails:
        return f"{name} ends whenever it is started, {kept.short_runs} times in a row by now: see {log}"
    if not kept.pid:
        return f"{name} {kept.ended}; it is started again soon: see {log}"
    times = "once" if kept.restarts == 1 else f"{kept.restarts} times"
    since = moment_to_the_second(datetime.fromisoformat(kept.since), timezone)
    return f"{name} was started again {times}, and runs since {since}. Before, it {kept.ended}: see {log}"
