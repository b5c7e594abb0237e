"""The map in CONTRIBUTING.md has every folder and every DAG that there is, and no other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAP = (ROOT / "CONTRIBUTING.md").read_text().partition("## The map")[2].partition("\n## ")[0]


def named(indent: int, pattern: str) -> list[str]:
    """What begins a line of the map at this depth."""
    return re.findall(rf"^ {{{indent}}}({pattern})  +\S", MAP, re.MULTILINE)


@pytest.mark.parametrize(
    ("shown", "there"),
    [
        (named(4, r"dags/\w+\.py"), [f"dags/{file.name}" for file in ROOT.glob("dags/*.py")]),
        (named(6, r"\w+/"), [f"{file.parent.name}/" for file in ROOT.glob("include/*/__init__.py")]),
    ],
    ids=["dags", "include"],
)
def test_it_has_what_is_there(shown: list[str], there: list[str]) -> None:
    assert len(there) > 3
    assert sorted(shown) == sorted(there)
