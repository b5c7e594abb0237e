"""Reads sidecars. One that cannot be read costs its metadata, not its call."""

from collections.abc import Iterator, Mapping
from typing import Any

from fsspec import AbstractFileSystem

from include.calls.on_disk import DiskList
from include.calls.recorders.checks import EXTRA
from include.calls.recorders.describing import FIELDS, cleaned
from include.calls.recorders.expressions import EXPRESSIONS, SidecarFormat, format_of
from include.calls.recorders.profile import Sidecar
from include.errors import InvalidInput

# A day's list of 100,000 calls has some 50 MB; what is larger is no list of calls.
_MOST_BYTES = 256 * 1024 * 1024

Reported = dict[str, Any]


def read_sidecar(filesystem: AbstractFileSystem, path: str, rule: Sidecar) -> DiskList[tuple[str, Reported]]:
    """Reads the entries of a sidecar.

    Returns:
        For each entry the key of its recording, such as the recording's name (empty without `pair`), and
        its values by field.

    Raises:
        InvalidInput: It cannot be read; the message says why.
    """
    form = rule.format or format_of(path) or SidecarFormat.JSON
    content = _content(filesystem, path)
    language = EXPRESSIONS[form]
    found: DiskList[tuple[str, Reported]] = DiskList()
    for entry in language.entries(content, rule.rows):
        whose = cleaned(language.value(entry, rule.pair.entry)) if rule.pair else ""
        reported = dict(_reported_fields(entry, rule, form))
        if reported or whose:
            found.add("", (whose, reported))
    if not found:
        raise InvalidInput("it says nothing that the recorder's file asks for")
    return found


def _content(filesystem: AbstractFileSystem, path: str) -> bytes:
    try:
        with filesystem.open(path, "rb") as file:
            content: bytes = file.read(_MOST_BYTES + 1)
    except Exception as error:  # each store's library has errors of its own
        raise InvalidInput(f"its store does not give it ({type(error).__name__})") from error
    if not content.strip():
        raise InvalidInput("it is empty")
    if len(content) > _MOST_BYTES:
        raise InvalidInput(f"it has more than {_MOST_BYTES // 2**20} MiB")
    return content


def _reported_fields(entry: Any, rule: Sidecar, form: SidecarFormat) -> Iterator[tuple[str, Any]]:
    language = EXPRESSIONS[form]
    used = set()
    for field, places in rule.fields.items():
        said = ((place, language.value(entry, place)) for place in places)
        place, value = next(((at, value) for at, value in said if _says(value)), ("", None))
        if value is not None:
            used.add(place.rpartition("/")[2].partition("[")[0])
            yield field.removeprefix(EXTRA), value
    if rule.keep_rest:
        for name, value in language.rest(entry).items():
            if name not in FIELDS | used and _says(value):
                yield str(name), value


def _says(value: Any) -> bool:
    """Whether it is something that a field can hold: no object, nothing empty."""
    return not isinstance(value, Mapping) and bool(cleaned(value))
