"""Gold labels: what people answered about calls. CSV, a line for each call and criterion.

    day,file,criterion,answer
    2026-11-16,1003-card-payment.flac,no_card_data_spoken,no

Answers are the keys of options, NA or CANNOT_DETERMINE; how people write these (No, n/a, cannot determine)
does not matter. Other columns (who labelled, when) are left alone. The separator is the header's: a
comma, or a semicolon or tab, as spreadsheets write where the comma is the decimal sign.
"""

import csv
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from include.errors import InvalidInput
from include.outside.system_errors import why_unreadable
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.parts import ID_PATTERN
from include.scorecards.schema import KEY_PATTERN

# The day of a recording, and its path below the day's folder.
CallKey = tuple[date, str]
Labels = Mapping[CallKey, Mapping[str, str]]

_COLUMNS = ("day", "file", "criterion", "answer")
_SEPARATORS = ",;\t|"
# What people write for the two answers outside a criterion's options, in small letters without all else.
_OUTSIDE = {
    "na": NOT_APPLICABLE,
    "notapplicable": NOT_APPLICABLE,
    "cannotdetermine": CANNOT_DETERMINE,
    "cantdetermine": CANNOT_DETERMINE,
    "cannotbedetermined": CANNOT_DETERMINE,
    "undetermined": CANNOT_DETERMINE,
    "noaplica": NOT_APPLICABLE,
    "noaplicable": NOT_APPLICABLE,
    "noprocede": NOT_APPLICABLE,
    "nosepuededeterminar": CANNOT_DETERMINE,
    "indeterminado": CANNOT_DETERMINE,
}


class Label(str):
    """An answer that somebody gave; `place` is where it stands, as `file:line`."""

    place: str

    def __new__(cls, answer: str, place: str) -> "Label":
        """A label from its answer's key and its place."""
        label = super().__new__(cls, answer)
        label.place = place
        return label


def load_labels(path: Path) -> Labels:
    """Reads labels.

    Returns:
        Answer by criterion, of each labelled call.

    Raises:
        InvalidInput: The file cannot be read, or a line is wrong; the message names it.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=_separator(header))
            rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
            return _labels(path, rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"Gold labels {path} cannot be read: {why_unreadable(error)}") from error


def _separator(header: str) -> str:
    """The one that gives the header most of our columns; a comma when none gives any."""

    def columns(separator: str) -> int:
        names = {name.strip().lower() for name in next(csv.reader([header], delimiter=separator), ())}
        return len(names.intersection(_COLUMNS))

    return max(_SEPARATORS, key=columns)


def _labels(path: Path, rows: "csv.DictReader[str]") -> Labels:
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InvalidInput(f"Gold labels {path} have no column {', '.join(missing)}: add it.")
    labels: dict[CallKey, dict[str, Label]] = {}
    for row in rows:
        cells = [(row[name] or "").strip() for name in _COLUMNS]
        place = f"{path}:{rows.line_num}"
        if not all(cells):
            raise InvalidInput(f"{place}: a cell is empty; fill it, or delete the line.")
        day, file, criterion, answer = cells
        of_call = labels.setdefault((_day(day, place), _file(file, place)), {})
        given = Label(_key(answer, place), place)
        if of_call.setdefault(_criterion(criterion, place), given) != given:
            raise InvalidInput(f"{place}: {file} has two answers to {criterion}: keep one.")
    return labels


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{place}: the day '{text}' is none ({error}): write it like 2026-11-16."
        ) from error


def _file(text: str, place: str) -> str:
    """A path as discovery gives it: below the day's folder, with slashes."""
    parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise InvalidInput(f"{place}: '{text}' is no file of the day's folder: write its path below it.")
    return "/".join(parts)


def _criterion(text: str, place: str) -> str:
    if not re.fullmatch(ID_PATTERN, text.lower()):
        raise InvalidInput(f"{place}: '{text}' is no criterion: write its id as it stands in the scorecard.")
    return text.lower()


def outside_options(text: str) -> str | None:
    """NA or CANNOT_DETERMINE, where a text is what people write for it; None for everything else."""
    return _OUTSIDE.get(re.sub(r"[\W_]", "", text).lower())


def _key(text: str, place: str) -> str:
    """The key of an answer, however people write it.

    Raises:
        InvalidInput: It cannot be one.
    """
    if outside := outside_options(text):
        return outside
    key = re.sub(r"[\s-]+", "_", text).lower()
    if not re.fullmatch(KEY_PATTERN, key):
        raise InvalidInput(
            f"{place}: '{text}' is no answer: write the key of an option of the criterion, "
            f"{NOT_APPLICABLE} or {CANNOT_DETERMINE}."
        )
    return key
