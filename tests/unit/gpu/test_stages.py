"""What cofi keeps of a host's answers: hosts that users run may not mask card data."""

import io
from dataclasses import replace
from typing import Any

import pytest
import soundfile

from include.calls.call import ChannelRole
from include.calls.parts import Part
from include.calls.stage import GPU_STAGES, Stage
from include.calls.terms import COLUMNS, Terms
from include.calls.transcript import Gap, Transcript, Turn
from include.database.models import TranscriptRow
from include.database.work import PendingCall
from include.errors import CofiError, HostFault, RecordingChanged, RecordingUnusable
from include.gpu.stages import Store, distribute, recognise
from include.gpu.wire import IvrResult, Segment, SegmentKind, StageResult, SttResult
from include.roles.detection import RoleDetection
from tests.unit.calls.site import recording
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


async def test_recognition_is_told_the_names_of_the_call_before_those_of_the_site(
    host: FakeGpuHost, connect: Connect
) -> None:
    details = {"product": "Fibre 300", "vocabulary": ["SuperNet"]}
    call = replace(pending(), agent="Lucía Ortega", queue="Q_17", details=details)
    told = Terms(("Riverside",), COLUMNS)
    for stage in GPU_STAGES:
        await recognise(connect(), Store(lambda _: io.BytesIO(b"abc")), stage, [], call, terms=told)
    sent = {stage: options["vocabulary"] for stage, options in host.options.items()}
    assert sent.pop("stt") == ["SuperNet", "Fibre 300", "Lucía Ortega", "Riverside"]
    assert sent and not any(sent.values())


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


async def test_what_was_not_understood_is_stored_with_the_transcript(
    host: FakeGpuHost, connect: Connect
) -> None:
    gap = Gap(channel=0, start_ms=9000, end_ms=12_000)
    made = await recognised(host, connect, Stage.STT, SttResult(**HEAD, language="en", turns=[], gaps=[gap]))
    [(_, row)] = made.rows
    assert Transcript.model_validate(row["transcript"]).gaps == [gap]


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


def greeted(speakers: list[ChannelRole]) -> list[Turn]:
    said = ["My internet is slow, I want to ask why.", "Thank you for calling Riverside, how can I help?"]
    return [
        TURN.model_copy(
            update={
                "id": f"t{n + 1}",
                "channel": n,
                "text": text,
                "speaker": speakers[n],
                "start_ms": 5000 * n,
                "end_ms": 5000 * n + 4000,
            }
        )
        for n, text in enumerate(said)
    ]


async def transcribed(
    host: FakeGpuHost, connect: Connect, roles: list[ChannelRole], source: str | None
) -> tuple[Transcript, list[dict[str, Any]]]:
    heard_as = roles or [ChannelRole.UNKNOWN] * 2
    result = SttResult(**HEAD, language="en", turns=greeted(heard_as))
    host.replies["stt"] = [text(result.model_dump_json())]
    call = replace(pending(), channel_roles=roles, roles_source=source, channels=2)
    detection = RoleDetection(("Riverside",))
    made = await recognise(connect(), Store(never), Stage.STT, [], call, detection=detection)
    [(_, row)] = made.rows
    return Transcript.model_validate(row["transcript"]), list(row["channel_roles"])  # type: ignore[call-overload]


async def test_speakers_that_nobody_told_are_told_by_what_they_say(
    host: FakeGpuHost, connect: Connect
) -> None:
    transcript, told = await transcribed(host, connect, [], None)
    assert [turn.speaker for turn in transcript.turns] == [ChannelRole.CUSTOMER, ChannelRole.AGENT]
    assert {one["source"] for one in told} == {"content"}
    assert all(0.9 <= one["confidence"] < 1 for one in told)


async def test_speakers_that_were_told_stay_and_doubts_are_kept(host: FakeGpuHost, connect: Connect) -> None:
    roles = [ChannelRole.AGENT, ChannelRole.CUSTOMER]
    transcript, told = await transcribed(host, connect, roles, "recorder")
    assert [turn.speaker for turn in transcript.turns] == roles
    assert [(one["role"], one["source"], one["doubted"]) for one in told] == [
        ("agent", "recorder", True),
        ("customer", "recorder", True),
    ]


class TestSidesOfACall:
    """Two files of one channel each arrive at the host as one with two."""

    LEFT, RIGHT = recording(3, seed=1), recording(2, seed=2)

    def call(self, **changes: Any) -> PendingCall:
        parts = (
            Part("a_in.wav", "memory://a_in.wav", len(self.LEFT), 0),
            Part("a_out.wav", "memory://a_out.wav", len(self.RIGHT), 1),
        )
        size_bytes = len(self.LEFT) + len(self.RIGHT)
        return replace(pending(), size_bytes=size_bytes, channel_roles=[], parts=parts, **changes)

    def store(self, **changes: bytes) -> Store:
        files = {"memory://a_in.wav": self.LEFT, "memory://a_out.wav": self.RIGHT}
        files |= {f"memory://{name}.wav": content for name, content in changes.items()}

        def open_(uri: str) -> io.BytesIO:
            if uri not in files:
                raise FileNotFoundError(uri)
            return io.BytesIO(files[uri])

        return Store(open_)

    async def test_both_are_sent_as_one_recording(self, host: FakeGpuHost, connect: Connect) -> None:
        made = await distribute(connect(), self.store(), self.call(sha256="0" * 64))
        sent, rate_hz = soundfile.read(io.BytesIO(host.audio["c1"]), dtype="int16", always_2d=True)
        sides = [soundfile.read(io.BytesIO(one), dtype="int16")[0] for one in (self.LEFT, self.RIGHT)]
        assert (sent.shape, rate_hz) == ((24_000, 2), 8000)
        assert (sent[:, 0] == sides[0]).all()
        assert (sent[:16_000, 1] == sides[1]).all() and not sent[16_000:, 1].any()
        # The hash of what was sent is none of a file: the next discovery would take the call for another.
        assert made.sha256 is None
        assert made.result["size_bytes"] == len(host.audio["c1"])

    async def test_a_host_that_has_lost_it_is_sent_it_again(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        result = IvrResult(**HEAD, segments=[], kept=[])
        host.replies["ivr"] = [problem(404, "audio missing"), text(result.model_dump_json())]
        await recognise(connect(), self.store(), Stage.IVR, [], self.call())
        assert len(host.audio["c1"]) == 44 + 24_000 * 4

    @pytest.mark.parametrize("content", [b"", recording(9, seed=3), b"RIFF"])
    async def test_a_side_that_has_changed_is_found_out(
        self, host: FakeGpuHost, connect: Connect, content: bytes
    ) -> None:
        with pytest.raises(RecordingChanged, match=r"a_out\.wav another size than when it was discovered"):
            await distribute(connect(), self.store(a_out=content), self.call())
        assert host.audio == {}

    async def test_sides_that_do_not_fit_are_refused_for_good(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        other = b"x" * len(self.RIGHT)
        with pytest.raises(RecordingUnusable, match=r"its side a_out\.wav: neither libsndfile nor FFmpeg"):
            await distribute(connect(), self.store(a_out=other), self.call())
