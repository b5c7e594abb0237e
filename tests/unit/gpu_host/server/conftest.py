"""A host whose stages are quick fakes inside this process: the protocol is real, the speech is not."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest

from include.calls.stage import GPU_STAGES
from include.gpu.wire import (
    DenoiseResult,
    Engine,
    IvrResult,
    LidResult,
    Span,
    StageOptions,
    StageResult,
    SttResult,
)
from include.gpu_host.audio.recording import Recording, write_flac
from include.gpu_host.ivr.finding import Learning
from include.gpu_host.ivr.hearings import HeardChannel, heard_channel, write_hearing
from include.gpu_host.ivr.landmarks import peaks_of
from include.gpu_host.ivr.profiles import profile_of
from include.gpu_host.server.app import create_app
from include.gpu_host.server.host import Host
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import About, Head
from include.gpu_host.stages.running import StageRunner
from include.gpu_host.workers.loading import load_probe

TOKEN = "s3cret"


class WorkerHere:
    """A worker that is a thread of this process."""

    def __init__(self, make_handler: Callable[[], Any]) -> None:
        self._make_handler = make_handler
        self._handler: Any = None

    async def started(self) -> Any:
        self._handler = await asyncio.to_thread(self._make_handler)
        return self._handler.about

    async def ended(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def run(self, job: Any) -> Any:
        return await asyncio.to_thread(self._handler, job)

    def kill(self) -> None:
        pass


@dataclass
class FakeStages:
    """Stages that answer at once and remember what they heard."""

    heard: list[str] = field(default_factory=list)
    enhances: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    loads: threading.Event = field(default_factory=threading.Event)
    fails: Exception | None = None
    version: str = "1"
    hears_vocabulary: bool = True

    def __post_init__(self) -> None:
        self.gate.set()
        self.loads.set()

    def worker(self, device: str) -> WorkerHere:
        return WorkerHere(self._load)

    def _load(self) -> StageRunner:
        assert self.loads.wait(10)
        engine = Engine(name="fake", version=self.version, device="cpu")
        stages: Any = SimpleNamespace(
            about=About(
                engines=dict.fromkeys(GPU_STAGES, engine),
                tuning={stage: [] for stage in GPU_STAGES},
                languages=frozenset({"en", "es"}),
                hears_vocabulary=self.hears_vocabulary,
            ),
            denoising=SimpleNamespace(run=self._denoise, write_enhanced=self._enhance),
            ivr=SimpleNamespace(run=self._ivr),
            languages=SimpleNamespace(run=self._lid),
            recognition=SimpleNamespace(run=self._stt),
        )
        return StageRunner(stages, max_duration_s=60)

    def _denoise(self, head: Head, recording: Recording, draft: Path) -> StageResult:
        self.heard.append("denoise")
        self.started.release()
        assert self.gate.wait(10)
        if self.fails:
            raise self.fails
        if self.enhances:
            self._enhance(recording, draft)
        return DenoiseResult(**head, applied=self.enhances, reason="measured", snr_db=9.0)

    def _enhance(self, recording: Recording, draft: Path) -> None:
        louder = np.full(recording.frames, 0.5, dtype=np.float32)
        write_flac(draft, [iter([louder]) for _ in recording.channels])

    def _ivr(self, head: Head, recording: Recording, learning: Learning | None) -> StageResult:
        self.heard.append(f"ivr peak {peak(recording):.1f}")
        if learning:
            channels = [self._fingerprints(recording, n) for n in recording.channels]
            write_hearing(learning.hand_over, channels)
        return IvrResult(**head, segments=[], kept=[Span(start_ms=500, end_ms=recording.whole.end_ms)])

    def _fingerprints(self, recording: Recording, channel: int) -> HeardChannel:
        return heard_channel(peaks_of(recording, channel), profile_of(recording, channel), [], [])

    def _lid(self, head: Head, recording: Recording, ivr: IvrResult, allowed: list[str]) -> StageResult:
        self.heard.append(f"lid from {ivr.kept[0].start_ms} allowed {allowed}")
        probabilities = {"en": 0.9, "es": 0.1}
        return LidResult(**head, language="en", confidence=0.9, probabilities=probabilities, speech_s=1.0)

    def _stt(
        self, head: Head, recording: Recording, ivr: IvrResult, lid: LidResult, options: StageOptions
    ) -> StageResult:
        self.heard.append(f"stt {lid.language} peak {peak(recording):.1f}")
        return SttResult(**head, language=lid.language, turns=[])


def peak(recording: Recording) -> float:
    return float(np.abs(recording.samples(0)).max())


def start_probe(name: str) -> WorkerHere:
    return WorkerHere(lambda: load_probe(60))


@pytest.fixture
def fakes() -> FakeStages:
    return FakeStages()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        token=TOKEN, data_dir=tmp_path / "data", capacity=2, max_upload_bytes=1 << 20, stop_grace_s=0.2
    )


@pytest.fixture
def make_host(settings: Settings, fakes: FakeStages) -> Callable[[], Host]:
    return lambda: Host(settings, fakes.worker, start_probe)


@pytest.fixture
async def host(make_host: Callable[[], Host], fakes: FakeStages) -> AsyncIterator[Host]:
    host = make_host()
    await host.open()
    yield host
    fakes.gate.set()
    host.close()


@pytest.fixture
def connect() -> Callable[[Host], httpx.AsyncClient]:
    """A client that speaks to a host's app without a socket."""

    def client_of(host: Host) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(create_app(host, TOKEN), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.AsyncClient(transport=transport, base_url="http://host", headers=headers)

    return client_of


@pytest.fixture
def restarted(
    make_host: Callable[[], Host], connect: Callable[[Host], httpx.AsyncClient]
) -> Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Opens a new host over the same folder."""

    @asynccontextmanager
    async def start() -> AsyncIterator[httpx.AsyncClient]:
        host = make_host()
        await host.open()
        async with connect(host) as client:
            yield client
        host.close()

    return start


@pytest.fixture
async def client(
    host: Host, connect: Callable[[Host], httpx.AsyncClient]
) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(host) as client:
        yield client


@pytest.fixture
def assert_problem() -> Callable[..., dict[str, Any]]:
    """Checks that an answer is problem+json of a status, and returns it."""

    def check(response: httpx.Response, status: int, *, retryable: bool = False) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = response.json()
        assert (problem["status"], problem["retryable"]) == (status, retryable)
        assert problem["title"] and problem["detail"]
        return problem

    return check
