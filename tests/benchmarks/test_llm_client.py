"""The LLM client against the emulated API: how near it comes to the ideal, and at what cost. On demand.

All figures are ratios within one run, so that a slow machine changes them little; it still has to be idle.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from aiohttp.test_utils import unused_port

from include.concurrency import for_each
from include.llm.client import LlmClient, LlmSettings
from include.llm.understanding import SCHEMA_NAME

pytestmark = pytest.mark.timeout(1200)

ROOT = Path(__file__).parents[2]
WIDTH = 100
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
# A call's transcript has about as many characters.
PROMPT = "word " * 800
ALLOWED_MB = 20


@contextmanager
def emulated_api(*arguments: str, **faults: Any) -> Iterator[str]:
    """Serves in a process of its own; its URL."""
    port = unused_port()
    command = [sys.executable, "-m", "include.command_line", "emulate", "llm", f"--port={port}", *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(url):
            time.sleep(0.1)
        requests.post(f"{url}/emulation/faults", json=faults, timeout=5).raise_for_status()
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=1).ok
    except requests.RequestException:
        return False


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


def seconds_of_client(url: str, calls: int) -> float:
    """Through cofi's client, as the operators use it."""

    async def ask_all() -> float:
        async with LlmClient(LlmSettings(base_url=f"{url}/v1", model="m", max_attempts=12), WIDTH) as client:

            async def ask(number: int) -> None:
                prompt = [{"role": "user", "content": f"{number} {PROMPT}"}]
                await client.complete(prompt, SCHEMA, SCHEMA_NAME)

            began_s = time.perf_counter()
            await for_each(numbers(calls), ask, 2 * WIDTH)
            return time.perf_counter() - began_s

    return asyncio.run(ask_all())


def seconds_of_plain_client(url: str, calls: int, width: int = WIDTH) -> float:
    """Through aiohttp with nothing around it."""

    async def ask_all() -> float:
        format_ = {
            "type": "json_schema",
            "json_schema": {"name": SCHEMA_NAME, "strict": True, "schema": SCHEMA},
        }
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=width)) as session:

            async def ask(number: int) -> None:
                prompt = [{"role": "user", "content": f"{number} {PROMPT}"}]
                body = {"model": "m", "messages": prompt, "response_format": format_}
                async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                    assert json.loads(await response.text())["choices"]

            began_s = time.perf_counter()
            await for_each(numbers(calls), ask, width)
            return time.perf_counter() - began_s

    return asyncio.run(ask_all())


def figures(url: str) -> dict[str, Any]:
    return dict(requests.get(f"{url}/emulation/stats", timeout=5).json())


def told(what: str, calls: int, call_s: float, took_s: float, counted: dict[str, Any]) -> float:
    """Prints a line; the share of the ideal throughput."""
    share = calls * call_s / WIDTH / took_s
    per_answer = (counted["requests"] + counted["refused"]) / calls
    print(
        f"\n{what}: {took_s:.1f} s, {share:.3f} of the ideal, {per_answer:.3f} requests per answer, "
        f"at most {counted['max_in_flight']} in flight"
    )
    assert counted["max_in_flight"] <= WIDTH
    return share


def test_the_client_reaches_the_ideal() -> None:
    with emulated_api("--llm1-seconds=0.5") as url:
        took_s = seconds_of_client(url, 10_000)
        assert told("10,000 calls of 0.5 s", 10_000, 0.5, took_s, figures(url)) >= 0.98


def test_it_costs_little_more_than_a_plain_client_when_nothing_fails() -> None:
    with emulated_api("--llm1-seconds=0.25") as url:
        plain_s = min(seconds_of_plain_client(url, 4_000) for _ in range(2))
    with emulated_api("--llm1-seconds=0.25") as url:
        took_s = seconds_of_client(url, 4_000)
        told("4,000 calls of 0.25 s", 4_000, 0.25, took_s, figures(url))
    print(f"plain client: {plain_s:.1f} s; ratio {plain_s / took_s:.3f}")
    assert took_s <= 1.05 * plain_s


def test_stray_refusals_are_no_limit() -> None:
    with emulated_api("--llm1-seconds=0.25", refused_share=0.05) as url:
        took_s = seconds_of_client(url, 4_000)
        assert told("5 % stray 429 and 503", 4_000, 0.25, took_s, figures(url)) >= 0.80


def test_a_true_limit_is_kept_at_little_cost() -> None:
    """0.55 of 0.60 and more. A plain client that knows the limit tells what the machine allows."""
    with emulated_api("--llm1-seconds=0.25", "--most-at-once=60") as url:
        knowing_s = seconds_of_plain_client(url, 4_000, 60)
    with emulated_api("--llm1-seconds=0.25", "--most-at-once=60") as url:
        took_s = seconds_of_client(url, 4_000)
        counted = figures(url)
    told("the API takes 60 at once", 4_000, 0.25, took_s, counted)
    print(f"plain client that knows it: {knowing_s:.1f} s; ratio {knowing_s / took_s:.3f}")
    assert knowing_s / took_s >= 0.55 / 0.60
    assert counted["requests"] + counted["refused"] <= 1.2 * 4_000


def test_memory_is_flat_from_a_thousand_to_a_hundred_thousand_calls() -> None:
    few_mb, many_mb = (peak_mb(calls) for calls in (1_000, 100_000))
    print(f"\n1,000 calls: {few_mb:.0f} MB; 100,000: {many_mb:.0f} MB")
    assert many_mb - few_mb < ALLOWED_MB


def peak_mb(calls: int) -> float:
    """In a process of its own: freed memory is not always given back."""
    code = (
        "import resource, sys; from tests.benchmarks.test_llm_client import seconds_of_client; "
        f"seconds_of_client(sys.argv[1], {calls}); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    with emulated_api("--llm1-seconds=0") as url:
        command = [sys.executable, "-c", code, url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)
