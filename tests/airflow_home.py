"""A home for Airflow in a temporary folder: import this before anything of Airflow.

The repository's DAGs, plugins and airflow.cfg, with keys and databases of its own. Connections and settings
of the machine that runs the tests are left behind.
"""

import atexit
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

REPOSITORY = Path(__file__).parents[1]


def _make() -> Path:
    home = Path(tempfile.mkdtemp(prefix="airflow-home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in ("dags", "plugins", "include", "airflow.cfg"):
        (home / name).symlink_to(REPOSITORY / name)
    keys = home / "var" / "secrets"
    keys.mkdir(parents=True)
    (keys / "fernet_key").write_text(Fernet.generate_key().decode())
    (keys / "jwt_secret").write_text(secrets.token_urlsafe(48))
    (keys / "secret_key").write_text(secrets.token_urlsafe(48))
    (keys / "passwords.json").write_text("{}")
    return home


def _enter(home: Path) -> None:
    if "airflow" in sys.modules:
        raise RuntimeError("Airflow was imported before tests.airflow_home: it has read another home.")
    for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
        del os.environ[name]
    os.environ["AIRFLOW_HOME"] = str(home)
    # Recordings of tests are made just before they are looked for.
    os.environ["AIRFLOW__COFI__MIN_AGE_S"] = "0"


AIRFLOW_HOME = _make()
_enter(AIRFLOW_HOME)
