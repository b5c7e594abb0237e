"""A stack as large sites have it: CeleryExecutor on Redis, PostgreSQL for Airflow and for cofi."""

import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

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
        super().__init__(home, settings, hosts, database=server.url("cofi"), **emulation)
        self._metadata_url = server.url("airflow")

    @property
    def environment(self) -> dict[str, str]:
        """Of every Airflow process."""
        environment = super().environment
        return {
            **environment,
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._metadata_url,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "40",
            "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{self.ports[REDIS]}/0",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": environment["AIRFLOW__CORE__PARALLELISM"],
        }

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
        command = [str(Path(sys.executable).parent / "airflow"), "celery", "worker", "--skip-serve-logs"]
        self.processes.keep(WORKER, command, self.environment, self.home, inherited=port_locks)
