"""A stack as large sites have it: CeleryExecutor on Redis, PostgreSQL for Airflow and for cofi."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from include.demo.stack import executable
from include.emulation.stack import EmulatedStack
from tests.postgres import Postgres

WORKER, REDIS = "worker", "redis"


def redis_server() -> str | None:
    """Where the distribution's package has put it; None without it."""
    return shutil.which("redis-server")


class CeleryStack(EmulatedStack):
    """Emulated hosts and LLM; one worker, kept up like the components of Airflow.

    Args:
        home: AIRFLOW_HOME.
        settings: Environment variables of Airflow.
        hosts: Names of the GPU hosts.
        server: A running PostgreSQL that has the databases `airflow` and `cofi`.
        emulation: See `EmulatedStack`.
    """

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, str],
        hosts: Sequence[str],
        *,
        server: Postgres,
        **emulation: Sequence[str],
    ) -> None:
        celery = {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": server.url("airflow"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "40",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{server.url('airflow')}",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": settings["AIRFLOW__CORE__PARALLELISM"],
        }
        super().__init__(home, {**settings, **celery}, hosts, database=server.url("cofi"), **emulation)

    @property
    def environment(self) -> dict[str, str]:
        """Of every Airflow process."""
        broker = f"redis://127.0.0.1:{self.ports[REDIS]}/0"
        return {**super().environment, "AIRFLOW__CELERY__BROKER_URL": broker}

    def preferred_ports(self) -> dict[str, int]:
        """Any, also for Redis."""
        return {**super().preferred_ports(), REDIS: 0}

    def start_services(self, ports: Mapping[str, int], gpu_token: str) -> None:
        """Starts the emulated ones, and the broker."""
        super().start_services(ports, gpu_token)
        command = [redis_server() or REDIS, "--port", str(ports[REDIS]), "--bind", "127.0.0.1"]
        command += ["--save", "", "--dir", str(self.var)]
        self.processes.start(REDIS, command, self.base_environment, self.home)

    def start_airflow(self, port_locks: Collection[int]) -> None:
        """Also a worker."""
        super().start_airflow(port_locks)
        command = [executable("airflow"), "celery", "worker", "--skip-serve-logs"]
        self.processes.keep(WORKER, command, self.environment, self.home, inherited=port_locks)
