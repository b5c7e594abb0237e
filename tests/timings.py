"""`make timings`: what the last `make test` took, file by file, into docs/test-timings.md."""

import os
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "test-timings.md"
# What pytest has kept of the two parts of `make test`. Names of tests hold made-up card numbers: not in var.
TOOK = ROOT / ".pytest_cache" / "took"
KEPT = {"make test-unit": TOOK / "unit.xml", "the rest of make test": TOOK / "rest.xml"}
_LONGEST = 25


@dataclass(frozen=True)
class Part:
    """The tests that one command ran: when, how long by the clock, and seconds and tests of each file."""

    day: date
    took_s: float
    seconds: Mapping[str, float]
    tests: Mapping[str, int]


def read(kept: Path) -> Part:
    """Reads a file of pytest's `--junitxml`.

    Raises:
        SystemExit: It is not there.
    """
    if not kept.is_file():
        sys.exit(f"{kept} is not there: run `make test` first, which writes it")
    [suite] = ElementTree.parse(kept).getroot().iter("testsuite")
    seconds: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for case in suite.iter("testcase"):
        file = _file_of(str(case.get("classname")))
        seconds[file] += float(case.get("time", 0))
        tests[file] += 1
    began = datetime.fromisoformat(str(suite.get("timestamp")))
    return Part(began.date(), float(suite.get("time", 0)), seconds, tests)


def _file_of(classname: str) -> str:
    """`tests.unit.test_a.TestB` is of tests/unit/test_a.py."""
    parts = classname.split(".")
    last = max(n for n, part in enumerate(parts) if part.startswith("test_"))
    return "/".join(parts[: last + 1]) + ".py"


def page(parts: Mapping[str, Part]) -> str:
    """The page of some parts, by command."""
    lines = [
        "# What the tests take",
        "",
        "Made by `make timings` of the last `make test`. Seconds by the clock, with what a file's tests set "
        "up; files run beside each other, so they add up to more than a part took. "
        f"{os.cpu_count()} cores, {platform.machine()}.",
    ]
    for command, part in parts.items():
        lines += ["", f"## {command}", "", *_table(part)]
    return "\n".join(lines) + "\n"


def _table(part: Part) -> Iterable[str]:
    number = sum(part.tests.values())
    yield f"{number:,} tests of {len(part.tests)} files, {_minutes(part.took_s)}, {part.day}."
    yield from ("", "| file | tests | s |", "|---|---:|---:|")
    by_length = sorted(part.seconds, key=lambda file: -part.seconds[file])
    for file in by_length[:_LONGEST]:
        yield f"| {file} | {part.tests[file]} | {part.seconds[file]:.0f} |"
    others = by_length[_LONGEST:]
    tests, seconds = (sum(of[file] for file in others) for of in (part.tests, part.seconds))
    yield f"| {len(others)} others | {tests} | {seconds:.0f} |"


def _minutes(seconds: float) -> str:
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


if __name__ == "__main__":
    PAGE.write_text(page({command: read(kept) for command, kept in KEPT.items()}))
    print(PAGE.read_text())
