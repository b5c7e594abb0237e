"""Starts reference GPU hosts as processes on loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from include.gpu.wire import HostStatus

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests" / "data" / "speech"
TOKEN = "s3cret"
START_WITHIN_S = 120


@dataclass
class RunningHost:
    """A started process and its addresses."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def client(self, token: str = TOKEN) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
        )

    def worker(self) -> psutil.Process:
        """The worker of its only device: the largest of the server's children; the other one decodes."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return max(children, key=lambda child: child.memory_info().rss)

    def wait_until_ready(self) -> HostStatus:
        deadline_s = time.monotonic() + START_WITHIN_S
        with self.client() as client:
            while time.monotonic() < deadline_s:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    answer = client.get("/ready")
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 200:
                    return HostStatus.model_validate_json(answer.content)
                assert answer.status_code == 503
                time.sleep(0.05)
        raise AssertionError(f"not ready within {START_WITHIN_S} s: {self.log.read_text()}")


class Launcher:
    """Starts hosts on free ports, over one data folder, and ends what it started.

    Attributes:
        folder: Data, weights and logs.
    """

    def __init__(self, folder: Path, prompts_dir: Path | None = None) -> None:
        self.folder = folder
        self._prompts_dir = prompts_dir
        self._started: list[subprocess.Popen[bytes]] = []
        self._shared: RunningHost | None = None

    def shared(self) -> RunningHost:
        """The host over `folder` that tests share: started again when one of them has ended it."""
        if self._shared is None or self._shared.process.poll() is not None:
            self._shared = self.start()
        return self._shared

    def start(self, **settings: str) -> RunningHost:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        variables = {
            "TOKEN": TOKEN,
            "PORT": str(port),
            "DATA_DIR": str(self.folder / "data"),
            "WEIGHTS_DIR": str(self.folder / "weights"),
            "PROMPTS_DIR": str(self._prompts_dir or ""),
            **settings,
        }
        log = self.folder / f"{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "include.gpu_host"],
                cwd=ROOT,
                env={**os.environ, **{f"COFI_GPU_HOST_{name}": value for name, value in variables.items()}},
                stderr=output,
            )
        self._started.append(process)
        return RunningHost(process, port, log)

    @property
    def incoming(self) -> Path:
        """Where uploads under way lie."""
        return self.folder / "data" / "incoming"

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Waits up to 10 s for a condition."""
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s, f"waited 60 s for {what}"
        time.sleep(0.02)
