"""The table of what tests take adds up files of pytest's own XML, and says so when there is none."""

from datetime import date
from pathlib import Path

import pytest

from tests.timings import Part, page, read

XML = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" time="61.5" timestamp="2026-11-30T02:10:00.1+00:00">
<testcase classname="tests.unit.a.test_one" name="test_x" time="2.0" />
<testcase classname="tests.unit.a.test_one.TestY" name="test_y" time="3.5" />
<testcase classname="tests.plugins.test_two" name="test_z" time="40.0" />
</testsuite></testsuites>"""


def test_a_files_tests_are_added_up_also_those_of_classes(tmp_path: Path) -> None:
    (tmp_path / "unit.xml").write_text(XML)
    part = read(tmp_path / "unit.xml")
    assert (part.day, part.took_s) == (date(2026, 11, 30), 61.5)
    assert part.seconds == {"tests/unit/a/test_one.py": 5.5, "tests/plugins/test_two.py": 40.0}
    assert part.tests == {"tests/unit/a/test_one.py": 2, "tests/plugins/test_two.py": 1}


def test_the_page_begins_with_what_takes_longest_and_leaves_no_file_out() -> None:
    seconds = {f"tests/test_{n:02}.py": float(n) for n in range(30)}
    lines = page(
        {"make test-unit": Part(date(2026, 11, 30), 75, seconds, dict.fromkeys(seconds, 2))}
    ).splitlines()
    assert "60 tests of 30 files, 1 min 15 s, 2026-11-30." in lines
    table = [line for line in lines if line.startswith("| tests")]
    assert table[0] == "| tests/test_29.py | 2 | 29 |"
    assert lines[-1] == "| 5 others | 10 | 10 |"


def test_without_a_run_of_the_tests_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="run `make test` first"):
        read(tmp_path / "unit.xml")
