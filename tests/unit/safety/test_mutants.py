"""Mutants are what they say: one change each, and the most dangerous of a module come first."""

import ast

from tests.mutation.choosing import chosen
from tests.mutation.mutants import mutants

SOURCE = """
class Counter:
    def __init__(self):
        self.count = 0

    def take(self, items, wanted=None):
        log.info("taking")
        if items:
            self.count = len(items)
        if wanted is not None and not wanted:
            store(items)
        if self.count >= 3:
            raise TooMany(self.count)
        if not isinstance(items, List | Tuple):
            return None
        return ~items & wanted
"""


def changes() -> dict[str, str]:
    """The changed module by the change, as lines that are not as before."""
    before = ast.unparse(ast.parse(SOURCE)).splitlines()
    made = {}
    for mutant in mutants(SOURCE):
        after = ast.unparse(mutant.tree).splitlines()
        (changed,) = [new for old, new in zip(before, after, strict=True) if old != new]
        made[mutant.change] = changed.strip()
    return made


def test_each_changes_one_line() -> None:
    assert changes() == {
        "self.count = 0 left out": "pass",
        "if items -> if not items:": "if not items:",
        "self.count = len(items) left out": "pass",
        "wanted is not None and (not wanted) -> wanted is not None or not wanted": (
            "if wanted is not None or not wanted:"
        ),
        "wanted is not None -> wanted is None": "if wanted is None and (not wanted):",
        "not wanted -> wanted": "if wanted is not None and wanted:",
        "store(items) left out": "pass",
        "self.count >= 3 -> self.count > 3": "if self.count > 3:",
        "raise TooMany(self.count) left out": "pass",
        "not isinstance(items, List | Tuple) -> isinstance(items, List | Tuple)": (
            "if isinstance(items, List | Tuple):"
        ),
        "~items & wanted -> ~items | wanted": "return ~items | wanted",
        "~items -> items": "return items & wanted",
    }


def test_what_is_dangerous_comes_first() -> None:
    picked = {mutant.change for mutant in chosen(list(mutants(SOURCE)), most=5)}
    assert "self.count = 0 left out" not in picked, "of `__init__`"
    assert "self.count >= 3 -> self.count > 3" not in picked, "a boundary"
    assert {"store(items) left out", "raise TooMany(self.count) left out"} <= picked
    assert len(picked) == 5
