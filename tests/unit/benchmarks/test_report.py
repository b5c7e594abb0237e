"""The report says what was measured, what was not, and what does not hold."""

from datetime import UTC, datetime
from pathlib import Path

from include.gpu.wire import Engine
from tests.benchmarks.findings import Check, Section, Table, percent, points
from tests.benchmarks.reporting import as_markdown
from tests.benchmarks.speech.report import Run, written


def run() -> Run:
    began = datetime(2026, 11, 25, tzinfo=UTC)
    engines = {"stt w": Engine(name="w", version="1", device="cpu", weights_sha256="abc")}
    return Run(began, "python -m x", quick=False, commit="`abc`", engines=engines, missing=["No noise."])


def test_the_lines_that_do_not_hold_are_returned(tmp_path: Path) -> None:
    section = Section("Words", tables=[Table(["set", "WER"], [["a|b", "1.0 %"]])], pictures={"bars": "p.svg"})
    section.checks = [
        Check("good", True, "1"),
        Check("bad", False, "2"),
        Check("unknown", None, "–"),
    ]
    assert written(run(), [section], tmp_path / "docs" / "r.md") == ["bad: 2"]
    text = (tmp_path / "docs" / "r.md").read_text()
    for line in (
        "| bad | 2 | **no** |",
        "| unknown | – | not measured |",
        "| a\\|b | 1.0 % |",
        "![bars](p.svg)",
    ):
        assert line in text
    assert "- No noise." in text and "2026-11-25" in text and "`abc`" in text and "`python -m x`" in text


def test_a_failed_recording_does_not_hold(tmp_path: Path) -> None:
    failed = run()
    failed.failures = ["c1: 500"]
    assert written(failed, [], tmp_path / "r.md") == ["Every recording is processed: 1 of them failed"]
    assert "Failed: c1: 500" in (tmp_path / "r.md").read_text()


def test_figures_are_readable() -> None:
    assert percent(0.0469) == "4.7 %" and percent(None) == percent(float("nan")) == "–"
    assert points(-0.0123, 0.0004) == "−1.2 … 0.0"
    assert as_markdown(Table(["a", "b"], [["x", "1"]])) == "| a | b |\n| --- | ---: |\n| x | 1 |"
