"""What cofi keeps of a host's answers: hosts that users run may not mask card data."""

from typing import Any

import pytest

from include.calls.call import ChannelRole
from include.calls.stage import Stage
from include.calls.transcript import Transcript, Turn
from include.database.models import TranscriptRow
from include.database.work import PendingCall
from include.errors import CofiError, HostFault, RecordingUnusable
from include.gpu.stages import Store, recognise
from include.gpu.wire import IvrResult, Segment, SegmentKind, StageResult, SttResult
from tests.unit.gpu.fake_host import ENGINE, Connect, FakeGpuHost, problem, text

NUMBER = "5105 1051 0510 5100"
HEAD: dict[str, Any] = {"call_id": "c1", "engine": ENGINE, "seconds": 1.0, "audio_s": 60.0}
TURN = Turn(
    id="t1",
    speaker=ChannelRole.CUSTOMER,
    channel=0,
    start_ms=0,
    end_ms=2600,
    text=f"It is {NUMBER}.",
    confidence=1,
)
KEYED = Segment(start_ms=0, end_ms=9, kind=SegmentKind.DTMF, confidence=1, label=NUMBER.replace(" ", ""))


def pending() -> PendingCall:
    return PendingCall(
        call_id="c1",
        uri="file:///calls/a.wav",
        size_bytes=3,
        channel_roles=[ChannelRole.CUSTOMER],
        agent=None,
        customer_ref=None,
    )


def never(uri: str) -> Any:
    raise AssertionError(uri)


async def recognised(host: FakeGpuHost, connect: Connect, stage: Stage, result: StageResult) -> Any:
    host.replies[stage] = [text(result.model_dump_json())]
    return await recognise(connect(), Store(never), stage, [], pending())


async def test_a_transcript_that_a_host_did_not_mask_is_masked_before_it_is_stored(
    host: FakeGpuHost, connect: Connect
) -> None:
    made = await recognised(host, connect, Stage.STT, SttResult(**HEAD, language="en", turns=[TURN]))

    [(table, row)] = made.rows
    assert table is TranscriptRow
    kept = Transcript.model_validate(row["transcript"])
    assert kept.turns[0].text == "It is [card number ending 5100]."
    assert [(mark.kind, mark.start_ms) for mark in kept.turns[0].card_data] == [("CARD", 600)]
    assert row["sha256"] == kept.sha256
    assert "5105" not in repr(made)


async def test_keyed_numbers_are_stored_as_counts(host: FakeGpuHost, connect: Connect) -> None:
    made = await recognised(host, connect, Stage.IVR, IvrResult(**HEAD, segments=[KEYED], kept=[]))
    assert [segment["label"] for segment in made.result["segments"]] == ["16 digits keyed"]


@pytest.mark.parametrize("status", [413, 418, 422, 500, 503])
async def test_what_a_host_complains_of_is_told_without_card_data(
    host: FakeGpuHost, connect: Connect, status: int
) -> None:
    host.replies["stt"] = [problem(status, f"cannot align 'It is {NUMBER}'")] * 3
    with pytest.raises(CofiError) as raised:
        await recognise(
            connect(unready_patience_s=0, busy_patience_s=0), Store(never), Stage.STT, [], pending()
        )
    assert "cannot align 'It is [card number ending 5100]'" in str(raised.value)
    assert isinstance(raised.value, RecordingUnusable) == (status in {413, 422})


async def test_a_result_in_no_known_form_is_told_without_what_was_said(
    host: FakeGpuHost, connect: Connect
) -> None:
    wrong = (
        SttResult(**HEAD, language="en", turns=[TURN])
        .model_dump_json()
        .replace('"end_ms":2600', '"end_ms":-1')
    )
    assert NUMBER in wrong and "-1" in wrong
    host.replies["stt"] = [text(wrong)] * 3
    with pytest.raises(HostFault, match="in no known form") as raised:
        await recognise(connect(), Store(never), Stage.STT, [], pending())
    cause = raised.value.__cause__
    assert cause is not None
    assert "5105" not in f"{raised.value}{cause}"
