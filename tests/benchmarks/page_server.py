"""A web server with the pages, a process of its own: `python -m tests.benchmarks.page_server FD SETTINGS`."""

# isort: off
from tests.airflow_home import AIRFLOW_HOME
# isort: on

import json
import os
import socket
import sys

import uvicorn

from tests.plugins.people import served


def main() -> None:
    """Serves on a socket that is open already, as each worker of Airflow's API server does.

    The settings are variables of the environment, as JSON: Airflow's home of the tests leaves others behind.
    """
    assert AIRFLOW_HOME
    os.environ.update(json.loads(sys.argv[2]))
    with served() as outer:
        # uvicorn's `fd` takes it for a socket of Unix: each answer would wait 40 ms for a receipt (Nagle).
        listening = socket.socket(fileno=int(sys.argv[1]))
        uvicorn.Server(uvicorn.Config(outer, log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
