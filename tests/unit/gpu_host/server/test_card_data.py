"""Card data that somebody says or keys is in no answer and in no file of the host."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Turn, Word
from include.gpu.wire import IvrResult, Segment, SegmentKind, Span, SttResult
from include.gpu_host.settings import Settings
from include.gpu_host.workers import logs

AUDIO = "/v1/calls/c1/audio"
STAGES = ["denoise", "ivr", "lid", "stt"]
SAID = "It is 5105 1051 0510 5100, really."
Wav = Callable[..., bytes]


def said() -> Turn:
    words = [
        Word(text=text, start_ms=500 + n * 100, end_ms=590 + n * 100, confidence=0.9)
        for n, text in enumerate(SAID.split())
    ]
    return Turn(
        id="t1",
        speaker=ChannelRole.CUSTOMER,
        channel=0,
        start_ms=500,
        end_ms=1400,
        text=SAID,
        confidence=0.9,
        words=words,
    )


def keyed(label: str, start_ms: int) -> Segment:
    return Segment(
        start_ms=start_ms, end_ms=start_ms + 100, kind=SegmentKind.DTMF, confidence=1, label=label, channel=0
    )


@pytest.fixture
def private_call(fakes: Any) -> None:
    """What the engines find: a card number keyed and said."""
    fakes._ivr = lambda head, recording, learning: IvrResult(
        **head,
        segments=[keyed("1", 0), keyed("5105105105105100#", 100), keyed("123", 400)],
        kept=[Span(start_ms=500, end_ms=recording.whole.end_ms)],
    )
    fakes._stt = lambda head, *rest: SttResult(**head, language="en", turns=[said()])


async def results_of(client: httpx.AsyncClient) -> dict[str, Any]:
    return {stage: (await client.post(f"/v1/calls/c1/{stage}", json={})).json() for stage in STAGES}


def stored(settings: Settings) -> dict[str, str]:
    files = [path for path in settings.data_dir.rglob("*.json") if path.is_file()]
    return {path.name: path.read_text() for path in files}


@pytest.mark.usefixtures("private_call")
async def test_what_is_said_and_keyed_is_masked_in_the_answer_and_on_disk(
    client: httpx.AsyncClient, wav: Wav, settings: Settings
) -> None:
    await client.put(AUDIO, content=wav())
    answers = await results_of(client)

    assert [segment["label"] for segment in answers["ivr"]["segments"]] == [
        "1",
        "16 digits keyed",
        "3 digits keyed",
    ]
    [turn] = answers["stt"]["turns"]
    assert turn["text"] == "It is [card number ending 5100], really."
    assert [word["text"] for word in turn["words"]] == [
        "It",
        "is",
        "[card number ending 5100]",
        "•",
        "•",
        "•,",
        "really.",
    ]
    [mark] = [dict(one) for one in turn["card_data"]]
    assert mark.pop("reason")
    assert mark == {"kind": "CARD", "certain": False, "start_ms": 700, "end_ms": 1090}
    files = stored(settings)
    assert {"ivr.json", "stt.json"} <= files.keys()
    assert json.loads(files["stt.json"])["result"] == answers["stt"]
    assert not [name for name, text in files.items() if "5105" in text or "123" in text.split('"result"')[-1]]


@pytest.mark.usefixtures("private_call")
async def test_results_of_an_older_version_go_when_the_host_starts(
    client: httpx.AsyncClient,
    restarted: Any,
    wav: Wav,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await client.put(AUDIO, content=wav())
    answers = await results_of(client)
    calls = settings.data_dir / "calls"
    for name in ("ivr", "stt"):  # as they were stored before card data was masked
        old = json.loads((calls / "c1" / f"{name}.json").read_text())
        del old["card_data_rules"]
        if name == "stt":
            old["result"]["turns"] = [said().model_dump(mode="json", exclude={"card_data"})]
        (calls / "c1" / f"{name}.json").write_text(json.dumps(old))
    (calls / "c2").mkdir()
    (calls / "c2" / "stt.json").write_text('{"cut by a power failure": "5105105105105100')
    caplog.set_level(logging.INFO)

    async with restarted() as again:
        assert not [name for name, text in stored(settings).items() if "5105" in text]
        assert "removed 3 results of an older version" in caplog.text
        made = await results_of(again)
    assert [made[stage]["turns"] for stage in ["stt"]] == [answers["stt"]["turns"]]


@pytest.mark.usefixtures("private_call")
async def test_a_start_leaves_results_of_this_version(
    client: httpx.AsyncClient, restarted: Any, wav: Wav, fakes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await client.put(AUDIO, content=wav())
    answers = await results_of(client)
    caplog.set_level(logging.INFO)
    heard = list(fakes.heard)
    async with restarted() as again:
        assert await results_of(again) == answers
    assert heard and fakes.heard == heard  # nothing was made again
    assert "older version" not in caplog.text


@pytest.mark.long
async def test_results_made_by_other_rules_are_stale(
    client: httpx.AsyncClient, wav: Wav, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.put(AUDIO, content=wav())
    await results_of(client)
    heard = list(fakes.heard)
    monkeypatch.setattr("include.gpu_host.server.plans.CARD_DATA_RULES", 999)
    await results_of(client)
    assert [what.split()[0] for what in heard] == STAGES
    assert [what.split()[0] for what in fakes.heard[4:]] == ["ivr", "lid", "stt"]


def test_the_log_holds_no_card_data_whatever_a_library_says(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    logs.set_up_logging()
    try:
        raise ValueError(f"cannot align {SAID!r}")
    except ValueError:
        logging.getLogger("include.gpu_host").exception("call_id=%s failed", "20261116-8ab2178ff463b1de42f0")
    assert "call_id=20261116-8ab2178ff463b1de42f0 failed\nTraceback" in written.getvalue()
    assert "cannot align 'It is [card number ending 5100], really.'" in written.getvalue()
