"""Reads and changes .env: lines NAME=value, as python-dotenv and Docker Compose read them."""

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from include.command_line.site_files import Line, read_text
from include.errors import InvalidInput

if TYPE_CHECKING:
    from dotenv.parser import Binding

_HEAD = """\
# Keys and addresses of this site; written by `cofi init`, and yours to change. Nobody else may read it. The
# environment goes before it. docker-compose.yaml reads it too.
"""
# What begins so is read by Airflow, and only in capitals.
_OF_AIRFLOW = "AIRFLOW_"


def variables_in(file: Path) -> dict[str, str]:
    """The values of a file, by their names; without those that are empty. No file has none.

    Raises:
        InvalidInput: It is no text, or a line is no NAME=value.
    """
    return {one.key: one.value for one in _bindings(read_text(file), file) if one.key and one.value}


def oddities(file: Path, known: Collection[str]) -> Iterator[str]:
    """A sentence on each line that may not do what was meant.

    Args:
        file: The file; it need not exist.
        known: Names that something reads.

    Raises:
        InvalidInput: As of `variables_in`.
    """
    values = defaultdict[str, dict[int, str]](dict)
    for one in _bindings(read_text(file), file):
        if one.key is None:
            continue
        if one.value is None:
            yield f"line {_line(one)} names {one.key} without a value: write {one.key}=…, or take it out"
        elif "\n" in one.value:
            yield f"line {_line(one)}: the value of {one.key} goes over several lines; is a quote missing?"
        else:
            values[one.key][_line(one)] = one.value
    for name, by_line in values.items():
        if len(set(by_line.values())) > 1:
            lines = " and ".join(map(str, by_line))
            yield f"lines {lines} set {name} to different values, of which the last one holds"
        if meant := _meant(name, known):
            yield f"line {max(by_line)}: nothing reads {name}; write {meant}, if that is meant"


def _meant(name: str, known: Collection[str]) -> str | None:
    """The name that is read, for one that is nearly it."""
    if name in known:
        return None
    capitals = name.upper()
    if capitals in known or (capitals.startswith(_OF_AIRFLOW) and capitals != name):
        return capitals
    near = difflib.get_close_matches(capitals, known, n=1, cutoff=0.85)
    # Names of other connections and settings of Airflow are anybody's.
    return near[0] if near and not capitals.startswith(_OF_AIRFLOW) else None


def with_variables(text: str, variables: Mapping[str, Line], file: Path) -> str:
    """The text of a file with variables: replaced where they stand, else added.

    Args:
        text: As it is; empty for a new file.
        variables: What to set.
        file: For errors.

    Raises:
        InvalidInput: It is no text, or a line is no NAME=value.
    """
    written = []
    left = dict(variables)
    for one in _bindings(text or _HEAD, file):
        if one.key and one.key in variables:
            blank = one.original.string[: -len(one.original.string.lstrip())]
            written.append(f"{blank}{one.key}={quoted(variables[one.key].value)}\n")
            left.pop(one.key, None)
        else:
            written.append(one.original.string)
    whole = "".join(written)
    added = "".join(f"# {line.comment}\n{name}={quoted(line.value)}\n" for name, line in left.items())
    return whole + ("\n" if added and whole and not whole.endswith("\n") else "") + added


def quoted(value: str) -> str:
    """A value as both python-dotenv and Compose read it.

    A backslash beside a quote, a dollar or a blank they read differently: then it is python-dotenv's way.
    """
    if re.fullmatch(r"[^\s'\"`$#]*", value):
        return value
    if value.startswith("{"):
        # In JSON both can be written so that they need no escape of theirs.
        value = re.sub(r"\\(.)", lambda pair: "\\u005c" if pair[1] == "\\" else pair[0], value)
        value = value.replace("'", "\\u0027")
        return f"'{value}'"
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _bindings(text: str, file: Path) -> "Iterator[Binding]":
    if not text:
        return
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only a site that has the file needs it

    for one in parse_stream(StringIO(text, newline="")):
        if one.error:
            raise InvalidInput(
                f"{file}, line {_line(one)}: write it as NAME=value, with a quote at both ends of the value "
                "or at none."
            )
        yield one


def _line(binding: "Binding") -> int:
    """Where it stands; what the parser calls its line is that of the blank ones before it."""
    text = binding.original.string
    return binding.original.line + len(re.findall(r"\r\n|\n|\r", text[: len(text) - len(text.lstrip())]))
