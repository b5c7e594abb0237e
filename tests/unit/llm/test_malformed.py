"""Whatever an LLM API answers, a call ends with a value or an error of cofi's; each answer is booked once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from include.calls.transcript import Transcript
from include.errors import AnswerInvalid, CofiError
from include.llm.budget import Payer
from include.llm.client import LlmClient, LlmSettings
from include.llm.understanding import Understood, understand
from include.llm.usage import Usage
from tests.unit.llm.malformed import GOOD, Malformed, cases

CASES = cases(600)
_SHARES = 10
_LARGEST_INTEGER = 2**31 - 1


@dataclass
class Sender:
    """Sends each call the answer that is meant for it, again and again; counts what may cost something."""

    url: str = ""
    sent: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: web.Request) -> web.Response:
        prompt = (await request.json())["messages"][1]["content"]
        number = prompt.partition("case ")[2].partition(" ")[0]
        case = CASES[int(number)]
        self.asked[number] += 1
        self.sent[number] += case.status == 200 or "filter" in case.name
        return web.Response(
            status=case.status,
            body=case.body,
            headers={"Content-Type": case.content_type, **case.headers},
        )


@dataclass
class Booked:
    """A meter that remembers."""

    rows: list[tuple[str, str, Usage]] = field(default_factory=list)

    async def admit(self) -> None:
        """Everything is let through."""

    def paid(self, call_id: str, model: str, usage: Usage, payer: Payer | None = None) -> None:
        self.rows.append((call_id, model, usage))


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made, app = Sender(), web.Application()
    app.router.add_post("/v1/chat/completions", made.handle)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/v1"))
        yield made


async def outcome(sender: Sender, booked: Booked, call: Transcript) -> Understood | CofiError:
    settings = LlmSettings(base_url=sender.url, model="m", max_attempts=2, longest_answer_mib=1)
    async with LlmClient(settings, 1, meter=booked) as client:  # type: ignore[arg-type]
        try:
            return await understand(client, call, redact=False)
        except CofiError as error:
            return error


def check(case: Malformed, ended: Understood | CofiError) -> None:
    """What a database, a log and a person can take."""
    if isinstance(ended, Understood):
        text = ended.understanding.model_dump_json()
        assert 1 <= ended.provenance.attempts <= 4
    else:
        text = str(ended) + (ended.raw_answer if isinstance(ended, AnswerInvalid) else "")
        assert len(str(ended)) < 3000
    assert text.encode() and "\x00" not in text, case.name
    if case.reads:
        assert isinstance(ended, Understood), (case.name, ended)
        assert not ended.provenance.repaired and ended.provenance.attempts == 1, case.name
        assert ended.understanding.entities[0].text == GOOD["entities"][0]["text"]


@pytest.mark.long
@pytest.mark.parametrize("share", range(_SHARES))
async def test_every_answer_ends_its_call_and_is_booked_once(
    sender: Sender, spoken: Callable[..., Transcript], monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    monkeypatch.setattr("include.llm.client.BACKOFF_FIRST_S", 0.0)
    booked = Booked()
    numbers = range(share, len(CASES), _SHARES)
    calls = [spoken(("agent", f"case {n} is this"), call_id=str(n)) for n in numbers]
    for number, call in zip(numbers, calls, strict=True):
        async with asyncio.timeout(20):
            check(CASES[number], await outcome(sender, booked, call))
    assert set(sender.asked) == {str(n) for n in numbers}
    assert Counter(call_id for call_id, _, _ in booked.rows) == +sender.sent
    for _, model, usage in booked.rows:
        assert model and len(model) <= 200
        assert 0 <= usage.cached_tokens <= usage.prompt_tokens <= _LARGEST_INTEGER
        assert 0 <= usage.completion_tokens <= _LARGEST_INTEGER


def test_there_are_enough_of_them_and_all_kinds() -> None:
    assert len({(case.body, case.status) for case in CASES}) == 600
    assert sum(case.reads for case in CASES) > 40
