"""GPU hosts as processes on loopback, used like any client uses them: over HTTP."""

import io
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import soundfile
from numpy.typing import NDArray
from pydantic import TypeAdapter

from include.calls.call import ChannelRole
from include.calls.stage import GPU_STAGES, Stage
from include.demo.ports import Reservation
from include.errors import HostFault
from include.gpu.wire import (
    DenoiseResult,
    HostStatus,
    IvrResult,
    LidResult,
    StageResult,
    SttResult,
)

_START_WITHIN_S = 180
_END_WITHIN_S = 40
_STAGE_WITHIN_S = 900
_BUSY = (429, 503)
_RESULT: TypeAdapter[StageResult] = TypeAdapter(StageResult)

_One = TypeVar("_One", bound=DenoiseResult | IvrResult | LidResult | SttResult)
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Request:
    """A recording to send.

    Attributes:
        stages: To run, from the first on.
        languages: Allow-list for LID; empty for all.
    """

    call_id: str
    body: bytes
    roles: Sequence[ChannelRole] = ()
    stages: Sequence[Stage] = tuple(GPU_STAGES)
    languages: Sequence[str] = ()

    @property
    def options(self) -> dict[str, object]:
        """As the host takes them."""
        return {"options": {"channel_roles": list(self.roles), "languages": list(self.languages)}}


@dataclass(frozen=True)
class Answered:
    """A call's results, and the wall time of each stage's request as its client saw it."""

    results: dict[Stage, StageResult]
    wall_s: dict[Stage, float] = field(default_factory=dict)

    def of(self, kind: type[_One]) -> _One:
        """The result of that kind.

        Raises:
            KeyError: That stage was not run.
        """
        for result in self.results.values():
            if isinstance(result, kind):
                return result
        raise KeyError(kind.__name__)


class Host:
    """A running host; use it from several threads."""

    def __init__(self, pid: int, client: httpx.Client, status: HostStatus) -> None:
        self.pid = pid
        self.status = status
        self._client = client

    def put(self, request: Request) -> None:
        """Uploads the recording.

        Raises:
            HostFault: The host did not take it.
        """
        path = f"/v1/calls/{request.call_id}/audio"
        self._asked(lambda: self._client.put(path, content=request.body))

    def run(self, request: Request, stage: Stage) -> StageResult:
        """Runs one stage, and waits in line while the host is full.

        Raises:
            HostFault: The host refused, with what it said.
        """
        path = f"/v1/calls/{request.call_id}/{stage}"
        answer = self._asked(lambda: self._client.post(path, json=request.options))
        return _RESULT.validate_json(answer.content)

    def answer(self, request: Request) -> Answered:
        """Uploads a recording and runs its stages one after the other."""
        self.put(request)
        answered = Answered({})
        for stage in request.stages:
            began_s = time.perf_counter()
            answered.results[stage] = self.run(request, stage)
            answered.wall_s[stage] = time.perf_counter() - began_s
        return answered

    def enhanced(self, call_id: str) -> bytes:
        """The enhanced copy of a recording, as FLAC."""
        path = f"/v1/calls/{call_id}/audio"
        return self._asked(lambda: self._client.get(path, params={"version": "enhanced"})).content

    def delete(self, call_id: str) -> None:
        """Removes a call."""
        self._asked(lambda: self._client.delete(f"/v1/calls/{call_id}"))

    def _asked(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        while True:
            try:
                answer = send()
            except httpx.TransportError as error:
                raise HostFault(f"The GPU host broke off ({error!r}): look at its log.") from error
            if answer.status_code not in _BUSY:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", 1)), 1.0))
        if answer.is_error:
            request = answer.request
            raise HostFault(f"{request.method} {request.url.path}: {answer.status_code} {answer.text[:500]}")
        return answer


class Hosts:
    """Starts hosts of one checkout, and ends what it started.

    Args:
        checkout: Folder whose `include.gpu_host` is measured.
        scratch: Where their recordings, results and logs lie.
        weights_dir: Where the models are assembled, for all of them.
    """

    def __init__(self, checkout: Path, scratch: Path, weights_dir: Path) -> None:
        self.weights_dir = weights_dir
        self._checkout = checkout
        self._scratch = scratch
        self._started = 0

    @contextmanager
    def running(self, **settings: object) -> Iterator[Host]:
        """Starts a host over a data folder of its own and waits until it is ready.

        Args:
            settings: Its settings, by the names in `include/gpu_host/settings.py`.

        Raises:
            HostFault: It ended, or is not ready in time; the message has the end of its log.
        """
        self._started += 1
        folder = self._scratch / f"host-{self._started}"
        folder.mkdir(parents=True)
        token, log = secrets.token_hex(16), folder / "log"
        # The same sounds recur here from recording to recording, at other times and with other noise: a host
        # that learns takes them for prompts and cuts them. Learning is measured over calls that have
        # nothing else in common: docs/first-day-calls.md.
        chosen = {"learn_prompts": False, "weights_dir": self.weights_dir}
        chosen |= {"token": token, "data_dir": folder / "data"}
        with Reservation() as ports:
            port = ports.take()
            process = self._start(chosen | {"port": port} | settings, log)
            try:
                with httpx.Client(
                    base_url=f"http://127.0.0.1:{port}",
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=_STAGE_WITHIN_S,
                ) as client:
                    yield Host(process.pid, client, _ready(process, client, log))
            finally:
                _end(process)

    def _start(self, settings: dict[str, object], log: Path) -> subprocess.Popen[bytes]:
        variables = {f"COFI_GPU_HOST_{name.upper()}": str(value) for name, value in settings.items()}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("COFI_GPU_HOST_")}
        with log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "include.gpu_host"],
                cwd=self._checkout,
                env={**inherited, **variables, "PYTHONPATH": str(self._checkout)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )


def as_wav(samples: NDArray[np.float32], rate_hz: int) -> bytes:
    """A 16-bit WAV of samples, shape (channels, frames)."""
    file = io.BytesIO()
    soundfile.write(file, samples.T, rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()


def in_parallel(
    items: Sequence[_Item], work: Callable[[_Item], _Answer], at_once: int, done: Callable[[int], None]
) -> list[_Answer]:
    """Works on all items, `at_once` at a time; returns the answers in the items' order."""
    answers: list[_Answer] = []
    with ThreadPoolExecutor(at_once) as pool:
        for answer in pool.map(work, items):
            answers.append(answer)
            done(len(answers))
    return answers


def _ready(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> HostStatus:
    deadline_s = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise HostFault(f"The GPU host ended at its start: {log.read_text()[-2000:]}")
        try:
            answer = client.get("/ready")
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == httpx.codes.OK:
            return HostStatus.model_validate_json(answer.content)
        time.sleep(0.1)
    raise HostFault(f"The GPU host was not ready within {_START_WITHIN_S} s: {log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
