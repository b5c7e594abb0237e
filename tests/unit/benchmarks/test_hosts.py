"""How the benchmark talks to a host: it waits when the host is full, and says what the host refused."""

import io
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
import soundfile

from include.calls.stage import Stage
from include.errors import HostFault, InvalidInput
from include.gpu.wire import DenoiseResult, Engine, HostStatus, IvrResult
from tests.benchmarks.speech.bare import folder_of
from tests.benchmarks.speech.hosts import Host, Request, as_wav, in_parallel
from tests.benchmarks.speech.usage import PeakMemory, usage_of

ENGINE = Engine(name="e", version="1", device="cpu")
STATUS = HostStatus(ready=True, engines={}, capacity=1, in_flight=0, free_disk_bytes=1)
HEAD = {"call_id": "c", "engine": ENGINE, "seconds": 1, "audio_s": 2}
RESULTS = {
    "denoise": DenoiseResult(**HEAD, applied=False, reason="", snr_db=None),
    "ivr": IvrResult(**HEAD, segments=[], kept=[]),
}


def host(answer: Callable[[httpx.Request], httpx.Response]) -> Host:
    return Host(1, httpx.Client(base_url="http://host", transport=httpx.MockTransport(answer)), STATUS)


def test_stages_are_run_in_order_after_the_upload() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.path))
        stage = request.url.path.split("/")[-1]
        return (
            httpx.Response(201)
            if stage == "audio"
            else httpx.Response(200, text=RESULTS[stage].model_dump_json())
        )

    request = Request("c", b"RIFF", stages=(Stage.DENOISE, Stage.IVR))
    answered = host(answer).answer(request)
    assert seen == [
        ("PUT", "/v1/calls/c/audio"),
        ("POST", "/v1/calls/c/denoise"),
        ("POST", "/v1/calls/c/ivr"),
    ]
    assert answered.of(IvrResult) == RESULTS["ivr"] and set(answered.wall_s) == {Stage.DENOISE, Stage.IVR}


def test_a_full_host_is_asked_again() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "0"}), httpx.Response(204)]
    host(lambda _: answers.pop(0)).delete("c")
    assert answers == []


def test_a_refusal_is_said() -> None:
    with pytest.raises(HostFault, match="PUT /v1/calls/c/audio: 422 no audio"):
        host(lambda _: httpx.Response(422, text="no audio")).put(Request("c", b""))


def test_answers_come_in_the_order_of_the_questions() -> None:
    done: list[int] = []
    assert in_parallel([3, 1, 2], lambda n: n * n, 2, done.append) == [9, 1, 4]
    assert done == [1, 2, 3]


def test_a_wav_holds_what_was_given() -> None:
    samples = np.linspace(-0.5, 0.5, 800, dtype=np.float32).reshape(2, 400)
    heard, rate_hz = soundfile.read(io.BytesIO(as_wav(samples, 8000)), dtype="float32")
    assert rate_hz == 8000 and np.abs(heard.T - samples).max() < 1e-4


@pytest.mark.process
def test_usage_is_that_of_the_whole_tree() -> None:
    # Of less than a clock tick the system says 0.
    work = "import subprocess, sys, time\nwhile time.process_time() < 0.1: pass\n"
    hold = work + "held = b'x' * 50_000_000; print('held', flush=True); sys.stdin.read()"
    # The memory is a grandchild's, like that of a host's workers.
    hold = work + f"subprocess.run([sys.executable, '-c', {hold!r}])"
    child = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin and child.stdout
    try:
        child.stdout.readline()
        alone = psutil.Process(child.pid)
        with PeakMemory(child.pid) as watched:
            both = usage_of(child.pid)
            assert both.rss_bytes > alone.memory_info().rss + 50_000_000
            assert both.cpu_s > sum(alone.cpu_times()[:2]) > 0
            child.stdin.close()
            child.wait(10)
    finally:
        child.kill()
        child.stdout.close()
    assert watched.peak_bytes >= both.rss_bytes
    assert usage_of(child.pid).rss_bytes == 0


def test_the_bare_model_is_the_one_that_the_host_runs(tmp_path: Path) -> None:
    for name, content in (("a", b"other"), ("b", b"weights")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(content)
    assert folder_of(tmp_path, sha256(b"weights").hexdigest()) == tmp_path / "b"
    with pytest.raises(InvalidInput, match=r"no model\.bin with sha256 None"):
        folder_of(tmp_path, None)
