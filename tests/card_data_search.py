"""Searches everything that a demo has left for the card number that a sample call says aloud.

    python -m tests.card_data_search var

Databases are read row by row and as bytes, JSON value by value, everything else as text: in figures, grouped,
in words, or with what a recogniser put between them. It fails where it finds more than the last digits of the
number, and where it cannot have found any: without the call's transcript nothing is proven.
"""

import json
import re
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from include.card_data.formats import luhn_valid
from include.demo.sample_calls.script import load_scripts
from include.spoken.numbers import digit_runs

SCRIPTS = Path(__file__).parents[1] / "include" / "demo" / "sample_calls" / "scripts"
# Models, which nobody speaks to; their vocabularies hold all numbers.
LEFT_OUT = {"weights"}
CARD_LENGTHS = range(13, 20)
# So many digits of the number in a row are met by chance once in some hundred million.
TELLING_DIGITS = 9
_SQLITE = b"SQLite format 3\x00"
_TAG = re.compile(r"<[^>]*>")


@dataclass
class Search:
    """What was looked through, and what was found.

    Attributes:
        numbers: Card numbers that may be nowhere.
        masks: How often a mask of one of them was met: only then was there something to find.
    """

    numbers: tuple[str, ...]
    files: int = 0
    rows: int = 0
    masks: int = 0
    found: list[str] = field(default_factory=list)

    def folder(self, root: Path) -> None:
        """Searches all files below a folder."""
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            if not LEFT_OUT & set(path.relative_to(root).parts):
                self.file(path)

    def file(self, path: Path) -> None:
        """Searches a file as bytes, and as what it is."""
        self.files += 1
        content = path.read_bytes()
        text = content.decode(errors="replace")
        if any(re.search(in_figures(number), text) for number in self.numbers):
            self.found.append(f"{path}, as bytes")
        if content.startswith(_SQLITE):
            self._database(path)
        elif b"\0" not in content[:8192]:
            self._text(text, str(path))

    def _database(self, path: Path) -> None:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            names = [
                row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for name in names:
                for row in database.execute(f'SELECT * FROM "{name}"'):
                    self.rows += 1
                    for column in row.keys():  # noqa: SIM118 - a row is no mapping
                        if isinstance(row[column], str | bytes):
                            told = row[column]
                            told = told.decode(errors="replace") if isinstance(told, bytes) else told
                            self._text(told, f"{path}, {name}.{column}")

    def _text(self, text: str, where: str) -> None:
        for number in self.numbers:
            self.masks += text.count(f"[card number ending {number[-4:]}]")
            told = next((told for told in readings(text) if tells(told, number)), None)
            if told is not None:
                self.found.append(where)


def in_figures(number: str) -> str:
    """A pattern of all digits with at most a few signs between them."""
    return r"[^0-9A-Za-z]{0,3}".join(number)


def readings(text: str) -> Iterator[str]:
    """The text as it is read: JSON also name by name, so that words with times come one after the other."""
    value = _json(text)
    if value is None:
        yield unescape(_TAG.sub("\n", text)) if "<html" in text else text
        return
    by_name: dict[str, list[str]] = defaultdict(list)
    _collect(value, "", by_name)
    for texts in by_name.values():
        yield "\n".join(texts)


def tells(text: str, number: str) -> bool:
    """Whether somebody who reads the text learns so many digits of the number."""
    for run in digit_runs(text):
        windows = (run.digits[at : at + TELLING_DIGITS] for at in range(len(run.digits) - TELLING_DIGITS + 1))
        if any(window in number for window in windows):
            return True
    return False


def sample_card_numbers() -> tuple[str, ...]:
    """The numbers that are said in the sample calls."""
    runs = [
        run.digits
        for script in load_scripts(SCRIPTS)
        for turn in script.turns
        for run in digit_runs(turn.text)
    ]
    return tuple(digits for digits in runs if len(digits) in CARD_LENGTHS and luhn_valid(digits))


def _json(text: str) -> Any:
    if text[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _collect(value: Any, name: str, by_name: dict[str, list[str]]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, key, by_name)
    elif isinstance(value, list):
        for item in value:
            _collect(item, name, by_name)
    elif isinstance(value, str):
        by_name[name].append(value)


def searched(folders: Iterable[Path], numbers: tuple[str, ...]) -> Search:
    """Searches folders.

    Raises:
        SystemExit: There was nothing to find, so that nothing is proven.
    """
    search = Search(numbers)
    for folder in folders:
        search.folder(folder)
    if not numbers or not search.rows or not search.masks:
        raise SystemExit(
            f"Nothing is proven: the sample calls say {len(numbers)} card numbers, and {search.files} files "
            f"with {search.rows} rows hold {search.masks} masks of them. Run the demo first."
        )
    return search


def main() -> None:
    """Prints what was searched; fails where card data was found."""
    search = searched([Path(folder) for folder in sys.argv[1:]], sample_card_numbers())
    where = "".join(f"\n  {place}" for place in dict.fromkeys(search.found))
    print(
        f"Searched {search.files} files and {search.rows} rows for {len(search.numbers)} card number: "
        f"{search.masks} masks, {len(search.found)} places with card data{where}"
    )
    sys.exit(bool(search.found))


if __name__ == "__main__":
    main()
