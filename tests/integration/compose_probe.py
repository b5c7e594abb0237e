"""What Airflow makes of a service's environment: `python compose_probe.py QUESTIONS ANSWERS`, two JSON files.

test_compose.py runs it as a process inside that environment. The questions are
`{"options": [[section, key], ...], "commands": [[argument, ...], ...], "celery_app": "module.name"}`.
"""

import io
import json
import os
import sys
from configparser import RawConfigParser
from contextlib import redirect_stderr
from dataclasses import asdict
from pathlib import Path
from typing import Any


def main() -> None:
    questions, answers = map(Path, sys.argv[1:])
    asked = json.loads(questions.read_text())
    found = {
        "unknown_options": [option for option in asked["options"] if not _is_option(*option)],
        "values": {f"{section}.{key}": _value(section, key) for section, key in asked["options"]},
        "command_errors": [error for command in asked["commands"] if (error := _error_of(command))],
        "connections": _connections(),
        "dags": _dags(),
        "health": _health(asked["celery_app"]),
    }
    answers.write_text(json.dumps(found))


def _is_option(section: str, key: str) -> bool:
    """Whether Airflow or one of its providers describes it, or airflow.cfg holds it as cofi's own."""
    from airflow.configuration import retrieve_configuration_description

    described = retrieve_configuration_description(include_airflow=True, include_providers=True)
    own = RawConfigParser()
    own.read(Path(os.environ["AIRFLOW_HOME"]) / "airflow.cfg")
    return key in described.get(section, {}).get("options", {}) or (
        section == "cofi" and own.has_option(section, key)
    )


def _value(section: str, key: str) -> str:
    from airflow.configuration import conf

    return conf.get(section, key)


def _error_of(command: list[str]) -> str:
    """What `airflow` says of the arguments; empty when it takes them."""
    from airflow.cli.cli_parser import get_parser

    said = io.StringIO()
    try:
        with redirect_stderr(said):
            get_parser().parse_args(command)
    except SystemExit:
        return f"airflow {' '.join(command)}: {said.getvalue()}"
    return ""


def _connections() -> dict[str, Any]:
    from cofi.hooks.database import CofiDatabaseHook
    from cofi.hooks.gpu_host import GpuHostHook, base_url
    from cofi.hooks.llm import LlmHook
    from cofi.settings import Settings

    hosts = {name: GpuHostHook(name).get_connection(name) for name in Settings.load().hosts}
    return {
        "cofi_db": CofiDatabaseHook().url(),
        "cofi_llm": asdict(LlmHook().get_conn()),
        "gpu": {
            name: {"url": base_url(host.schema, host.host, host.port), "token": host.password}
            for name, host in hosts.items()
        },
    }


def _dags() -> dict[str, Any]:
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=conf.get("core", "dags_folder"))
    return {"ids": sorted(bag.dags), "errors": bag.import_errors}


def _health(celery_app: str) -> dict[str, Any]:
    """Where Airflow's own health checks are to be found."""
    from airflow.api_fastapi.core_api.routes.public import public_router
    from airflow.configuration import conf
    from celery.app.utils import find_app

    return {
        "api_paths": [getattr(route, "path", "") for route in public_router.routes],
        "scheduler_port": conf.getint("scheduler", "scheduler_health_check_server_port"),
        "celery_app": find_app(celery_app).main,
    }


if __name__ == "__main__":
    main()
