"""What nobody reads or calls is gone: a setting that changes nothing lies to whoever sets it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.reference.settings import sections

ROOT = Path(__file__).parents[3]
FILES = [file for top in ("dags", "plugins") for file in sorted((ROOT / top).rglob("*.py"))]


@pytest.mark.long
def test_every_setting_is_read_by_somebody() -> None:
    settings = [one.name for _, group in sections((ROOT / "airflow.cfg").read_text()) for one in group]
    read = set[str]().union(*(words_of(file) for file in FILES))
    assert len(settings) > 80
    assert [name for name in settings if name not in read] == []


def test_every_function_of_the_glue_has_a_caller() -> None:
    functions = [(file, name) for file in FILES if "plugins" in file.parts for name in functions_of(file)]
    assert len(functions) > 200
    assert [f"{module_of(file)}.{name}" for file, name in functions if not is_called(file, name)] == []


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def words_of(file: Path) -> frozenset[str]:
    """Names that are used, and words in texts: `[cofi] name` and `cofi.module.name` are such uses as well."""
    return frozenset(_words(file))


def _words(file: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(file)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if not isinstance(node.ctx, ast.Store):
                    yield name
            case ast.Constant(value=str(text)):
                yield from text.split()[-1:] if text.startswith("[cofi] ") else text.split(".")


@cache
def imports_of(file: Path) -> frozenset[tuple[str, str]]:
    """Module and name of what a file imports."""
    found = [node for node in ast.walk(tree_of(file)) if isinstance(node, ast.ImportFrom)]
    return frozenset((node.module or "", one.name) for node in found for one in node.names)


def functions_of(file: Path) -> list[str]:
    """Functions of a module that no decorator hands to somebody."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in tree_of(file).body if isinstance(node, kinds) and not node.decorator_list]


def module_of(file: Path) -> str:
    """As it is imported."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "plugins" else parts)


def is_called(file: Path, name: str) -> bool:
    """Whether it is used in its own module, or where it or its module is imported."""
    module = module_of(file)
    package, _, last = module.rpartition(".")
    return name in words_of(file) or any(
        (module, name) in imports_of(other)
        or ((package, last) in imports_of(other) and name in words_of(other))
        for other in FILES
        if other != file
    )
