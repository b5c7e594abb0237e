"""The original document's service, written from its text: stage after stage, `gather` and `Semaphore(100)`.

    python -m tests.benchmarks.batch.original CONFIGURATION.json

All files are distributed in equal parts and uploaded at once; each GPU stage waits for the last call of the
one before; then LLM1 for all calls, then LLM2. A request that fails makes its call fail: nothing is tried
again. Two things go beyond the text, in its favour: a host never gets more requests than it takes (the text
sends all at once, and hosts refuse those), and records are written by one statement per stage, not per call.
"""

import asyncio
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from include.calls.stage import GPU_STAGES, LLM_STAGES, Stage
from include.gpu.wire import SHA256_HEADER
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

_SCHEMAS = dict(zip(LLM_STAGES, (FACTS_SCHEMA, AUDIT_SCHEMA), strict=True))
_ANSWER = {"type": "object", "properties": {"passed": {"type": "boolean"}}, "required": ["passed"]}
_TABLE = "create table if not exists status (call text, stage text, ok integer, at real)"


@dataclass(frozen=True)
class Service:
    """What the service is told.

    Attributes:
        hosts: Base URLs.
        token: The hosts' bearer token.
        llm: Base URL of the API.
        recordings: The folder of the day.
        database: SQLite file.
        per_host: Requests that a host takes at once.
        in_flight: Requests to the LLM.
    """

    hosts: list[str]
    token: str
    llm: str
    recordings: str
    database: str
    per_host: int
    in_flight: int


class Batch:
    """One run of the service."""

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        self._service = service
        self._session = session
        self._hosts = {host: asyncio.Semaphore(service.per_host) for host in service.hosts}
        self._llm = asyncio.Semaphore(service.in_flight)
        self._database = sqlite3.connect(service.database)
        self._database.execute(_TABLE)

    async def run(self) -> dict[str, Any]:
        """Distributes, and goes through the stages; says how many were audited, and when each ended."""
        began_s = time.time()
        paths = sorted(Path(self._service.recordings).glob("*.wav"))
        where = {path: self._service.hosts[n % len(self._hosts)] for n, path in enumerate(paths)}
        ended_s = {}
        going = await self._stage("distribute", paths, partial(self._upload, where))
        ended_s["distribute"] = time.time() - began_s
        for stage in GPU_STAGES:
            going = await self._stage(stage, going, partial(self._on_host, where, stage))
            ended_s[stage] = time.time() - began_s
        first_s = 0.0
        for stage in LLM_STAGES:
            going = await self._stage(stage, going, partial(self._ask, stage))
            ended_s[stage] = time.time() - began_s
            first_s = self._first_s - began_s
        return {"audited": len(going), "first_audited_s": first_s, "stages_ended_s": ended_s}

    async def _stage(
        self, stage: str, paths: Iterable[Path], work: Callable[[Path], Awaitable[None]]
    ) -> list[Path]:
        """All at once; those that succeeded go on."""
        self._first_s = float("inf")
        paths = list(paths)
        results = await asyncio.gather(*(self._noted(work, path) for path in paths), return_exceptions=True)
        rows = [
            (path.name, stage, result is None, time.time())
            for path, result in zip(paths, results, strict=True)
        ]
        self._database.executemany("insert into status values (?, ?, ?, ?)", rows)
        self._database.commit()
        return [path for path, result in zip(paths, results, strict=True) if result is None]

    async def _noted(self, work: Callable[[Path], Awaitable[None]], path: Path) -> None:
        await work(path)
        self._first_s = min(self._first_s, time.time())

    async def _upload(self, where: Mapping[Path, str], path: Path) -> None:
        host = where[path]
        audio = path.read_bytes()
        headers = self._authorised | {SHA256_HEADER: hashlib.sha256(audio).hexdigest()}
        async with self._hosts[host]:
            await self._send("PUT", f"{host}/v1/calls/{path.stem}/audio", data=audio, headers=headers)

    async def _on_host(self, where: Mapping[Path, str], stage: Stage, path: Path) -> None:
        host = where[path]
        async with self._hosts[host]:
            await self._send(
                "POST", f"{host}/v1/calls/{path.stem}/{stage}", json={}, headers=self._authorised
            )

    async def _ask(self, stage: Stage, path: Path) -> None:
        asked = {"name": _SCHEMAS[stage], "schema": _ANSWER}
        body = {
            "messages": [{"role": "user", "content": f"{stage} of {path.stem}"}],
            "response_format": {"type": "json_schema", "json_schema": asked},
        }
        async with self._llm:
            await self._send("POST", f"{self._service.llm}/chat/completions", json=body)

    async def _send(self, method: str, url: str, **body: Any) -> None:
        async with self._session.request(method, url, **body) as answer:
            await answer.read()
            answer.raise_for_status()

    @property
    def _authorised(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._service.token}"}


async def main(configuration: Path) -> None:
    """Runs one batch; prints what came of it as JSON."""
    service = Service(**json.loads(configuration.read_text()))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout()) as session:
        print(json.dumps(await Batch(service, session).run()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
