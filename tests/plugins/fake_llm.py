"""An LLM that answers as a test tells it, and remembers what it was asked."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from include.emulation.minimal import minimal
from include.judge.asking import SECOND_OPINION
from include.llm.audit import SCHEMA_NAME as LLM2
from include.llm.understanding import SCHEMA_NAME as LLM1

Body = dict[str, Any]
INSULT = "You are an idiot, Mister Holloway."


@dataclass
class FakeLlm:
    """Serves `/v1/chat/completions`.

    Attributes:
        first: Answers of LLM2 by criterion; all others get their first option.
        second: What second opinions say, in turn: an answer, a status to refuse with, or "" for no JSON.
        broken: So many requests are answered with 500.
        asked: All bodies that were answered, in order.
        traffic: Requests in flight now, and at most; servers may share it.
    """

    first: Callable[[str], dict[str, dict[str, Any]]] = lambda prompt: {}
    second: list[str | int] = field(default_factory=list)
    model: str = "judge-1"
    latency_s: float = 0.0
    broken: int = 0
    asked: list[Body] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    traffic: list[int] = field(default_factory=lambda: [0, 0])
    url: str = ""

    async def start(self) -> TestServer:
        """Starts it; `url` is where."""
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/chat/completions", self._complete)
        server = TestServer(app)
        await server.start_server()
        self.url = str(server.make_url("/v1"))
        return server

    def schemas(self) -> Counter[str]:
        """How often each schema was asked for since the last time."""
        found = Counter(body["response_format"]["json_schema"]["name"] for body in self.asked)
        self.asked.clear()
        return found

    def opinions(self) -> list[Body]:
        """Requests for second opinions."""
        return [b for b in self.asked if b["response_format"]["json_schema"]["name"] == SECOND_OPINION]

    async def _complete(self, request: web.Request) -> web.Response:
        if self.broken:
            self.broken -= 1
            return web.json_response({"error": {"message": "broken"}}, status=500)
        body = await request.json()
        self.asked.append(body)
        self.keys.add(request.headers.get("Authorization", ""))
        self.traffic[0] += 1
        self.traffic[1] = max(self.traffic)
        try:
            await asyncio.sleep(self.latency_s)
        finally:
            self.traffic[0] -= 1
        asked = body["response_format"]["json_schema"]
        content = minimal(asked["schema"])
        if asked["name"] == LLM1:
            content["analysable"] = True
        elif asked["name"] == LLM2:
            given = self.first(body["messages"][-1]["content"])
            content["answers"] |= {name: one for name, one in given.items() if name in content["answers"]}
        elif asked["name"] == SECOND_OPINION and self.second:
            said = self.second.pop(0)
            if isinstance(said, int):
                return web.json_response({"error": {"message": "no"}}, status=said)
            content = content | {"answer": said, "justification": f"it is {said}"} if said else ["not one"]
        return web.json_response(self._completion(content))

    def _completion(self, content: Any) -> dict[str, Any]:
        return {
            "id": "1",
            "model": self.model,
            "choices": [
                {
                    "message": {"role": "assistant", "content": json.dumps(content)},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }


def said(answer: str, quote: str = "", confidence: float = 0.9) -> dict[str, Any]:
    """An answer of LLM2 to a criterion."""
    evidence = [{"turn_id": "t2", "speaker": "agent", "quote": quote}] if quote else []
    return {
        "evidence": evidence,
        "absence": None,
        "justification": f"because {answer}",
        "answer": answer,
        "confidence": confidence,
    }


def abused(prompt: str) -> dict[str, dict[str, Any]]:
    """Finds the insult where it was said; private data leaves as tokens, and comes back in quotes."""
    at = prompt.find("You are an idiot")
    if at < 0:
        return {"no_abuse": said("yes")}
    return {"no_abuse": said("no", prompt[at:].splitlines()[0])}
