"""The keys of the embedded stack: generated once, under its `var`."""

import json
import secrets
from collections.abc import Callable, Collection
from pathlib import Path

from cryptography.fernet import Fernet

# Of [core] simple_auth_manager_users, as shipped.
USERS = ("admin", "engineer", "analyst")
_MAKERS: dict[str, Callable[[], str]] = {
    "fernet_key": lambda: Fernet.generate_key().decode(),
    "jwt_secret": lambda: secrets.token_urlsafe(48),
    "secret_key": lambda: secrets.token_urlsafe(48),
    "gpu_token": lambda: secrets.token_urlsafe(24),
}
PASSWORDS = "passwords.json"


def keys_in(folder: Path, users: Collection[str] = USERS) -> dict[str, str]:
    """Generates what is missing, without a final newline: Airflow reads the files as they are.

    Args:
        folder: Where they lie.
        users: Who has a login. Airflow would add one who is missing, and print the password into its log.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, make in _MAKERS.items():
        if not (folder / name).exists():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(make())
    _add_passwords(folder / PASSWORDS, users)
    return {name: (folder / name).read_text() for name in (*_MAKERS, PASSWORDS)}


def _add_passwords(file: Path, users: Collection[str]) -> None:
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = {user: secrets.token_urlsafe(12) for user in users if user not in known}
    if missing or not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps({**known, **missing}))
