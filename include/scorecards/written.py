"""Reads a scorecard's YAML as it is written: with the line of every value, and texts letter by letter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from include.errors import InvalidInput
from include.scorecards.problems import Place, Problem

# Values that are text whatever they look like: version 1.10 is not 1.1, and option 010 is not 8.
_TEXTS = frozenset(
    {"id", "version", "title", "language", "name", "key", "label", "text", "instructions", "section"}
    | {"na_rule", "legal_basis", "rule", "criterion", "equals", "answer", "field", "op"}
    | {"severity", "answered_by", "auto_fail", "speaker"}
)
_TEXT_LISTS = frozenset({"prompts", "required_on"})
_STRING, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_NUMBER = r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's idea of plain values, without the surprises of 1.1.

    There `yes` and `no`, our commonest keys, are booleans, 1:30 is 90, 010 is 8 and 2026-11-01 is a date.
    Here only true and false are booleans and only decimal numbers are numbers; the rest is text.
    """


_KEPT = {_MERGE, "tag:yaml.org,2002:null"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag in _KEPT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _regex, _first in (
    ("bool", "true|false", "tf"),
    ("int", "[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", rf"{_NUMBER}|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_regex})$"), list(_first))


@dataclass(frozen=True)
class Written:
    """A file's content.

    Attributes:
        content: A mapping.
        lines: Where every value begins, 1-based.
        repeated: Keys given twice, of which YAML drops one.
    """

    content: dict[str, Any]
    lines: dict[Place, int]
    repeated: list[Problem]

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest place around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def read_written(text: str, *, source: str) -> Written:
    """Reads YAML text; `source` names it in messages.

    Raises:
        InvalidInput: It is no YAML, or no mapping.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
        places = _Places()
        if root is not None:
            places.walk(root, (), ())
        # It is the loader without a text: what it constructs from stands in the nodes.
        content = _Loader("").construct_document(root) if root is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise InvalidInput(f"{source}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    except (ValueError, LookupError, AttributeError) as error:
        raise InvalidInput(f"{source}:1: not YAML: a value does not fit its tag: {error}") from error
    except RecursionError as error:
        raise InvalidInput(f"{source}:1: not YAML: it is nested too deeply") from error
    if not isinstance(content, dict):
        raise InvalidInput(
            f"{source}:1: a scorecard is a mapping with id, version, title, sections, criteria"
        )
    return Written(content, places.lines, places.repeated)


class _Places:
    """Walks over the nodes of a file: finds lines and repeated keys, and marks what is text."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self.repeated: list[Problem] = []

    def walk(self, node: yaml.Node, place: Place, around: tuple[yaml.Node, ...]) -> None:
        if node in around:
            raise yaml.YAMLError("a part refers to itself")
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, place, (*around, node))
        elif isinstance(node, yaml.SequenceNode):
            for n, value in enumerate(node.value):
                self.walk(value, (*place, n), (*around, node))

    def _mapping(self, node: yaml.MappingNode, place: Place, around: tuple[yaml.Node, ...]) -> None:
        # What is written here comes later than what is merged, and takes its place.
        for merged in _merged(node):
            self.walk(merged, place, around)
        seen = set()
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            if isinstance(key, yaml.ScalarNode):
                key.tag = _STRING
            at = (*place, str(key.value))
            if at in seen:
                self.repeated.append(Problem(at, "is given twice"))
            seen.add(at)
            self.lines[at] = key.start_mark.line + 1
            _mark_text(str(key.value), value)
            self.walk(value, at, around)


def _merged(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    for key, value in node.value:
        if key.tag == _MERGE:
            yield from value.value if isinstance(value, yaml.SequenceNode) else [value]


def _mark_text(key: str, value: yaml.Node) -> None:
    values = value.value if key in _TEXT_LISTS and isinstance(value, yaml.SequenceNode) else [value]
    if key in _TEXTS or key in _TEXT_LISTS:
        for one in values:
            if isinstance(one, yaml.ScalarNode) and one.tag != "tag:yaml.org,2002:null":
                one.tag = _STRING
