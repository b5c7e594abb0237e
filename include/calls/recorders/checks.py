"""Kinds of values in a recorder's file, and what is wrong with others."""

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator

from include.calls.recorders.describing import FIELDS

SITE = "site"
# What keeps something that cofi has no field for.
EXTRA = "extra_"


def _listed(value: object) -> object:
    """One thing may be written without brackets."""
    return [value] if isinstance(value, str) else value


def _regular(pattern: str) -> str:
    try:
        names = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    known_fields(name for name in names if not name.startswith("_"))
    return pattern


def _zone(name: str) -> str:
    try:
        if name != SITE:
            ZoneInfo(name)
    except (ValueError, LookupError, OSError) as error:
        raise ValueError(
            f"there is no time zone {name}: write {SITE}, UTC or one like Europe/Madrid"
        ) from error
    return name


def _below(layout: str) -> str:
    if layout.startswith("/") or ".." in layout.split("/"):
        raise ValueError("must lie below the location: write it without a leading / and without ..")
    return layout.rstrip("/")


def known_fields(names: Iterable[str]) -> None:
    """Refuses, with a ValueError, what is no field."""
    for name in names:
        if name not in FIELDS and not name.startswith(EXTRA):
            raise ValueError(
                f"there is no field {name}: fields are {', '.join(sorted(FIELDS))}; a name that begins with "
                f"{EXTRA} keeps what cofi has no field for"
            )


def _known_keys(mapping: Mapping[str, object]) -> Mapping[str, object]:
    known_fields(mapping)
    return mapping


def _templates(templates: Mapping[str, str]) -> Mapping[str, str]:
    for name, template in templates.items():
        try:
            list(Formatter().parse(template))
        except ValueError as error:
            raise ValueError(f"{name}: '{template}' cannot be filled in: {error}") from error
    return _known_keys(templates)  # type: ignore[return-value]


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Pattern = Annotated[str, AfterValidator(_regular)]
Zone = Annotated[str, AfterValidator(_zone)]
Layouts = Annotated[tuple[Annotated[str, AfterValidator(_below)], ...], BeforeValidator(_listed)]
Settings = Annotated[dict[str, str], AfterValidator(_templates)]
Expressions = Annotated[dict[str, Texts], AfterValidator(_known_keys)]
