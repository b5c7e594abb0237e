"""What site.cfg and .env have in common: how they are read and written, and what `cofi init` writes."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from include.errors import InvalidInput


@dataclass(frozen=True)
class Line:
    """A setting and why it is there."""

    value: str
    comment: str


def read_text(file: Path) -> str:
    """The text of a file, without the mark that some editors put before it; empty when there is none.

    Raises:
        InvalidInput: It is no text in UTF-8.
    """
    if not file.exists():
        return ""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidInput(f"{file} is no text in UTF-8: save it as such.")
    return text


def keys() -> dict[str, Line]:
    """New random values for the keys that docker-compose.yaml needs."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - a GPU host reads the files, and has it not

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


def write(file: Path, text: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    new.touch(mode=0o600)
    new.chmod(0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(file)
