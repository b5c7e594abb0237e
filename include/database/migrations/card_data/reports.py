"""Masks card data in the reports of earlier runs: `report.html` and `summary.json`, one folder per run."""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

from markupsafe import escape

from include.card_data.masking import masked_text
from include.database.migrations.card_data.recollection import Recollection
from include.errors import InvalidInput

Recollect = Callable[[str], Recollection]

# Shorter texts of a summary are looked for as a whole only.
_TELLING_CHARS = 10
_QUOTED = " \n“”"
# What stands between two tags, or is told in one; styles and scripts are no text.
_NODE = re.compile(
    r"<(?P<code>style|script)\b.*?</(?P=code)>"
    r"|(?<=>)(?P<text>[^<>]+)(?=<)"
    r"|(?<=\s)(?:title|alt|aria-label)=(?P<quote>[\"'])(?P<told>.*?)(?P=quote)",
    re.DOTALL,
)


def mask_reports(folder: Path, recollect: Recollect) -> int:
    """Masks the reports below a folder, each file as a whole: a reader sees the old or the new one.

    Args:
        folder: Of `[cofi] runs_folder`; one that is not there has no reports.
        recollect: What the transcript of a call held.

    Returns:
        How many files were changed.

    Raises:
        InvalidInput: A file cannot be read as text.
    """
    runs = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return sum(_mask_run(run, recollect) for run in runs)


def _mask_run(run: Path, recollect: Recollect) -> int:
    for draft in run.glob(".*.html.*"):
        draft.unlink()  # of a writer that was killed: nobody reads it
    for draft in run.glob(".*.json.*"):
        draft.unlink()
    told: dict[str, str] = {}
    changed = 0
    for path in sorted(run.glob("*.json")):
        changed += _replaced(path, _masked_json(_read(path), recollect, told))
    for path in sorted(run.glob("*.html")):
        changed += _replaced(path, _masked_html(_read(path), told))
    return changed


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        # What cannot be read is not quoted.
        raise InvalidInput(
            f"The report {path} is not UTF-8: nobody knows whether it holds card data. "
            "Delete it, or move it elsewhere, and migrate again."
        ) from None


def _masked_json(text: str, recollect: Recollect, told: dict[str, str]) -> str:
    """Masks the texts of a summary, and notes in `told` which became which: the page shows the same."""
    try:
        old = json.loads(text)
    except ValueError:
        return masked_text(text)
    new = _masked_value(old, Recollection(), recollect)
    told |= {before: after for before, after in zip(_texts(old), _texts(new), strict=True) if before != after}
    return json.dumps(new, indent=1, ensure_ascii=False) + "\n" if new != old else text


def _masked_value(value: Any, recalled: Recollection, recollect: Recollect) -> Any:
    """Everything below an object that names a call is about that call."""
    if isinstance(value, dict):
        recalled = recollect(value["call_id"]) if isinstance(value.get("call_id"), str) else recalled
        return {name: _masked_value(item, recalled, recollect) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked_value(item, recalled, recollect) for item in value]
    return recalled.text(value) if isinstance(value, str) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _masked_html(page: str, told: dict[str, str]) -> str:
    return _NODE.sub(lambda node: _masked_node(node, told), page)


def _masked_node(node: re.Match[str], told: dict[str, str]) -> str:
    name = "text" if node["text"] is not None else "told"
    if node[name] is None:
        return node.group()
    old = new = unescape(node[name])
    for before, after in told.items():
        # A code alone, such as 123, may be any number elsewhere.
        if len(before) >= _TELLING_CHARS or new.strip(_QUOTED) == before:
            new = new.replace(before, after)
    new = masked_text(new)
    if new == old:
        return node.group()
    start, end = node.start(name) - node.start(), node.end(name) - node.start()
    return f"{node.group()[:start]}{escape(new)}{node.group()[end:]}"


def _replaced(path: Path, content: str) -> bool:
    if content == _read(path):
        return False
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    draft.write_text(content, "utf-8")
    draft.chmod(path.stat().st_mode)
    draft.replace(path)
    return True
