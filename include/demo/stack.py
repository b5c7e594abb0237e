"""The embedded stack: Airflow on SQLite, two GPU hosts and an LLM endpoint, all on this machine.

Everything lies under `<home>/var`. Nothing here imports Airflow: it is started and asked, like any user does.
Its components are processes of their own, each kept up: `airflow standalone` starts none that has died again.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests

from include.demo import settings
from include.demo.airflow_api import AirflowApi
from include.demo.connections import LLM, connections_of, import_into
from include.demo.keys import keys_in
from include.demo.ports import Reservation
from include.demo.privacy import make_private, written_privately
from include.demo.processes import Processes, only_one, run_to_end
from include.demo.started_with import differences, fingerprints
from include.errors import CofiError

DAG_ID = "audit_calls"
RESCORE_DAG_ID = "rescore_calls"  # it never runs by itself
# Commands of `airflow`.
AIRFLOW_COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
_SAMPLES = Path(__file__).parent / "sample_calls"
_START_S = 600
_ATTEMPTS = 10
_AIRFLOW_PORTS = {"airflow": 8080, "worker_log": 8793, "triggerer_log": 8794}
_LLM_PORT = 9100
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 # nosec B104
_FIRST_GPU_PORT = 9001


class Stack:
    """What `cofi up` starts and `cofi down` stops.

    Args:
        home: AIRFLOW_HOME: holds dags, plugins, include and airflow.cfg.
        given: Environment variables of Airflow that somebody has set: settings and connections. They go
            before the stack's own, and it starts no GPU host and no LLM endpoint that they have others for.
        hosts: Names of the GPU hosts, unless `given` names them.
    """

    def __init__(
        self, home: Path, given: Mapping[str, str] | None = None, hosts: Sequence[str] = settings.GPU_HOSTS
    ) -> None:
        self.home = home
        self._given = dict(given or {})
        named = self._given.get(settings.HOSTS)
        self.hosts = tuple(hosts) if named is None else settings.hosts_in(named)
        # Those that it starts itself.
        self.own_hosts = tuple(
            host for host in self.hosts if host in hosts and _connection(host) not in self._given
        )
        self.var = home / "var"
        self.processes = Processes(self.var / "stack")
        self._state_file = self.var / "stack" / "state.json"

    @property
    def running(self) -> bool:
        """Whether all of its processes live."""
        started = self.processes.started
        return bool(started) and all(process.alive for process in started)

    @property
    def changes(self) -> list[str]:
        """What is set otherwise than when it was started, named for a reader; nothing of one that is down."""
        if not self.running:
            return []
        before = json.loads(self._state_file.read_text()).get("started_with", {})
        return differences(before, fingerprints(self.home, self._given))

    @property
    def ports(self) -> dict[str, int]:
        """By name, of the running stack."""
        return dict(json.loads(self._state_file.read_text())["ports"])

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of cofi's database."""
        from include.database import urls  # noqa: PLC0415 - `cofi airflow` wants no database, and waits for none

        given = self._given.get(urls.VARIABLE)
        return urls.url_of(given) if given else f"sqlite:///{self.var / 'cofi.db'}"

    @property
    def prompts_folder(self) -> Path:
        """The prompts and hold music that its own GPU hosts know."""
        return _SAMPLES / "prompts"

    def database_connection(self) -> dict[str, object]:
        """The connection of its own database."""
        return {"conn_type": "sqlite", "host": str(self.var / "cofi.db")}

    @property
    def has_own_llm(self) -> bool:
        """Whether it starts the demo's LLM endpoint."""
        return settings.LLM not in self._given

    @property
    def airflow(self) -> AirflowApi:
        """Its REST API."""
        # Behind a proxy, Airflow serves below the path of its address.
        path = urlsplit(self._given.get("AIRFLOW__API__BASE_URL", "")).path.rstrip("/")
        host = self._given.get("AIRFLOW__API__HOST", "")
        local = "127.0.0.1" if host in _EVERY_ADDRESS else host
        url = f"http://{local}:{self.ports['airflow']}{path}"
        return AirflowApi(url, self.var / "secrets" / "passwords.json")

    def up(self, say: Callable[[str], None] = print) -> list[str]:
        """Starts what does not run, and waits until all of it works; with other settings, all of it again.

        Returns:
            What Airflow has connected otherwise than the stack would, in sentences.

        Raises:
            CofiError: Something does not start; the message names its log.
        """
        from include.database.migrations import upgrade  # noqa: PLC0415 - takes a second, which others save

        if self.running and not self.changes:
            return []
        with written_privately(), only_one(self.var / "stack"), Reservation() as reservation:
            self.processes.end()
            if mended := make_private(self.var):
                say(f"Taken from others: what they could read of {self.var} ({mended} files and folders)")
            ports = {
                name: self._port(name, port, reservation) for name, port in self.preferred_ports().items()
            }
            self._state_file.parent.mkdir(parents=True, exist_ok=True)
            started_with = fingerprints(self.home, self._given)
            self._state_file.write_text(json.dumps({"ports": ports, "started_with": started_with}))
            keys = keys_in(self.var / "secrets", settings.users(self.home, self._given))
            try:
                say(self._beginning())
                self.start_services(ports, keys["gpu_token"])
                say("Preparing the databases (a minute on the first start)")
                upgrade(self.database_url, self.var / "runs", say)
                had_database = self._airflow_database.exists()
                self.airflow_command("db", "migrate")
                is_new = self._airflow_database.exists() and not had_database
                kept = self._import_connections(ports, keys["gpu_token"], is_new=is_new)
                say("Starting Airflow")
                self.start_airflow(reservation.locks)
                self._await_all(ports, keys["gpu_token"])
                return kept
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
            done = run_to_end([_executable("airflow"), *arguments], self.environment, self.home, _START_S)
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
        port = self.ports["airflow"]
        inherited = {
            name: value for name, value in os.environ.items() if not name.lstrip("_").startswith("AIRFLOW")
        }
        return {
            **inherited,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "NO_PROXY": "127.0.0.1,localhost",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            # Tasks reach the API server here, whatever address people use.
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.airflow.url}/execution/",
            settings.HOSTS: ", ".join(self.hosts),
            **settings.merged(self._given),
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports["worker_log"]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports["triggerer_log"]),
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(self.home),
        }

    def start_services(self, ports: Mapping[str, int], gpu_token: str) -> None:
        """Starts GPU hosts and LLM endpoint, each on its port."""
        for host in self.own_hosts:
            environment = self.base_environment | {
                "COFI_GPU_HOST_PORT": str(ports[host]),
                "COFI_GPU_HOST_TOKEN": gpu_token,
                "COFI_GPU_HOST_DATA_DIR": str(self.var / host),
                "COFI_GPU_HOST_WEIGHTS_DIR": str(self.var / "weights"),
                "COFI_GPU_HOST_PROMPTS_DIR": str(self.prompts_folder),
                "COFI_GPU_HOST_CAPACITY": "1",
                "OMP_NUM_THREADS": "1",
            }
            self.processes.start(host, [sys.executable, "-m", "include.gpu_host"], environment, self.home)
        if self.has_own_llm:
            command = [sys.executable, "-m", "include.demo.llm_endpoint", "--port", str(ports["llm"])]
            self.processes.start("llm", command, self.base_environment, self.home)

    @property
    def base_environment(self) -> dict[str, str]:
        """Of the processes beside Airflow."""
        return {**os.environ, "PYTHONPATH": str(self.home)}

    def preferred_ports(self) -> dict[str, int]:
        """The ports that documents name; a taken one is replaced by a free one. 0 is any."""
        hosts = {host: _FIRST_GPU_PORT + number for number, host in enumerate(self.own_hosts)}
        return {**_AIRFLOW_PORTS, **hosts, **({"llm": _LLM_PORT} if self.has_own_llm else {})}

    def _port(self, name: str, preferred: int, reservation: Reservation) -> int:
        """The preferred port, or a free one; the one that was set for Airflow, or none."""
        wanted = self._given.get("AIRFLOW__API__PORT") if name == "airflow" else None
        port = reservation.take(int(wanted) if wanted else preferred)
        if wanted and port != int(wanted):
            raise CofiError(f"Port {wanted} ([api] port) is taken on this machine: free it, or set another.")
        return port

    def _beginning(self) -> str:
        hosts = f"{len(self.own_hosts)} GPU hosts" if self.own_hosts else ""
        parts = [part for part in (hosts, "an LLM endpoint" if self.has_own_llm else "") if part]
        return f"Starting {' and '.join(parts)}" if parts else "GPU hosts and LLM are yours: none is started"

    def start_airflow(self, port_locks: Collection[int]) -> None:
        """Its components hold the locks of all ports as long as they are kept up."""
        for component in AIRFLOW_COMPONENTS:
            command = [_executable("airflow"), component]
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
        for host in self.own_hosts:
            self._await(f"GPU host {host}", host, partial(_answers, ports[host], "ready", gpu_token))
        if self.has_own_llm:
            self._await("the LLM endpoint", "llm", partial(_answers, ports["llm"], "health"))
        for dag_id in (DAG_ID, RESCORE_DAG_ID):
            self.airflow.unpause(dag_id)

    @property
    def _airflow_database(self) -> Path:
        """The embedded one, where no other is set."""
        return self.var / "airflow.db"

    def _import_connections(self, ports: Mapping[str, int], gpu_token: str, *, is_new: bool) -> list[str]:
        named = [*self.own_hosts, *([LLM] if self.has_own_llm else [])]
        services = connections_of({name: ports[name] for name in named}, gpu_token)
        secrets, database = self.var / "secrets", self.database_connection()
        return import_into(self.airflow_command, secrets, services, database, is_new=is_new)

    def _await(self, what: str, process: str, ready: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + _START_S
        while not ready():
            trouble = self.processes.trouble()
            if trouble:
                raise CofiError(trouble)
            if time.monotonic() > deadline_s:
                raise CofiError(
                    f"{what} is not there after {_START_S // 60} min, though its process runs. If its log "
                    "names nothing that is wrong, this machine is too busy: `cofi up` tries again. "
                    f"{self.processes.end_of_log(process)}"
                )
            time.sleep(0.5)


def _connection(host: str) -> str:
    return f"AIRFLOW_CONN_{host.upper()}"


def _executable(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _answers(port: int, path: str, token: str = "") -> bool:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return requests.get(f"http://127.0.0.1:{port}/{path}", headers=headers, timeout=5).ok
    except requests.RequestException:
        return False
