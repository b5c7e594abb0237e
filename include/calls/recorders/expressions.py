"""Sidecars as entries, and the expressions that find something in them: JMESPath, XPath, a column's name."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree  # nosec B405

import jmespath
from jmespath.exceptions import JMESPathError

from include.errors import InvalidInput


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
            whole = json.loads(content)
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
        # A document type, which could hold bombs, is refused.
        parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314  # nosec B314
        try:
            parser.feed(content)
            root = parser.close()
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
        return None

    def rest(self, entry: Any) -> Mapping[str, Any]:
        leaves = {element.tag: element.text for element in entry if not len(element)}
        return {**entry.attrib, **leaves}


class _Csv(Language):
    def check(self, expression: str) -> None:
        if not expression.strip():
            raise ValueError("write a column's name")

    def entries(self, content: bytes, rows: str | None) -> Iterator[Any]:
        try:
            text = content.decode("utf-8-sig")
            head = text.partition("\n")[0]
            delimiter = max(",;\t|", key=head.count)
            table = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey=""))
        except (ValueError, csv.Error) as error:
            raise InvalidInput(f"it is no CSV in UTF-8 ({_describe_error(error)})") from error
        for row in table:
            yield {str(name).strip().casefold(): cell for name, cell in row.items() if name}

    def value(self, entry: Any, expression: str) -> Any:
        return entry.get(expression.strip().casefold()) or None

    def rest(self, entry: Any) -> Mapping[str, Any]:
        return dict(entry)


EXPRESSIONS: dict[SidecarFormat, Language] = {
    SidecarFormat.JSON: _Json(),
    SidecarFormat.XML: _Xml(),
    SidecarFormat.CSV: _Csv(),
}


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
    return type(error).__name__ if isinstance(error, UnicodeDecodeError | RecursionError) else str(error)
