"""Reads recorders from their YAML files, and says file, line and mend of what is wrong in one."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from include.calls.recorders.profile import Recorder
from include.errors import InvalidInput
from include.outside.system_errors import why_unreadable

SHIPPED = Path(__file__).parent
PLAIN = "plain"
_PLAIN_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no field of a recorder: correct its spelling, or remove it",
    "tuple_type": "write a list: [a, b]",
    "dict_type": "write a mapping: {a: b}",
    "string_type": "write a text; quote it when YAML takes it for something else",
    "string_pattern_mismatch": "write small letters, digits and _, beginning with a letter",
}


def load_recorder(name: str, folder: Path | None = None) -> Recorder:
    """The recorder of this name; one in the user's folder takes the place of a shipped one.

    Raises:
        InvalidInput: There is none, or it is wrong.
    """
    file = _files(folder).get(name)
    if file is None:
        known = ", ".join(sorted(_files(folder)))
        raise InvalidInput(f"There is no recorder '{name}': choose from {known}, or write {name}.yaml.")
    return read_recorder(file)


def all_recorders(folder: Path | None = None) -> list[Recorder]:
    """Every recorder, the plain one last: it fits anything.

    Raises:
        InvalidInput: One is wrong.
    """
    names = sorted(_files(folder), key=lambda name: (name == PLAIN, name))
    return [load_recorder(name, folder) for name in names]


@cache
def plain_recorder() -> Recorder:
    """What holds where nothing is said."""
    return load_recorder(PLAIN)


def read_recorder(file: Path) -> Recorder:
    """Reads and checks one file.

    Raises:
        InvalidInput: All that is wrong, a line each, as `file:line: field: what to write`.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"recorder {file}: cannot be read: {why_unreadable(error)}") from error
    return _checked(text, file)


@lru_cache(maxsize=32)
def named(recorder: str, folder: Path | None) -> tuple[str, Path | None]:
    """A recorder's name and its folder, of what people name: one that is shipped, or a file of their own.

    Args:
        recorder: A name, or the path of a YAML file.
        folder: Where recorders of the site lie; a file is looked for beside itself.
    """
    file = Path(recorder).expanduser()
    return (file.stem, file.absolute().parent) if file.suffix == ".yaml" else (recorder, folder)


# A run asks for the same one again and again; YAML is slow to read.
@lru_cache(maxsize=64)
def _checked(text: str, file: Path) -> Recorder:
    content, lines = _written(text, str(file))
    try:
        recorder = Recorder.model_validate(content)
    except ValidationError as error:
        raise InvalidInput("\n".join(_problems(error, lines, str(file)))) from error
    if recorder.id != file.stem:
        line = lines.get(("id",), 1)
        raise InvalidInput(f"{file}:{line}: id: is {recorder.id}: write {file.stem}, as the file is called")
    return recorder


def _files(folder: Path | None) -> dict[str, Path]:
    folders = [SHIPPED, *([folder] if folder else [])]
    if folder and not folder.is_dir():
        raise InvalidInput(
            f"There is no folder {folder}: correct [cofi] recorders_folder, or leave it empty."
        )
    return {file.stem: file for each in folders for file in each.glob("*.yaml")}


def _written(text: str, source: str) -> tuple[Any, dict[tuple[Any, ...], int]]:
    """A file's content, and the line of every place in it."""
    lines: dict[tuple[Any, ...], int] = {}
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        if root is not None:
            lines.update(_lines(root, ()))
        # It is the loader without a text: what it constructs from stands in the nodes.
        content = yaml.SafeLoader("").construct_document(root) if root is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        raise InvalidInput(f"{source}:{mark.line + 1 if mark else 1}: not YAML: {problem}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{source}:1: a recorder is a mapping with id, title, days")
    return content, lines


def _lines(node: yaml.Node, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*place, str(key.value)))
            yield (*place, str(key.value)), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*place, number))


def _problems(error: ValidationError, lines: dict[tuple[Any, ...], int], source: str) -> Sequence[str]:
    found = set()
    for one in error.errors():
        place = tuple(one["loc"])
        around = place
        while around and around not in lines:
            around = around[:-1]
        message = _PLAIN_WORDS.get(one["type"]) or str(one["msg"]).removeprefix("Value error, ")
        where = ".".join(str(part) for part in place)
        found.add((lines.get(around, 1), f"{where}: {message}" if where else message))
    return [f"{source}:{line}: {message}" for line, message in sorted(found)]
