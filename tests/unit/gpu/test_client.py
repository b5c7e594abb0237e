"""The client of a GPU host, against a host that misbehaves in every way that hosts and networks do."""

import asyncio
import json
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from aiohttp import web

from include.calls.stage import GPU_STAGES, Stage
from include.database.models import TranscriptRow
from include.errors import (
    HostBusy,
    HostFault,
    HostLost,
    HostMisconfigured,
    HostUnready,
    RecordingUnusable,
)
from include.gpu.refusals import OutsideContract
from include.gpu.stages import Store, distribute, recognise
from include.gpu.wire import StageOptions, SttResult
from include.outside.bodies import ERROR_BYTES
from tests.unit.gpu.fake_host import (
    Connect,
    FakeGpuHost,
    Reply,
    broken_off,
    hangs,
    problem,
    result_of,
    said,
    text,
)
from tests.unit.gpu.recording import CALL, CONTENT, Recording

# Which a database may store, and cannot make a sum of, or show as a time.
ODD_NUMBERS: list[dict[str, object]] = [
    *({name: number} for name in ("seconds", "audio_s") for number in (1.7e308, 10**200, -1)),
    *({"turns": [{**said("1").model_dump(), "end_ms": number}]} for number in (2**31, 10**18, -1)),
    {"turns": [{**said("1").model_dump(), "channel": 10**9}]},
    {"gaps": [{"channel": 0, "start_ms": 0, "end_ms": 10**18}]},
]


def _heard(**odd: object) -> str:
    return json.dumps({**result_of("c1", "stt", []).model_dump(mode="json"), **odd})


class TestStages:
    async def test_a_host_that_came_back_without_the_recording_is_sent_it_again(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["denoise"] = [problem(404, "no audio is stored for call-1")]
        success = await recognise(connect(), Store(Recording()), Stage.DENOISE, [], CALL)
        assert success.engine == "fake 1"
        assert [what for what, _ in host.asked] == ["denoise", "PUT", "denoise"]
        assert host.audio == {"call-1": CONTENT}

    async def test_a_result_says_who_made_it_and_the_options_reach_the_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        call = replace(CALL, started_at=datetime(2026, 11, 30, 8, tzinfo=UTC))
        for stage in GPU_STAGES:
            success = await recognise(connect(), Store(Recording()), stage, ["en", "es"], call)

        told = {"channel_roles": ["agent"], "languages": ["en", "es"], "vocabulary": [], "heard_with": ""}
        assert host.options["stt"] == {**told, "began_at": None}
        assert host.options["ivr"] == {**told, "began_at": "2026-11-30T08:00:00Z"}
        assert (success.worker, success.engine, success.seconds) == ("gpu_a", "fake 1", 0.5)
        assert "turns" not in success.result
        ((table, row),) = success.rows
        assert table is TranscriptRow
        assert row["transcript"]["turns"][0]["text"] == said("call-1").text
        assert (row["call_id"], row["language"], len(row["sha256"])) == ("call-1", "en", 64)

    async def test_stages_that_another_host_had_run_are_run_here_first(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        result = await connect().run("call-1", Stage.STT, StageOptions())

        assert result.stage == "stt"
        assert [what for what, _ in host.asked] == ["stt", "denoise", "ivr", "lid", "stt"]

    async def test_an_answer_about_another_call_or_stage_is_never_taken(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        for kept in (result_of("call-9", "stt", []), result_of("call-1", "denoise", [])):
            host.replies["stt"] = [text(kept.model_dump_json())] * 3
            with pytest.raises(HostFault, match="see whether a proxy before it keeps answers"):
                await connect().run("call-1", Stage.STT, StageOptions())
        host.replies["PUT"] = [text('{"call_id": "call-9", "size_bytes": 1, "sha256": "0"}')] * 3
        with pytest.raises(HostFault, match="asked about call-1 and answered about call-9"):
            await distribute(connect(), Store(Recording()), CALL)

    @pytest.mark.parametrize("reply", [text("<html>log in</html>"), problem(500), text("", 405)])
    async def test_a_deletion_is_what_the_host_says_it_is(
        self, host: FakeGpuHost, connect: Connect, reply: Reply
    ) -> None:
        host.audio["call-1"] = CONTENT
        host.replies["DELETE"] = [reply] * 3
        with pytest.raises(HostFault):
            await connect().delete("call-1")
        host.replies["DELETE"] = [problem(404)]
        await connect().delete("call-1")

    async def test_a_recording_goes_nowhere_but_to_the_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        async with FakeGpuHost() as other:

            async def elsewhere(request: web.Request) -> web.StreamResponse:
                return web.Response(status=308, headers={"Location": f"{other.url}{request.path}"})

            host.replies["PUT"] = [elsewhere] * 3
            with pytest.raises(HostFault, match="it sends elsewhere") as told:
                await distribute(connect(), Store(Recording()), CALL)
        assert other.asked == [] and other.url in str(told.value)

    async def test_a_host_that_lacks_a_stage_for_ever_is_at_fault(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["ivr"] = [problem(409, "run it first", missing=["denoise"])] * 50
        with pytest.raises(HostFault):
            await connect().run("call-1", Stage.IVR, StageOptions())
        assert len(host.asked) < 10

    async def test_the_host_is_given_the_time_that_it_asks_for(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["denoise"] = [problem(429, retry_after_s="1")]

        await connect().run("call-1", Stage.DENOISE, StageOptions())

        ((asked_s, again_s),) = pairwise(host.asked_at_s)
        assert again_s - asked_s >= 1

    async def test_patience_with_a_busy_host_ends(self, host: FakeGpuHost, connect: Connect) -> None:
        host.replies["denoise"] = [problem(503, "full", retry_after_s="0")] * 1000
        with pytest.raises(HostBusy, match="503 to v1/calls/call-1/denoise: full"):
            await connect(busy_patience_s=0.2).run("call-1", Stage.DENOISE, StageOptions())
        assert len(host.asked) > 1

    @pytest.mark.parametrize("status", [413, 415, 422])
    async def test_what_the_host_cannot_work_on_is_not_sent_again(
        self, host: FakeGpuHost, connect: Connect, status: int
    ) -> None:
        host.replies["denoise"] = [problem(status, "call-1: no audio stream in it")]
        with pytest.raises(RecordingUnusable, match=r"^call-1: no audio stream in it$"):
            await connect().run("call-1", Stage.DENOISE, StageOptions())
        assert len(host.asked) == 1

    @pytest.mark.parametrize(
        "reply",
        [
            text("not json"),
            text('{"stage": "denoise"}'),
            text('{"stage": "singing", "call_id": "call-1"}'),
            text(""),
            text("<h1>Bad gateway</h1>", 502),
            problem(500, "engine crashed"),
            problem(422, "out of memory", retryable=True),
        ],
    )
    async def test_a_fault_is_tried_again_so_often_and_no_oftener(
        self, host: FakeGpuHost, connect: Connect, reply: Reply
    ) -> None:
        host.replies["denoise"] = [reply] * 3
        with pytest.raises(HostFault, match="GPU host gpu_a answered"):
            await connect().run("call-1", Stage.DENOISE, StageOptions())
        assert len(host.asked_for("denoise")) == 3

        host.replies["denoise"] = [reply] * 2
        assert (await connect().run("call-1", Stage.DENOISE, StageOptions())).stage == "denoise"

    async def test_a_failure_that_the_host_reports_is_no_answer_outside_of_the_contract(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["denoise"] = [problem(500, "engine crashed")]
        with pytest.raises(HostFault) as caught:
            await connect(attempts=1).run("call-1", Stage.DENOISE, StageOptions())
        assert type(caught.value) is HostFault
        assert [what for what, _ in host.asked] == ["denoise"], "what it is was not asked"

    @pytest.mark.parametrize("status", [401, 403])
    async def test_a_wrong_token_says_where_the_right_one_belongs(
        self, host: FakeGpuHost, connect: Connect, status: int
    ) -> None:
        host.replies["denoise"] = [problem(status, "wrong token")] * 3
        host.replies["ready"] = [problem(status, "wrong token")]
        with pytest.raises(HostMisconfigured, match="set its token as the password of connection gpu_a"):
            await connect().run("call-1", Stage.DENOISE, StageOptions())
        assert len(host.asked_for("denoise")) == 3
        assert len(host.asked_for("ready")) == 1

    async def test_a_host_that_is_itself_and_turns_one_request_away_is_at_fault_for_this_call(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["denoise"] = [problem(400, "no such option")] * 3
        with pytest.raises(HostFault, match=r"answered 400 .*no such option: its version and cofi's") as told:
            await connect().run("call-1", Stage.DENOISE, StageOptions())
        assert "password" not in str(told.value)
        assert len(host.asked_for("ready")) == 1, "it was asked, and is ready"

    async def test_requests_that_are_turned_away_together_ask_once_whether_it_is_the_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["denoise"] = [text("<html>log in</html>", 403)] * 20
        client = connect(attempts=1)
        asked = [client.run(f"call-{n}", Stage.DENOISE, StageOptions()) for n in range(20)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(answer) for answer in answers} == {OutsideContract}
        assert 1 <= len(host.asked_for("ready")) < 10


class TestConnection:
    async def test_the_token_is_sent_with_everything(self, host: FakeGpuHost, connect: Connect) -> None:
        host.token = "s3cret"
        client = connect(token="s3cret")
        await distribute(client, Store(Recording()), CALL)
        assert (await client.status()).capacity == 4
        await client.delete("call-1")
        assert host.audio == {}
        with pytest.raises(HostMisconfigured):
            await connect(token="other").status()

    async def test_a_host_that_is_down_is_lost(self, connect: Connect) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
            client = connect(f"http://127.0.0.1:{taken.getsockname()[1]}")
            with pytest.raises(
                HostLost, match=r"gpu_a does not answer \(127.0.0.1:\d+: Connection refused\): start it"
            ):
                await client.status()
            with pytest.raises(HostLost) as lost:
                await client.run("call-1", Stage.DENOISE, StageOptions())
            assert not lost.value.at_work, "it never had the call"

    async def test_requests_that_break_off_together_ask_for_the_health_once(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["denoise"] = [broken_off] * 20
        client = connect(attempts=1)
        asked = [client.run(f"call-{n}", Stage.DENOISE, StageOptions()) for n in range(20)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(answer) for answer in answers} == {HostFault}
        assert 1 <= len(host.asked_for("health")) < 10

    async def test_a_host_that_was_started_anew_meanwhile_was_lost(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.instance = "first"
        client = connect()
        await client.until_ready()
        host.replies["denoise"] = [broken_off] * 2
        assert (await client.run("call-1", Stage.DENOISE, StageOptions())).stage == "denoise"
        host.instance = "second"
        host.replies["ivr"] = [broken_off]
        with pytest.raises(HostLost, match=r"gpu_a was started anew while it worked on .*call-1/ivr") as lost:
            await client.run("call-1", Stage.IVR, StageOptions())
        assert lost.value.at_work

    @pytest.mark.parametrize("status", [502, 504])
    async def test_a_host_that_died_behind_a_gateway_was_lost_at_work(
        self, host: FakeGpuHost, connect: Connect, status: int
    ) -> None:
        host.instance = "first"
        client = connect()
        await client.until_ready()
        host.replies["denoise"] = [text("<h1>gateway</h1>", status)] * 2
        host.instance = "second"
        with pytest.raises(HostLost, match="was started anew") as lost:
            await client.run("call-1", Stage.DENOISE, StageOptions())
        assert lost.value.at_work
        host.replies["health"] = [text("<h1>gateway</h1>", 503), *[text("<h1>gateway</h1>", status)] * 3]
        host.instance = "first"
        assert (await client.run("call-2", Stage.DENOISE, StageOptions())).call_id == "call-2", "it lives"
        host.replies["denoise"] = [text("<h1>gateway</h1>", status)]
        with pytest.raises(HostLost, match=f"does not answer .a gateway answered {status}") as silent:
            await client.run("call-3", Stage.DENOISE, StageOptions())
        assert silent.value.at_work

    async def test_a_page_instead_of_the_health_is_no_other_start_of_the_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.instance = "first"
        client = connect(attempts=1)
        await client.until_ready()
        host.replies.update(denoise=[broken_off], health=[text("<html>log in</html>")])
        with pytest.raises(HostFault, match="but it lives"):
            await client.run("call-1", Stage.DENOISE, StageOptions())

    @pytest.mark.long
    async def test_a_host_that_is_not_ready_for_long_is_given_up(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.replies["ready"] = [problem(503, retry_after_s="0")] * 1000
        with pytest.raises(HostUnready):
            await connect(unready_patience_s=0.1).until_ready()
        assert len(host.asked_for("ready")) < 20, "not for as long as a busy one"
        host.replies["ready"] = [problem(429, retry_after_s="0")] * 3
        assert (await connect(unready_patience_s=0.1).until_ready()).ready, "a busy one is waited for"
        host.replies["ready"] = [problem(503, retry_after_s="0")] * 3
        assert (await connect().until_ready()).ready

    async def test_a_call_that_takes_too_long_is_no_lost_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.delay_s = 30
        with pytest.raises(HostFault, match="does not finish v1/calls/call-1/denoise in time"):
            await connect(stage_timeout_s=0.2, attempts=2).run("call-1", Stage.DENOISE, StageOptions())
        assert len(host.asked) == 2

    async def test_a_host_that_goes_silent_in_the_middle_is_lost_long_before_the_stage_times_out(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        client = connect(connect_timeout_s=0.1, health_every_s=0.1, attempts=1)
        host.delay_s = 60
        host.replies["health"] = [None, None, hangs]
        with pytest.raises(HostLost, match=r"gpu_a does not answer \(no answer yet\): start it") as lost:
            await client.run("call-1", Stage.DENOISE, StageOptions())
        assert lost.value.at_work
        assert len(host.asked_for("health")) == 3

    async def test_a_host_that_works_for_long_and_tells_its_health_is_waited_for(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.delay_s = 0.5
        result = await connect(health_every_s=0.1).run("call-1", Stage.DENOISE, StageOptions())
        assert result.stage == "denoise"
        assert len(host.asked_for("health")) >= 2

    async def test_a_host_that_was_started_anew_behind_an_open_connection_was_lost(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.instance = "first"
        client = connect(health_every_s=0.1)
        await client.until_ready()
        host.instance, host.delay_s = "second", 60
        with pytest.raises(HostLost, match="was started anew"):
            await client.run("call-1", Stage.DENOISE, StageOptions())

    async def test_an_answer_that_breaks_off_is_tried_again(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        async def half(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"stage": ')
            assert request.transport
            request.transport.close()
            return response

        host.replies["denoise"] = [half]
        result = await connect().run("call-1", Stage.DENOISE, StageOptions())
        assert (result.stage, len(host.asked_for("denoise"))) == ("denoise", 2)

    async def test_a_host_that_loads_its_engines_is_busy(self, host: FakeGpuHost, connect: Connect) -> None:
        host.replies["ready"] = [problem(503, "loading engines")]
        with pytest.raises(HostBusy, match="loading engines"):
            await connect().status()
        assert (await connect().status()).ready

    async def test_a_client_that_is_left_keeps_no_connection(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        async with connect() as client:
            await client.status()
            opened = client._connection._opened
        assert opened and opened.closed
        async with connect():
            pass

    @pytest.mark.long
    async def test_more_than_a_hundred_requests_go_out_at_once(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.delay_s = 0.5
        client = connect()
        await asyncio.gather(*(client.run(f"call-{n}", Stage.DENOISE, StageOptions()) for n in range(120)))
        assert host.max_in_flight == 120


class TestTextFromOutside:
    """Whatever a host or a proxy before it sends, it becomes a result, or an error of the call."""

    async def test_a_result_is_stored_without_what_no_database_takes(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        result = result_of("call-1", "stt", [said("call-1")]).model_dump_json()
        spoilt = result.replace("Good morning", r"Good\u0000 \ud800 \u001bmorning")
        host.replies["stt"] = [text(spoilt)]
        success = await recognise(connect(), Store(Recording()), Stage.STT, [], CALL)
        ((_, row),) = success.rows
        words = row["transcript"]["turns"][0]["text"]
        assert words == said("call-1").text.replace("Good morning", "Good \ufffd morning")

    @pytest.mark.parametrize(
        "body",
        [
            "[" * 200_000,
            '{"stage": "stt", "stage": "lid"}',
            '{"seconds": 1e999}',
            '{"seconds": NaN}',
            "",
            "\x00",
            "<html>",
            "data: {}\n\n",
            *(_heard(**odd) for odd in ODD_NUMBERS),
        ],
    )
    async def test_a_wrong_result_is_the_hosts_fault(
        self, host: FakeGpuHost, connect: Connect, body: str
    ) -> None:
        host.replies["stt"] = [text(body)] * 3
        with pytest.raises(HostFault, match="no known form"):
            await connect().run("call-1", Stage.STT, StageOptions())

    async def test_an_answer_without_end_is_cut_off(self, host: FakeGpuHost, connect: Connect) -> None:
        sent = 0

        async def endless(request: web.Request) -> web.StreamResponse:
            nonlocal sent
            response = web.StreamResponse()
            await response.prepare(request)
            while sent < 400 * 1024 * 1024:
                await response.write(b" " * 1024 * 1024)
                sent += 1024 * 1024
            return response

        host.replies["stt"] = [endless]
        with pytest.raises(HostFault, match="no known form"):
            await connect(longest_answer_mib=1, attempts=1).run("call-1", Stage.STT, StageOptions())
        assert sent < 100 * 1024 * 1024

    async def test_a_result_may_be_long_and_the_page_of_an_error_may_not(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        words = said("call-1").model_copy(update={"text": "so " * ERROR_BYTES})
        host.replies["stt"] = [text(result_of("call-1", "stt", [words]).model_dump_json())]
        result = await connect(attempts=1).run("call-1", Stage.STT, StageOptions())
        assert isinstance(result, SttResult)
        assert len(result.turns[0].text) > ERROR_BYTES
        host.replies["stt"] = [problem(422, "no speech in it " * ERROR_BYTES)]
        with pytest.raises(OutsideContract):  # its end, which would make it a problem, is not read
            await connect(attempts=1).run("call-1", Stage.STT, StageOptions())

    @pytest.mark.parametrize("status", [400, 502])
    async def test_a_proxys_page_is_told_in_one_clean_line(
        self, host: FakeGpuHost, connect: Connect, status: int
    ) -> None:
        host.replies["stt"] = [text("<html>\n\x00 Bad\x1b[1m gateway \x85" + "x" * 5000, status)] * 3
        with pytest.raises(HostFault) as caught:
            await connect().run("call-1", Stage.STT, StageOptions())
        assert "<html> Bad[1m gateway" in str(caught.value)
        assert len(str(caught.value)) < 450
        assert str(caught.value).isprintable()

    async def test_an_explanation_is_cleaned(self, host: FakeGpuHost, connect: Connect) -> None:
        host.replies["stt"] = [problem(422, "not\x00 audio \ufffd")]
        with pytest.raises(RecordingUnusable) as caught:
            await connect().run("call-1", Stage.STT, StageOptions())
        assert str(caught.value) == "not audio \ufffd"

    async def test_stages_that_there_are_not_are_a_fault(self, host: FakeGpuHost, connect: Connect) -> None:
        host.replies["stt"] = [problem(409, "first", missing=["astrology"])] * 3
        with pytest.raises(HostFault, match="stages that there are not"):
            await connect().run("call-1", Stage.STT, StageOptions())

    @pytest.mark.parametrize(
        "wait",
        [
            pytest.param(str(int(time.time()) + 10**9), id="a time far ahead"),  # processes collect it alike
            "1e999",
            "31 Dec 9999 23:59:59 -2359",
        ],
    )
    async def test_nobody_waits_for_a_busy_host_longer_than_the_patience(
        self, host: FakeGpuHost, connect: Connect, wait: str
    ) -> None:
        host.replies["stt"] = [problem(429, "full", retry_after_s=wait)] * 100
        async with asyncio.timeout(60):
            with pytest.raises(HostBusy):
                await connect(busy_patience_s=0.3).run("call-1", Stage.STT, StageOptions())
