"""A whole cofi whose GPU hosts and LLM API are emulated: to rehearse a deployment on one machine."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import make_url

from include.demo.processes import Started
from include.demo.stack import Stack
from include.emulation import TOKEN_VARIABLE

_TIMEOUT_S = 60
# Recordings are made just before; the schedule begins with a day that has none.
_OF_REHEARSALS = {"AIRFLOW__COFI__MIN_AGE_S": "0", "AIRFLOW__COFI__EMPTY_DAY": "warn"}
_EMULATE = [sys.executable, "-m", "include.command_line", "emulate"]


class EmulatedStack(Stack):
    """Airflow, emulated GPU hosts, an emulated LLM API.

    Args:
        home: AIRFLOW_HOME.
        settings: Environment variables of Airflow.
        hosts: Names of the GPU hosts.
        gpu_host: Arguments of `cofi emulate gpu-host`, such as `--stage-seconds=0.1`.
        llm: The same for `llm`.
        proxied: Hosts that stand behind a proxy, which can answer in their place.
        database: SQLAlchemy's URL of cofi's database on PostgreSQL; on SQLite when it is left out.
    """

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, str],
        hosts: Sequence[str],
        gpu_host: Sequence[str] = (),
        llm: Sequence[str] = (),
        *,
        proxied: Collection[str] = (),
        database: str | None = None,
    ) -> None:
        super().__init__(home, {**_OF_REHEARSALS, **settings}, hosts)
        self._proxied = proxied
        self._database = make_url(database) if database else None
        self._gpu_host = gpu_host
        self._llm = llm

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of cofi's database."""
        if not self._database:
            return super().database_url
        return self._database.render_as_string(hide_password=False)

    def database_connection(self) -> dict[str, object]:
        """The database as a connection of Airflow."""
        if not self._database:
            return super().database_connection()
        url = self._database
        return {
            "conn_type": "postgres",
            "host": url.host,
            "port": url.port,
            "login": url.username,
            "password": url.password,
            "schema": url.database,
        }

    def preferred_ports(self) -> dict[str, int]:
        """Any: while an emulated host is dead, nobody else may take its port for a known one."""
        behind = [_behind(host) for host in self._proxied]
        return dict.fromkeys([*super().preferred_ports(), *behind], 0)

    def start_services(self, ports: Mapping[str, int], gpu_token: str) -> None:
        """Starts the emulated services."""
        for host in self.hosts:
            self.start_host(host, ports[_behind(host) if host in self._proxied else host], gpu_token)
        for host in self._proxied:
            arguments = ["--port", str(ports[host]), "--to", str(ports[_behind(host)])]
            self.processes.start(
                f"{host}-proxy", [*_EMULATE, "proxy", *arguments], self.base_environment, self.home
            )
        self.start_llm(ports["llm"])

    def start_host(self, host: str, port: int | None = None, gpu_token: str | None = None) -> Started:
        """Starts a GPU host, or one that has ended again, on the port that its connection or proxy names."""
        token = gpu_token or (self.var / "secrets" / "gpu_token").read_text()
        port = port or self.ports[_behind(host) if host in self._proxied else host]
        command = [*_EMULATE, "gpu-host"]
        arguments = ["--port", str(port), *self._gpu_host]
        environment = {**self.base_environment, TOKEN_VARIABLE: token}
        return self.processes.start(host, [*command, *arguments], environment, self.home)

    def start_llm(self, port: int | None = None) -> Started:
        """Starts the LLM API, or again when it has ended, on the port that its connection names."""
        command = [*_EMULATE, "llm"]
        arguments = ["--port", str(port or self.ports["llm"]), *self._llm]
        return self.processes.start("llm", [*command, *arguments], self.base_environment, self.home)

    def stats(self, service: str) -> dict[str, Any]:
        """What a service has counted."""
        answer = requests.get(f"{self._url(service)}/emulation/stats", timeout=_TIMEOUT_S)
        return dict(answer.json())

    def fail(self, service: str, **faults: Any) -> None:
        """Makes a service fail, or work again: see `include.emulation.faults`."""
        answer = requests.post(f"{self._url(service)}/emulation/faults", json=faults, timeout=_TIMEOUT_S)
        answer.raise_for_status()

    def answer_for(self, host: str, answers: str | None) -> None:
        """Makes a host's proxy answer in its place, see `include.emulation.interposed`, or pass on again."""
        answer = requests.post(f"{self._url(host)}/proxy", json={"answers": answers}, timeout=_TIMEOUT_S)
        answer.raise_for_status()

    def forget_peak(self, service: str) -> None:
        """Counts the most requests in flight anew."""
        requests.post(f"{self._url(service)}/emulation/forget-peak", timeout=_TIMEOUT_S).raise_for_status()

    def _url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"


def _behind(host: str) -> str:
    """Name of the port of a host behind a proxy; the proxy has the one that the connection names."""
    return f"{host}-itself"
