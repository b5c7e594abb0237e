"""Keys are made once, and read by nobody else."""

import json
from configparser import ConfigParser
from pathlib import Path

from include.demo.keys import USERS, keys_in


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = keys_in(tmp_path / "secrets")
    assert keys_in(tmp_path / "secrets") == keys
    assert len(set(keys.values())) == len(keys)
    for name, key in keys.items():
        file = tmp_path / "secrets" / name
        assert (file.read_text(), file.stat().st_mode & 0o077) == (key, 0)
        assert key == key.strip(), "Airflow reads it as it is"


def test_everybody_has_a_password_before_airflow_would_print_one(tmp_path: Path) -> None:
    passwords = json.loads(keys_in(tmp_path)["passwords.json"])
    assert set(passwords) == {"admin", "engineer", "analyst"}
    assert all(len(password) >= 16 for password in passwords.values())


def test_somebody_who_is_new_gets_one_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = json.loads(keys_in(tmp_path, ["admin"])["passwords.json"])
    after = json.loads(keys_in(tmp_path, ["admin", "maria"])["passwords.json"])
    assert after["admin"] == before["admin"]
    assert set(after) == {"admin", "maria"}
    assert (tmp_path / "passwords.json").stat().st_mode & 0o077 == 0


def test_the_logins_are_those_of_airflow_cfg() -> None:
    shipped = ConfigParser(interpolation=None)
    shipped.read(Path(__file__).parents[3] / "airflow.cfg")
    users = shipped["core"]["simple_auth_manager_users"].split(",")
    assert [user.partition(":")[0].strip() for user in users] == list(USERS)
