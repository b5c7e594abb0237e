"""Writing site.cfg and .env: what is there already stays, but for the lines that are set."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

_HEAD = """\
# What this site has of its own; written by `cofi init`, and yours to change. It is read after airflow.cfg,
# which has all settings with their units; the environment (AIRFLOW__COFI__…) goes before both.
"""
_ENV_HEAD = """\
# Keys and addresses of this site; written by `cofi init`, and yours to change. Nobody else may read it. The
# environment goes before it. docker-compose.yaml reads it too.
"""


@dataclass(frozen=True)
class Line:
    """A setting and why it is there."""

    value: str
    comment: str


def with_settings(text: str, settings: Mapping[tuple[str, str], Line]) -> str:
    """The text of site.cfg with settings, by section and name: replaced where they stand, else added."""
    lines = (text or _HEAD).splitlines()
    for (section, name), line in settings.items():
        begin, end = _section(lines, section)
        found = next((n for n in range(begin, end) if re.match(rf"{re.escape(name)}\s*[=:]", lines[n])), None)
        if found is None:
            lines[end:end] = [f"# {line.comment}", f"{name} = {line.value}".rstrip()]
        else:
            lines[found] = f"{name} = {line.value}".rstrip()
    return "\n".join(lines) + "\n"


def without_settings(text: str, names: set[tuple[str, str]]) -> str:
    """The text of site.cfg without some settings, and their comments."""
    lines = text.splitlines()
    for section, name in names:
        begin, end = _section(list(lines), section)
        for n in range(min(end, len(lines)) - 1, begin - 1, -1):
            if re.match(rf"{re.escape(name)}\s*[=:]", lines[n]):
                first = n - 1 if n and lines[n - 1].startswith("#") else n
                del lines[first : n + 1]
    return "\n".join(lines) + "\n" if lines else ""


def with_variables(text: str, variables: Mapping[str, Line]) -> str:
    """The text of .env with variables: replaced where they stand, else added."""
    lines = (text or _ENV_HEAD).splitlines()
    for name, line in variables.items():
        written = f"{name}={quoted(line.value)}"
        found = next((n for n, old in enumerate(lines) if old.startswith(f"{name}=")), None)
        if found is None:
            lines += [f"# {line.comment}", written]
        else:
            lines[found] = written
    return "\n".join(lines) + "\n"


def keys() -> dict[str, Line]:
    """New random values for the keys that docker-compose.yaml needs."""
    why = "of docker-compose.yaml; see .env.example"
    made = {
        name: secrets.token_hex(32)
        for name in ("POSTGRES_PASSWORD", "API_SECRET_KEY", "JWT_SECRET", "GPU_TOKEN")
    }
    return {
        name: Line(value, why)
        for name, value in (made | {"FERNET_KEY": Fernet.generate_key().decode()}).items()
    }


def connection(host: str, password: str) -> str:
    """An `http` connection of Airflow, as an environment variable holds it."""
    return json.dumps({"conn_type": "http", "host": host, "password": password})


def quoted(value: str) -> str:
    """A value as both python-dotenv and Compose read it."""
    if re.fullmatch(r"[\w./:@%+,=-]*", value):
        return value
    # In JSON an apostrophe can be written so that it needs no escape of theirs.
    escaped = value.replace("'", "\\u0027") if value.startswith("{") else value.replace("'", "\\'")
    return f"'{escaped}'"


def write(file: Path, text: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    new.touch(mode=0o600)
    new.chmod(0o600)
    new.write_text(text)
    new.replace(file)


def _section(lines: list[str], section: str) -> tuple[int, int]:
    """Where a section's lines begin and end; it is added when it is missing."""
    head = f"[{section}]"
    if head not in lines:
        lines += [*([""] if lines and lines[-1] else []), head]
    begin = lines.index(head) + 1
    end = next((n for n in range(begin, len(lines)) if lines[n].startswith("[")), len(lines))
    while end > begin and not lines[end - 1].strip():
        end -= 1
    return begin, end
