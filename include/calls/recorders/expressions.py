"""Sidecars as entries, and the expressions that find something in them: JMESPath, XPath, a column's name."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import StrEnum
from io import BytesIO
from typing import Any
from xml.etree import ElementTree  # nosec B405

import jmespath
from jmespath.exceptions import JMESPathError

from include.calls.csv_text import folded, read_table
from include.errors import InvalidInput

# A column that a message names where a CSV has none.
_A_HEADER = frozenset({"contact_id"})
_MOST_DIGITS = 300


class SidecarFormat(StrEnum):
    """How a sidecar is written."""

    JSON = "json"
    XML = "xml"
    CSV = "csv"


def format_of(name: str) -> SidecarFormat | None:
    """By a file's ending."""
    ending = name.rpartition(".")[2].casefold()
    return SidecarFormat(ending) if ending in set(SidecarFormat) else None


class Language(ABC):
    """How one format is read."""

    @abstractmethod
    def check(self, expression: str) -> None:
        """Refuses what is no expression of it with a ValueError."""

    @abstractmethod
    def entries(self, content: bytes, rows: str | None) -> Iterator[Any]:
        """A file's entries.

        Raises:
            InvalidInput: It is not written in this format.
        """

    @abstractmethod
    def value(self, entry: Any, expression: str) -> Any:
        """What an entry says there; None when nothing."""

    @abstractmethod
    def rest(self, entry: Any) -> Mapping[str, Any]:
        """All that an entry says, by name, as far as it is flat."""


class _Json(Language):
    def check(self, expression: str) -> None:
        try:
            jmespath.compile(expression)
        except JMESPathError as error:
            raise ValueError(f"'{expression}' is no JMESPath: {' '.join(str(error).split())}") from error

    def entries(self, content: bytes, rows: str | None) -> Iterator[Any]:
        try:
            whole = _json(content)
        except (ValueError, RecursionError) as error:  # wrong UTF-8 is a ValueError, too
            raise InvalidInput(f"it is no JSON ({_describe_error(error)})") from error
        found = self.value(whole, rows) if rows else whole
        yield from found if isinstance(found, list) else [found]

    def value(self, entry: Any, expression: str) -> Any:
        try:
            return jmespath.search(expression, entry)
        except JMESPathError:  # a function that this entry's values do not suit
            return None

    def rest(self, entry: Any) -> Mapping[str, Any]:
        return entry if isinstance(entry, Mapping) else {}


class _NoDoctype(ElementTree.TreeBuilder):
    """Entities could make a small file endless, or name other files."""

    def doctype(self, *_: object) -> None:
        raise InvalidInput("it has a DOCTYPE, which is not read: write it without")


class _Xml(Language):
    """ElementTree's XPath, and `/@name` at its end for an attribute. Namespaces are left out."""

    def check(self, expression: str) -> None:
        path, _ = _parted(expression)
        try:
            ElementTree.Element("x").findall(path)
        except (SyntaxError, KeyError, ValueError) as error:
            raise ValueError(f"'{expression}' is no XPath that is understood: {error}") from error

    def entries(self, content: bytes, rows: str | None) -> Iterator[Any]:
        try:
            root = _xml(content)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise InvalidInput(f"it is no XML ({_describe_error(error)})") from error
        for element in root.iter():
            element.tag = str(element.tag).rpartition("}")[2]
        yield from root.findall(rows) if rows else [root]

    def value(self, entry: Any, expression: str) -> Any:
        path, attribute = _parted(expression)
        for found in entry.findall(path):
            text = found.get(attribute) if attribute else found.text
            if text and text.strip():
                return text
        # Some write as attributes what others write as elements.
        return entry.get(path) if attribute is None and path.isidentifier() else None

    def rest(self, entry: Any) -> Mapping[str, Any]:
        leaves = {element.tag: element.text for element in entry if not len(element)}
        return {**entry.attrib, **leaves}


class _Csv(Language):
    def check(self, expression: str) -> None:
        if not expression.strip():
            raise ValueError("write a column's name")

    def entries(self, content: bytes, rows: str | None) -> Iterator[Any]:
        table = read_table(BytesIO(content), _A_HEADER)
        names = [folded(column, keep=True) for column in table.columns]
        for row in table.rows:
            yield {name: cell for name, cell in zip(names, row.cells, strict=False) if name}

    def value(self, entry: Any, expression: str) -> Any:
        return entry.get(expression.strip().casefold()) or None

    def rest(self, entry: Any) -> Mapping[str, Any]:
        return dict(entry)


EXPRESSIONS: dict[SidecarFormat, Language] = {
    SidecarFormat.JSON: _Json(),
    SidecarFormat.XML: _Xml(),
    SidecarFormat.CSV: _Csv(),
}


def _json(content: bytes) -> Any:
    """Of a file in any encoding of Unicode, or as Windows writes it; one of too many digits is a text."""

    def integer(digits: str) -> int | str:
        return int(digits) if len(digits) <= _MOST_DIGITS else digits

    try:
        return json.loads(content, parse_int=integer)
    except UnicodeDecodeError:
        return json.loads(content.decode("cp1252", "replace"), parse_int=integer)


def _xml(content: bytes) -> ElementTree.Element:
    """The root; one that is not UTF-8 and says no encoding is read as Windows writes it."""
    # A document type, which could hold bombs, is refused.
    parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314  # nosec B314
    text: bytes | str = content
    if b"encoding" not in content[:200] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
    parser.feed(text)
    return parser.close()


def _parted(expression: str) -> tuple[str, str | None]:
    """An XPath, and the attribute that is asked for."""
    path, at, attribute = expression.rpartition("@")
    if at and "]" not in attribute:
        return path.rstrip("/") or ".", attribute
    return expression, None


def _describe_error(error: Exception) -> str:
    """Where the error is, without any of the file's content."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return type(error).__name__ if isinstance(error, UnicodeDecodeError) else str(error)
