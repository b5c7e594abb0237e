"""Synthetic recordings, and a host whose engines are quick fakes: the protocol is real, the speech is not."""

import io
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
import soundfile

from include.calls.transcript import Word
from include.gpu.wire import Engine, Segment, SegmentKind, Span
from include.gpu_host.app import create_app
from include.gpu_host.audio import Recording
from include.gpu_host.chain import Engines
from include.gpu_host.engines.denoise import Enhancement
from include.gpu_host.engines.ivr import Findings
from include.gpu_host.engines.lid import Identification
from include.gpu_host.host import Host
from include.gpu_host.settings import Settings

TOKEN = "s3cret"


@pytest.fixture
def wav() -> Callable[..., bytes]:
    """Makes the bytes of an 8 kHz recording; another seed is another recording."""

    def make(*, seed: int = 1, seconds: float = 2.0, channels: int = 1, **written: Any) -> bytes:
        noise = np.random.default_rng(seed).normal(0, 0.1, (int(seconds * 8000), channels))
        file = io.BytesIO()
        soundfile.write(file, noise, 8000, **{"format": "WAV", "subtype": "PCM_16", **written})
        return file.getvalue()

    return make


@dataclass
class FakeEngines:
    """Engines that answer at once and remember what they heard.

    The IVR engine finds a prompt in the first half second; the STT engine hears one word per second.
    """

    heard: list[str] = field(default_factory=list)
    enhances: bool = False
    identified: Identification = field(
        default_factory=lambda: Identification("en", 0.9, {"en": 0.9, "es": 0.1}, 1.0)
    )
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    fails: Exception | None = None
    version: str = "1"

    def __post_init__(self) -> None:
        self.gate.set()

    def load(self, settings: Settings | None = None) -> Engines:
        engine = Engine(name="fake", version=self.version, device="cpu")
        parts: dict[str, Any] = {
            "denoise": SimpleNamespace(engine=engine, enhance=self._enhance),
            "ivr": SimpleNamespace(engine=engine, find=self._find),
            "lid": SimpleNamespace(
                engine=engine,
                identify=self._identify,
                unknown=lambda codes: sorted(set(codes) - {"en", "es"}),
            ),
            "stt": SimpleNamespace(engine=engine, transcribe=self._transcribe),
        }
        return Engines(**parts)

    def _enhance(self, recording: Recording) -> Enhancement:
        self.heard.append("denoise")
        self.started.release()
        assert self.gate.wait(10)
        if self.fails:
            raise self.fails
        louder = Recording(np.full_like(recording.samples, 0.5)) if self.enhances else None
        return Enhancement(louder, "measured", 9.0)

    def _find(self, recording: Recording) -> Findings:
        self.heard.append(f"ivr peak {np.abs(recording.samples).max():.1f}")
        prompt = Segment(
            start_ms=0, end_ms=500, kind=SegmentKind.PROMPT, confidence=1.0, label="menu", channel=0
        )
        return Findings([prompt], [Span(start_ms=500, end_ms=round(recording.duration_s * 1000))])

    def _identify(self, samples: np.ndarray, allowed: list[str]) -> Identification:
        self.heard.append(f"lid {len(samples) / 16000:.1f} s")
        return self.identified

    def _transcribe(self, samples: np.ndarray, language: str) -> list[Word]:
        self.heard.append(f"stt {language} peak {np.abs(samples).max():.1f}")
        seconds = range(len(samples) // 16000)
        return [
            Word(text=f" w{n}", start_ms=n * 1000, end_ms=n * 1000 + 400, confidence=0.8) for n in seconds
        ]


@pytest.fixture
def fakes() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(token=TOKEN, data_dir=tmp_path / "data", capacity=2, max_upload_bytes=1 << 20)


@pytest.fixture
async def host(settings: Settings, fakes: FakeEngines) -> AsyncIterator[Host]:
    host = Host(settings)
    await host.load(fakes.load)
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
    settings: Settings, fakes: FakeEngines, connect: Callable[[Host], httpx.AsyncClient]
) -> Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Opens a new host over the same folder."""

    @asynccontextmanager
    async def start() -> AsyncIterator[httpx.AsyncClient]:
        host = Host(settings)
        await host.load(fakes.load)
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


@pytest.fixture(scope="session")
def speech() -> Callable[[str], np.ndarray]:
    """Reads a clip of tests/data/speech: 16 kHz, one channel."""

    def read(name: str) -> np.ndarray:
        folder = Path(__file__).parents[2] / "data" / "speech"
        samples, _ = soundfile.read(folder / f"{name}.flac", dtype="float32")
        return np.asarray(samples)

    return read


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
