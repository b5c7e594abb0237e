"""The connections of what the embedded stack starts itself, and how Airflow is given them."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from include.errors import CofiError

LLM = "llm"
LLM_MODEL = "cofi-rules-1"
COFI_LLM = "cofi_llm"
_HERE = "127.0.0.1"
_KEPT = (
    "The connection {} under Admin > Connections is yours: it is kept, and used instead of the demo's. "
    "Delete it there, then `cofi down` and `cofi up`, to have the demo's."
)


def connections_of(ports: Mapping[str, int], gpu_token: str) -> dict[str, dict[str, object]]:
    """A connection for each GPU host, and for the LLM endpoint.

    Args:
        ports: By the name of the service.
        gpu_token: What the GPU hosts ask for.
    """
    found: dict[str, dict[str, object]] = {}
    for name, port in ports.items():
        if name == LLM:
            url, extra = f"http://{_HERE}:{port}/v1", json.dumps({"model": LLM_MODEL})
            found[COFI_LLM] = {"conn_type": "http", "host": url, "extra": extra}
        else:
            found[name] = {"conn_type": "http", "host": _HERE, "port": port, "password": gpu_token}
    return found


def import_into(
    airflow: Callable[..., str],
    folder: Path,
    services: Mapping[str, object],
    database: object,
    *,
    is_new: bool = False,
) -> list[str]:
    """Gives Airflow the stack's connections, but for services that somebody has connected otherwise.

    Args:
        airflow: Runs a command of Airflow.
        folder: That only its owner can read.
        services: The connections of what the stack starts, by their ids.
        database: The connection of cofi's database.
        is_new: Whether Airflow's database was made just now: it has none, and no command has to look.

    Returns:
        A sentence for each connection that is kept as it was.
    """
    known = {} if is_new else _known(airflow, folder / "known-connections.json")
    kept = [name for name in services if name in known and not _is_of_stack(name, known[name])]
    own = {name: connection for name, connection in services.items() if name not in kept}
    file = folder / "connections.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"cofi_db": database, **own}, indent=2))
    airflow("connections", "import", str(file), "--overwrite")
    return [_KEPT.format(name) for name in kept]


def _known(airflow: Callable[..., str], file: Path) -> dict[str, dict[str, Any]]:
    """The connections in Airflow's database, which only a file is sure to hold without lines of a log."""
    file.touch(mode=0o600)
    try:
        airflow("connections", "export", "--file-format", "json", str(file))
        return dict(json.loads(file.read_text() or "{}"))
    except CofiError as error:
        if "InvalidToken" not in str(error):
            raise
        return {}  # they were encrypted with a key that is gone: nobody can read them any more
    finally:
        file.unlink()


def _is_of_stack(name: str, known: Mapping[str, Any]) -> bool:
    """Whether a start of the stack has made it, its port and token perhaps of another start."""
    made = connections_of({LLM if name == COFI_LLM else name: 0}, "")[name]
    return _without_start(known) == _without_start(made)


def _without_start(connection: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        name: value for name, value in connection.items() if value and name not in {"port", "description"}
    }
    if told.get("host") == _HERE:
        told.pop("password", None)
    return {
        **told,
        "host": re.sub(r":\d+/", "/", str(told.get("host"))),
        "extra": _parsed(told.get("extra") or "{}"),
    }


def _parsed(extra: str) -> object:
    """Airflow's page writes the same extra otherwise."""
    try:
        return json.loads(extra)
    except ValueError:
        return extra
