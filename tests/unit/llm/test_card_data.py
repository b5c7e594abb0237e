"""Nothing of a card reaches the LLM: the emulated one records what it is sent."""

import json
import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from include.calls.transcript import Transcript
from include.card_data.masking import masked
from include.emulation.llm import EmulatedLlm, LlmEmulation
from include.llm.client import LlmClient, LlmSettings
from include.llm.understanding import understand
from include.spoken.numbers import digit_runs
from tests.corpora.cards import CARDS, digits_of_card
from tests.corpora.dialogue import Item, as_transcript, made

pytestmark = pytest.mark.long

OF_EACH_FAMILY = 12
_TURN = re.compile(r"^\[t(\d+) \S+ \d+\] (.*)$", re.MULTILINE)


async def sent(calls: list[Transcript], folder: Path, *, redact: bool) -> list[str]:
    """The transcripts that the LLM got, as it got them."""
    record = folder / "requests.jsonl"
    app = EmulatedLlm(LlmEmulation(llm1_s=0.0, record=record)).app
    async with TestServer(app) as server:
        settings = LlmSettings(base_url=str(server.make_url("/v1")), model="m")
        async with LlmClient(settings, 1) as client:
            for call in calls:
                await understand(client, call, redact=redact)
    bodies = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return [body["messages"][1]["content"].split("</transcript>")[0] for body in bodies]


def leaks(item: Item, text: str) -> list[str]:
    """What of a card somebody could read there; the last four digits may stay."""
    turns = {int(n) - 1: said for n, said in _TURN.findall(text)}
    assert len(turns) == len(item.turns)
    found = [digits_of_card(run.digits, item.card) for said in turns.values() for run in digit_runs(said)]
    said = [s for s in item.secrets if s.kind in ("CARD", "CVV") and _says(turns[s.turn], s.text)]
    found += [s.text for s in said if len(s.digits) >= 3 and s.digits != item.card[-4:]]
    pairs = [s.text for s in said if len(s.digits) == 2]
    return [leak for leak in [*found, *(pairs if len(pairs) >= 3 else [])] if leak]


def _says(said: str, secret: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", said) is not None


@pytest.mark.parametrize("redact", [True, False])
async def test_no_card_data_reaches_the_llm(tmp_path: Path, redact: bool) -> None:
    items = [item for family in CARDS for item in made(CARDS, family, OF_EACH_FAMILY)]
    assert len(items) >= 200
    stored = [masked(as_transcript(item)) for item in items]

    texts = await sent(stored, tmp_path, redact=redact)

    assert len(texts) == len(items)
    leaking = [
        (item.turns, found) for item, text in zip(items, texts, strict=True) if (found := leaks(item, text))
    ]
    assert len(leaking) <= 0.01 * len(items), leaking[:5]


async def test_a_leak_would_be_noticed(tmp_path: Path) -> None:
    items = made(CARDS, "silence", OF_EACH_FAMILY)
    texts = await sent([as_transcript(item) for item in items], tmp_path, redact=False)
    telling = [(i, t) for i, t in zip(items, texts, strict=True) if len({*i.card}) > 4]  # not 4242 4242 …
    assert len(telling) > OF_EACH_FAMILY / 2
    assert all(leaks(item, text) for item, text in telling)
