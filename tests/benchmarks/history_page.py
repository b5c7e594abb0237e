"""The figures of `tests.benchmarks.history`, kept from run to run, and the page that tells them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.history.reading import UNITS

_DOCS = Path(__file__).parents[2] / "docs"
PAGE = _DOCS / "history-benchmark.md"
FIGURES = _DOCS / "history-benchmark.json"
GOAL = 1.5
# The newest days of a history have all rows of their calls, older ones of each so many-th copy.
WHOLE_DAYS, WHOLE_ONE_IN = 7, 50
# Statements that read less say nothing about the history: some pages of indexes, or of small tables.
_COMPARED = {"postgresql": 500, "sqlite": 50_000}
_SHOWN = 12
# Each call of a night looked up in some indexes, once or twice: no history makes that more.
_PAGES_OF_A_CALL = 8
# Of statements that have no time at first.
_DASHED = " Those with a dash were not sent then, or not among the longest that are kept of a step:"
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# What the page is to tell in the end: calls of a day, and days of history before it.
_WANTED = ((10_000, 0), (10_000, 30), (10_000, 1_000), (100_000, 0))


@dataclass
class Part:
    """Nights of `calls` after `days` of history, `history` calls in all.

    Attributes:
        steps: The least seconds that each took.
        statements: The same of each statement of a step.
        read: The least that was read for it: see `tests.history.reading`.
    """

    database: str
    calls: int
    days: int
    history: int
    date: str
    machine: str
    command: str
    steps: dict[str, float] = field(default_factory=dict)
    statements: dict[str, dict[str, float]] = field(default_factory=dict)
    read: dict[str, dict[str, int]] = field(default_factory=dict)

    def seen(
        self, step: str, seconds: float, statements: Mapping[str, float], read: Mapping[str, int]
    ) -> None:
        """Another night's step: what was faster counts, and what read less."""
        self.steps[step] = round(min(seconds, self.steps.get(step, seconds)), 4)
        known = self.statements.setdefault(step, {})
        for sql, taken_s in statements.items():
            known[sql] = round(min(taken_s, known.get(sql, taken_s)), 5)
        before = self.read.setdefault(step, {})
        before.update({sql: min(number, before.get(sql, number)) for sql, number in read.items()})


Parts = Sequence[dict[str, Any]]


def add(part: Part) -> None:
    """Keeps a part, in the place of an earlier one of the same."""
    same = (part.database, part.calls, part.days)
    kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else []
    others = [one for one in kept if (one["database"], one["calls"], one["days"]) != same]
    found = sorted([*others, asdict(part)], key=lambda one: (one["database"], one["calls"], one["days"]))
    FIGURES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def page(parts: Parts) -> str:
    """All that was measured, as a page."""
    return "\n".join([*_head(), *_tables(parts), *_large_days(parts), *_missing(parts), *_how(parts)])


def _head() -> Iterator[str]:
    yield f"""# A night after days and after years

How long the steps of a night take, by how much the database already holds. Each time stands beside its
ratio to that of the shortest history: {GOAL} at most is the goal. Nothing of Airflow's own work is in it;
recordings of 3 s lie on a local disk, and the GPU host answers at once."""


def _groups(parts: Parts) -> dict[tuple[str, int], list[dict[str, Any]]]:
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for one in parts:
        found.setdefault((one["database"], one["calls"]), []).append(one)
    return found


def _tables(parts: Parts) -> Iterator[str]:
    for (database, calls), some in _groups(parts).items():
        if len(some) > 1:
            yield from ("", f"## {_NAMES[database]}, nights of {calls:,} calls", "")
            yield from _steps(some)
            yield from _statements(some)


def _steps(some: Parts) -> Iterator[str]:
    heads = (f"{one['days']:,} days, {one['history']:,} calls" for one in some)
    yield f"| step | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * len(some)}"
    for step, alone_s in some[0]["steps"].items():
        cells = (f"{one['steps'][step]:.2f} s ({one['steps'][step] / alone_s:.2f})" for one in some)
        yield f"| {step} | {' | '.join(cells)} |"


def _statements(some: Parts) -> Iterator[str]:
    """What those of the longest history read beside those of the shortest."""
    first, last = some[0], some[-1]
    unit, least = UNITS[first["database"]], _COMPARED[first["database"]]
    if not first.get("read") or not last.get("read"):
        yield from ("", "What each statement reads was not counted when this was measured.")
        return
    compared = [
        (number / max(alone, least), step, sql, alone, number)
        for step, statements in last["read"].items()
        for sql, number in statements.items()
        for alone in [first["read"].get(step, {}).get(sql, 0)]
        if max(number, alone) >= least and not sql.startswith("ANALYZE")
    ]
    by_call = first["database"] == "postgresql"
    looked_up = _PAGES_OF_A_CALL * last["calls"] if by_call else 0
    more = [one for one in compared if one[0] > GOAL]
    more.sort(key=lambda one: (one[4] > looked_up, one[0]), reverse=True)
    longer = sum(_takes_longer(first, last, step, sql) for _, step, sql, *_ in more)
    yield ""
    yield (
        f"Of the {len(compared)} statements that read {least:,} {unit} or more in a step, "
        f"{len(compared) - len(more)} read at most {GOAL} times as many after {last['days']:,} days. Of the "
        f"others, {longer} take more than {GOAL} times as long, too."
        + _lengthened(first, last)
        + (_looked_up(sum(one[4] <= looked_up for one in more)) if by_call else "")
        + (_DASHED if more else "")
    )
    if more:
        yield from (
            "",
            f"| step | statement | {unit}, {first['days']} days | {last['days']:,} days | ratio |",
        )
        yield "|---|---|---:|---:|---:|"
    for ratio, step, sql, alone, number in more[:_SHOWN]:
        sides = tuple(_side(one, step, sql, value) for one, value in ((first, alone), (last, number)))
        yield f"| {step} | `{sql}` | {' | '.join(sides)} | {f'{ratio:.2f}' if alone else '—'} |"


def _looked_up(few: int) -> str:
    """Of PostgreSQL, how many of those that read more look up the calls of the night, and nothing else."""
    return (
        " Without history a night is all that a table holds, and is read as it lies; later its calls are "
        f"looked up: {few} of them read at most {_PAGES_OF_A_CALL} pages for each call of the night."
    )


def _lengthened(first: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """By how much all statements that miss the goal by time lengthen a night: those too that read little."""
    missed = [
        now_s - before_s
        for step, statements in last["statements"].items()
        for sql, now_s in statements.items()
        for before_s in [first["statements"].get(step, {}).get(sql)]
        if before_s is not None and now_s > GOAL * before_s
    ]
    return (
        f" However little they read, {len(missed)} statements take more than {GOAL} times as long: "
        f"together they lengthen a night by {sum(missed):.2f} s."
    )


def _takes_longer(first: Mapping[str, Any], last: Mapping[str, Any], step: str, sql: str) -> bool:
    before_s, now_s = (one["statements"].get(step, {}).get(sql) for one in (first, last))
    return before_s is None or now_s is None or now_s > GOAL * before_s


def _side(part: Mapping[str, Any], step: str, sql: str, number: int) -> str:
    """What a statement reads, and how long it takes."""
    taken_s = part["statements"].get(step, {}).get(sql)
    return "—" if taken_s is None else f"{number:,} ({1000 * taken_s:.0f} ms)"


def _large_days(parts: Parts) -> Iterator[str]:
    """A night of many calls beside one of fewer, both without history."""
    alone = [one for one in parts if one["days"] == 0]
    for database in dict.fromkeys(one["database"] for one in alone):
        small, *large = (one for one in alone if one["database"] == database)
        for one in large:
            times = one["calls"] / small["calls"]
            yield from ("", f"## {_NAMES[database]}, one night of {one['calls']:,} calls", "")
            yield f"Without history. The ratio is to {times:g} times what {small['calls']:,} calls take."
            yield from ("", "| step | time | ratio |", "|---|---:|---:|")
            for step, taken_s in one["steps"].items():
                yield f"| {step} | {taken_s:.2f} s | {taken_s / small['steps'][step] / times:.2f} |"


def _missing(parts: Parts) -> Iterator[str]:
    """What nobody has measured yet, so that nothing is taken to hold there."""
    there = {(one["database"], one["calls"], one["days"]) for one in parts}
    missing = [
        f"{_NAMES[database]}, {days:,} days before nights of {calls:,} calls"
        for database in _NAMES
        for calls, days in _WANTED
        if (database, calls, days) not in there
    ]
    if missing:
        yield from ("", "## Not measured yet", "", *(f"- {one}" for one in missing))


def _how(parts: Parts) -> Iterator[str]:
    yield f"""
## How it was measured

A day of sample calls is audited by the product's own code, without Airflow and GPU hosts, and copied
inside the database under ids, hashes and times of its own (`tests/history`). The newest {WHOLE_DAYS} days of
a history have all that calls leave but long texts and search indexes. Older days have all calls,
`batch_calls`, audits and events, and all else of each {WHOLE_ONE_IN}th dozen of calls: a thousand
days in full would be 160 GB. The day before each night is whole in all cases, because a night looks at it
again. PostgreSQL analyses its tables by itself, and so it is done here; nobody does that for SQLite. A run
has it analyse those that it has written into: that reads at most 9,000 pages of a table, and is not compared.

A step's time is the least of the nights after the same history: on SQLite, which works in the same
process, CPU time, which other work on the machine does not lengthen; on PostgreSQL time by the clock. A
query is asked twice more before it is sent, so its pages are in memory; the faster one is its time, and the
asking is no part of the step's. `load`, the programs that wanted a core when a part began, says how far to
trust small differences.

What decides is what is read for a statement, which no other work on the machine changes: on PostgreSQL pages
of 8 KiB, each as often as it is looked at, on SQLite steps of its virtual machine, in hundreds.

| part | measured on | machine | command |
|---|---|---|---|"""
    for one in parts:
        part = f"{_NAMES[one['database']]}, {one['calls']:,} calls, {one['days']:,} days"
        yield f"| {part} | {one['date']} | {one['machine']} | `{one['command']}` |"
    yield ""
