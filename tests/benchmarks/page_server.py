"""A web server with the pages, a process of its own: `python -m tests.benchmarks.page_server FD SETTINGS`."""

# isort: off
from tests.airflow_home import AIRFLOW_HOME
# isort: on

import json
import os
import socket
import sys

import uvicorn
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute

from cofi.ui.app import app
from tests.plugins.people import served


def main() -> None:
    """Serves on a socket that is open already, as each worker of Airflow's API server does.

    The settings are variables of the environment, as JSON: Airflow's home of the tests leaves others behind.
    """
    assert AIRFLOW_HOME
    os.environ.update(json.loads(sys.argv[2]))
    with served() as outer:
        for route in app.routes:
            if isinstance(route, APIRoute):
                _settle(route.dependant)
        app.dependency_overrides.clear()
        # uvicorn's `fd` takes it for a socket of Unix: each answer would wait 40 ms for a receipt (Nagle).
        listening = socket.socket(fileno=int(sys.argv[1]))
        uvicorn.Server(uvicorn.Config(outer, log_level="warning")).run(sockets=[listening])


def _settle(dependant: Dependant) -> None:
    """Puts overrides in the place of what they override.

    With overrides, FastAPI reads the signatures of all dependencies anew for every request: 5 ms and more
    that no server but this would take.
    """
    for place, one in enumerate(dependant.dependencies):
        other = app.dependency_overrides.get(one.call) if one.call else None
        if other:
            dependant.dependencies[place] = get_dependant(path=one.path or "", call=other, name=one.name)
        _settle(dependant.dependencies[place])


if __name__ == "__main__":
    main()
