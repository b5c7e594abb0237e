"""The keys of the embedded stack: generated once, under its `var`."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

_MAKERS: dict[str, Callable[[], str]] = {
    "fernet_key": lambda: Fernet.generate_key().decode(),
    "jwt_secret": lambda: secrets.token_urlsafe(48),
    "secret_key": lambda: secrets.token_urlsafe(48),
    "gpu_token": lambda: secrets.token_urlsafe(24),
    # Airflow adds a user who is missing here, and prints the password into its log.
    "passwords.json": lambda: json.dumps({"admin": secrets.token_urlsafe(12)}),
}


def keys_in(folder: Path) -> dict[str, str]:
    """Generates what is missing, without a final newline: Airflow reads the files as they are."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, make in _MAKERS.items():
        if not (folder / name).exists():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(make())
    return {name: (folder / name).read_text() for name in _MAKERS}
