"""What the reports of benchmarks have in common: tables, acceptance lines, the machine and the commit."""

import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.benchmarks.findings import Check, Table


def as_markdown(table: Table) -> str:
    """A Markdown table, figures to the right."""
    lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *table.rows]
    body = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)
    return "\n\n".join(part for part in (table.before, body, table.after) if part)


def acceptance(checks: Sequence[Check]) -> str:
    """The chapter of what must hold."""
    marks = {True: "yes", False: "**no**", None: "not measured"}
    rows = [[check.name, check.figure, marks[check.holds]] for check in checks]
    return "## What must hold\n\n" + as_markdown(Table(["line", "measured", "holds"], rows))


def machine() -> str:
    """Processor, cores, memory and system."""
    memory_gb = psutil.virtual_memory().total / 1024**3
    system = f"{platform.system()} {platform.machine()}"
    return f"{_processor()}, {psutil.cpu_count()} cores, {memory_gb:.0f} GiB, {system}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    return names[0] if names else platform.processor()


def commit_of(checkout: Path) -> str:
    """The commit, and whether files differ from it."""
    if not (checkout / ".git").exists():
        return "not a git checkout"
    commit = _git(checkout, "rev-parse", "--short", "HEAD")
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=no", "--", "include")
    return f"`{commit}`" + (" with changes in `include/`" if changed else "")


def _git(checkout: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=False)
    return ran.stdout.strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
