"""Keys are made once, and read by nobody else."""

import json
from pathlib import Path

from include.demo.keys import keys_in


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = keys_in(tmp_path / "secrets")
    assert keys_in(tmp_path / "secrets") == keys
    assert len(set(keys.values())) == len(keys)
    for name, key in keys.items():
        file = tmp_path / "secrets" / name
        assert (file.read_text(), file.stat().st_mode & 0o077) == (key, 0)
        assert key == key.strip(), "Airflow reads it as it is"


def test_the_admin_has_a_password_before_airflow_would_print_one(tmp_path: Path) -> None:
    assert len(json.loads(keys_in(tmp_path)["passwords.json"])["admin"]) >= 16
