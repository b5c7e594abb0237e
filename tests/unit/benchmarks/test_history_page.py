"""The page of histories: parts that are measured one by one, each beside the shortest history."""

import json
from pathlib import Path

import pytest

from tests.benchmarks import history_page
from tests.benchmarks.history_page import Part, add, page


def part(days: int, seconds: float = 1.0, *, calls: int = 10_000, database: str = "sqlite") -> Part:
    found = Part(database, calls, days, days * calls, "2026-11-29", "2 cores, x86_64", "python -m history")
    found.seen("close", seconds, {"SELECT 1": seconds / 2}, {"SELECT 1": round(100_000 * seconds)})
    return found


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(history_page, "FIGURES", tmp_path / "figures.json")
    return tmp_path / "figures.json"


def told(figures: Path) -> str:
    return page(json.loads(figures.read_text()))


def test_parts_of_several_runs_stand_in_one_table(figures: Path) -> None:
    add(part(1000, 1.2))
    add(part(0, 1.0))
    add(part(30, 1.1))
    text = told(figures)
    assert "| step | 0 days, 0 calls | 30 days, 300,000 calls | 1,000 days, 10,000,000 calls |" in text
    assert "| close | 1.00 s (1.00) | 1.10 s (1.10) | 1.20 s (1.20) |" in text


def test_a_part_that_is_measured_again_replaces_the_one_before(figures: Path) -> None:
    add(part(0))
    add(part(30, 9.0))
    add(part(30, 1.3))
    assert "| close | 1.00 s (1.00) | 1.30 s (1.30) |" in told(figures)


def test_of_several_nights_the_fastest_counts() -> None:
    found = part(0, 2.0)
    found.seen("close", 1.5, {"SELECT 1": 0.1}, {"SELECT 1": 900})
    found.seen("close", 1.8, {"SELECT 1": 0.3}, {"SELECT 1": 800})
    assert found.steps == {"close": 1.5}
    assert found.statements == {"close": {"SELECT 1": 0.1}}
    assert found.read == {"close": {"SELECT 1": 800}}


def test_a_statement_that_reads_more_than_the_goal_is_named_however_long_it_takes(figures: Path) -> None:
    add(part(0, 1.0))
    add(part(30, 1.6))
    text = told(figures)
    assert "Of the 1 statements that read 50,000 steps or more in a step, 0 read at most 1.5 times" in text
    assert "| close | `SELECT 1` | 100,000 (500 ms) | 160,000 (800 ms) | 1.60 |" in text


def test_a_statement_that_reads_as_much_is_not_named_though_it_took_longer(figures: Path) -> None:
    busy = part(30)
    busy.statements["close"]["SELECT 1"] = 9.0
    for one in (part(0), busy):
        add(one)
    assert "1 read at most 1.5 times as many after 30 days." in told(figures)


def test_what_was_measured_before_reading_was_counted_says_so(figures: Path) -> None:
    for days in (0, 30):
        older = part(days)
        older.read.clear()
        add(older)
    assert "What each statement reads was not counted when this was measured" in told(figures)


def test_a_night_of_many_calls_stands_beside_as_many_times_one_of_fewer(figures: Path) -> None:
    add(part(0, 1.0))
    add(part(0, 12.0, calls=100_000))
    assert "| close | 12.00 s | 1.20 |" in told(figures)
    assert "The ratio is to 10 times what 10,000 calls take." in told(figures)


def test_databases_are_not_mixed(figures: Path) -> None:
    for database, seconds in (("sqlite", 1.0), ("postgresql", 4.0)):
        add(part(0, seconds, database=database))
        add(part(30, 2 * seconds, database=database))
    assert told(figures).count("(2.00)") == 2


def test_what_was_not_measured_is_named(figures: Path) -> None:
    for days in (0, 30):
        add(part(days))
    missing = told(figures).partition("## Not measured yet")[2].partition("## How")[0]
    assert "SQLite, 1,000 days before nights of 10,000 calls" in missing
    assert "PostgreSQL, 0 days before nights of 100,000 calls" in missing
    assert "SQLite, 30 days" not in missing and "SQLite, 0 days before nights of 10,000 calls" not in missing


def test_what_takes_longer_is_added_up(figures: Path) -> None:
    add(part(0, 1.0))
    add(part(30, 1.6))
    add(part(1000, 1.4, database="sqlite", calls=500))
    assert "1 statements take more than 1.5 times as long: together they lengthen a night by 0.30 s." in told(
        figures
    )
