"""Gold labels: what people answered about calls. CSV, a line for each call and criterion.

    day,file,criterion,answer
    2026-11-16,1003-card-payment.flac,no_card_data_spoken,no

Other columns (who labelled, when) are left alone.
"""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from include.errors import InvalidInput

# The day of a recording, and its path below the day's folder.
CallKey = tuple[date, str]
Labels = Mapping[CallKey, Mapping[str, str]]

_COLUMNS = ("day", "file", "criterion", "answer")


def load_labels(path: Path) -> Labels:
    """Reads labels.

    Returns:
        Answer by criterion, of each labelled call.

    Raises:
        InvalidInput: The file cannot be read, or a line is wrong; the message names it.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _labels(path, csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"Gold labels {path} cannot be read: {error}") from error


def _labels(path: Path, rows: "csv.DictReader[str]") -> Labels:
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InvalidInput(f"Gold labels {path} have no column {', '.join(missing)}: add it.")
    labels: dict[CallKey, dict[str, str]] = {}
    for row in rows:
        day, file, criterion, answer = ((row[name] or "").strip() for name in _COLUMNS)
        try:
            of_call = labels.setdefault((date.fromisoformat(day), file), {})
        except ValueError as error:
            raise InvalidInput(f"{path}:{rows.line_num}: the day '{day}' is none: {error}") from error
        if not (file and criterion and answer):
            raise InvalidInput(f"{path}:{rows.line_num}: a cell is empty; fill it, or delete the line.")
        if of_call.setdefault(criterion, answer) != answer:
            raise InvalidInput(f"{path}:{rows.line_num}: {file} has two answers to {criterion}: keep one.")
    return labels
