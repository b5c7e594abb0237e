"""A GPU host hears some calls, and it is told which channel is the agent's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.gpu.wire import IvrResult, SttResult
from include.probe.hearing import Heard, hear
from include.probe.looking import Probed, look
from include.probe.place import place_of
from include.probe.printing import page
from tests.unit.calls.site import recording
from tests.unit.gpu.fake_host import ENGINE, FakeGpuHost, found, problem

AGENT, CUSTOMER, UNKNOWN = ChannelRole.AGENT, ChannelRole.CUSTOMER, ChannelRole.UNKNOWN
GREETING, MATTER = (
    "Thank you for calling Riverside, how can I help?",
    "My internet is slow, I want to ask why.",
)


@pytest.fixture
async def host() -> AsyncIterator[FakeGpuHost]:
    async with FakeGpuHost(token="s3cret") as running:
        yield running


@pytest.fixture
def probed(tmp_path: Path) -> Probed:
    """Three stereo calls and one that is mono."""
    day = tmp_path / "2026-11-16"
    day.mkdir()
    for number in range(3):
        (day / f"{number}.wav").write_bytes(recording(3, seed=number, channels=2))
    (day / "mono.wav").write_bytes(recording(3, seed=9))
    return look(place_of(str(tmp_path), "UTC"))


def heard_as(said: list[str], **changes: Any) -> Any:
    turns = [
        Turn(id=f"t{n}", speaker=UNKNOWN, channel=n, start_ms=n, end_ms=n + 9, text=each, confidence=1)
        for n, each in enumerate(said)
    ]
    head: dict[str, Any] = {"call_id": "x", "engine": ENGINE, "seconds": 1, "audio_s": 3}
    return found(SttResult(**head | changes, language="en", turns=turns))


async def heard_by(host: FakeGpuHost, probed: Probed, most: int) -> Heard:
    return await asyncio.to_thread(
        hear, probed.place, probed.calls, most, url=host.url, token="s3cret", companies=("Riverside",)
    )


async def test_the_agents_channel_is_told_and_what_to_set(host: FakeGpuHost, probed: Probed) -> None:
    host.replies["stt"] = [heard_as([MATTER, GREETING])] * 3
    heard = await heard_by(host, probed, 5)
    assert [one.agent for one in heard.calls] == [1, 1, 1]
    assert heard.stereo_roles == (CUSTOMER, AGENT)
    shown = page(probed, heard)
    assert "0.wav: agent on channel 1, confidence 0.9" in shown
    assert "the agent is on channel 1 in 3 of 3 calls heard" in shown
    assert "    stereo_roles = customer, agent\n" in shown


@pytest.mark.long
async def test_nothing_is_left_on_the_host_and_no_calls_own_name_is_used(
    host: FakeGpuHost, probed: Probed
) -> None:
    host.replies["stt"] = [
        heard_as([MATTER, GREETING]),
        problem(500, "crashed"),
        *[problem(500, "again")] * 3,
    ]
    await heard_by(host, probed, 2)
    assert host.audio == {}
    names = {call_id for kind, call_id in host.asked if kind == "PUT"}
    assert names == {f"probe-{call.call_id}" for call in probed.calls[:2]}


async def test_calls_that_do_not_agree_set_nothing(host: FakeGpuHost, probed: Probed) -> None:
    host.replies["stt"] = [
        heard_as([MATTER, GREETING]),
        heard_as([GREETING, MATTER]),
        heard_as(["Hm.", "Yes."]),
    ]
    heard = await heard_by(host, probed, 3)
    assert [one.agent for one in heard.calls] == [1, 0, None]
    assert heard.stereo_roles == ()
    shown = page(probed, heard)
    assert "stereo_roles" not in shown.partition("[cofi]")[2]
    assert "channel 0 in 1, channel 1 in 1 of 3 calls heard" in shown


async def test_a_call_that_the_host_refuses_stops_no_other(host: FakeGpuHost, probed: Probed) -> None:
    host.replies["PUT"] = [problem(422, "no audio stream")]
    host.replies["stt"] = [heard_as([MATTER, GREETING])] * 2
    heard = await heard_by(host, probed, 3)
    assert [bool(one.trouble) for one in heard.calls] == [True, False, False]
    assert "could not be heard" in page(probed, heard)


async def test_what_contradicts_the_recorder_is_said(
    host: FakeGpuHost, probed: Probed, tmp_path: Path
) -> None:
    rows = "".join(f"{number}.wav,agent|customer\n" for number in range(3))
    (tmp_path / "2026-11-16" / "manifest.csv").write_text(f"file,channel_roles\n{rows}")
    told = look(place_of(str(tmp_path), "UTC"))
    host.replies["stt"] = [heard_as([MATTER, GREETING])] * 3
    heard = await heard_by(host, told, 3)
    assert all(one.contradicts for one in heard.calls)
    shown = page(told, heard)
    assert "That is NOT what the recorder, the sidecars or the manifest say" in shown
    assert "stereo_roles" not in shown  # the manifest tells, and has to be corrected


async def test_what_is_played_tells_too(host: FakeGpuHost, probed: Probed) -> None:
    ivr = {
        "call_id": "x",
        "engine": ENGINE,
        "seconds": 1,
        "audio_s": 3,
        "segments": [
            {"start_ms": 0, "end_ms": 9, "kind": "prompt", "confidence": 1, "channel": 0},
            {"start_ms": 0, "end_ms": 9, "kind": "dtmf", "confidence": 1, "channel": 1, "label": "1"},
        ],
        "kept": [],
    }
    host.replies["ivr"] = [found(IvrResult.model_validate(ivr))]
    host.replies["stt"] = [heard_as(["Good morning, Emma is here.", "Good morning to you, Emma."])]
    heard = await heard_by(host, probed, 1)
    assert heard.calls[0].agent == 0
