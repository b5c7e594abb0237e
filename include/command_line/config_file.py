"""Reads and changes site.cfg, which is written like airflow.cfg."""

import difflib
import re
from collections.abc import Collection, Mapping
from configparser import ConfigParser, Error
from pathlib import Path

from include.command_line.site_files import Line, read_text
from include.errors import InvalidInput

COFI = "cofi"
_HEAD = """\
# What this site has of its own; written by `cofi init`, and yours to change. It is read after airflow.cfg,
# which has all settings with their units; the environment (AIRFLOW__COFI__…) goes before both.
"""
_SECTION = re.compile(r"\[(?P<name>.+)\]")
# Neither blank nor a comment.
_SETTING = re.compile(r"\s*[^\s#;]")
_LIKE_COFI = 0.75


def read(file: Path) -> ConfigParser:
    """Its lines by section; none when there is no such file.

    Raises:
        InvalidInput: It is no text, or none of sections and lines `name = value`.
    """
    return _parsed(read_text(file), file)


def _parsed(text: str, file: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text, str(file))
    except Error as error:
        raise InvalidInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    return parser


def check_names(found: ConfigParser, known: Collection[str], file: Path) -> None:
    """Refuses what would do nothing, and was surely meant to do something.

    Args:
        found: Its lines.
        known: Names of cofi's settings; empty when they are not known.
        file: For errors.

    Raises:
        InvalidInput: A line is for no section, for one that is nearly cofi's, or no setting of cofi.
    """
    if found.defaults():
        name = next(iter(found.defaults()))
        raise InvalidInput(
            f"{file}: nobody reads [DEFAULT]; write {name} below [cofi], or below a section of Airflow's."
        )
    for section in found.sections():
        bare = section.strip().lower()
        if section != COFI and difflib.get_close_matches(bare, [COFI], cutoff=_LIKE_COFI):
            raise InvalidInput(f"{file}: there is no section [{section}]; write [cofi].")
        if section != section.strip():
            raise InvalidInput(f"{file}: there is no section [{section}]; write [{section.strip()}].")
    if found.has_section(COFI) and known:
        for name in found[COFI]:
            refuse_unknown(name, known, f"{file}: [cofi] has no setting {name}")


def refuse_unknown(name: str, known: Collection[str], problem: str) -> None:
    """Refuses a name that is no setting of cofi, with the one that may have been meant.

    Raises:
        InvalidInput: It is none.
    """
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]}?" if near else "airflow.cfg has those that there are."
        raise InvalidInput(f"{problem}; {meant}")


def with_settings(text: str, settings: Mapping[tuple[str, str], Line], file: Path) -> str:
    """The text with settings, by section and name: replaced where they stand, else added.

    Args:
        text: As it is; empty for a new file.
        settings: What to set.
        file: For errors.

    Raises:
        InvalidInput: The text cannot be read, or would not be read as it was meant with them.
    """
    lines = (text or _HEAD).splitlines()
    for (section, name), line in settings.items():
        begin, end = _section(lines, section)
        place = _option(lines, begin, end, name)
        if place is None:
            lines[end:end] = [f"# {line.comment}", f"{name} = {line.value}".rstrip()]
        else:
            lines[place] = [f"{_indent(lines[place.start])}{name} = {line.value}".rstrip()]
    changed = "\n".join(lines) + "\n"
    found = _parsed(changed, file)
    for (section, name), line in settings.items():
        if found.get(section, name, fallback=None) != line.value.strip():
            raise InvalidInput(f"{file}: write {name} = {line.value} below [{section}] yourself.")
    return changed


def without_settings(text: str, names: set[tuple[str, str]]) -> str:
    """The text without some settings, and their comments."""
    lines = text.splitlines()
    for section, name in names:
        begin, end = _section(list(lines), section)
        place = _option(lines, begin, min(end, len(lines)), name)
        if place is not None:
            first = place.start
            if first and lines[first - 1].lstrip().startswith("#"):
                first -= 1
            del lines[first : place.stop]
    return "\n".join(lines) + "\n" if lines else ""


def _section(lines: list[str], section: str) -> tuple[int, int]:
    """Where a section's lines begin and end; it is added when it is missing."""
    heads = {n: match["name"] for n, line in enumerate(lines) if (match := _SECTION.match(line))}
    begin = next((n for n, name in heads.items() if name == section), None)
    if begin is None:
        lines += [*([""] if lines and lines[-1] else []), f"[{section}]"]
        begin = len(lines) - 1
    end = next((n for n in heads if n > begin), len(lines))
    while end > begin + 1 and not lines[end - 1].strip():
        end -= 1
    return begin + 1, end


def _option(lines: list[str], begin: int, end: int, name: str) -> slice | None:
    """Where a setting stands: its line, and those that go on with its value."""
    n = begin
    while n < end:
        stop = _end_of_value(lines, n, end)
        if _SETTING.match(lines[n]) and re.split(r"[=:]", lines[n])[0].strip().lower() == name:
            return slice(n, stop)
        n = stop
    return None


def _end_of_value(lines: list[str], n: int, end: int) -> int:
    """After the last line that goes on with a setting: those that are indented deeper do, over gaps too."""
    stop = n + 1
    if not _SETTING.match(lines[n]):
        return stop
    for ahead in range(n + 1, end):
        if not _SETTING.match(lines[ahead]):
            continue
        if len(_indent(lines[ahead])) <= len(_indent(lines[n])):
            break
        stop = ahead + 1
    return stop


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
