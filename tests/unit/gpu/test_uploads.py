"""Uploads: whole, once, unhurt, and each try from the beginning."""

import time
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import IO

import pytest
from aiohttp import web

from include.errors import (
    HostFault,
    RecordingChanged,
    StoreFault,
)
from include.gpu.stages import Store, distribute
from include.gpu.wire import AudioStored
from tests.unit.gpu.fake_host import Connect, FakeGpuHost, Reply, broken_off, problem, text
from tests.unit.gpu.recording import CALL, CONTENT, Recording


class TestUpload:
    async def test_a_recording_arrives_whole_with_its_hash(self, host: FakeGpuHost, connect: Connect) -> None:
        success = await distribute(connect(), Store(Recording()), CALL)

        assert host.audio == {"call-1": CONTENT}
        assert success.sha256 == sha256(CONTENT).hexdigest()
        assert success.result == {
            "call_id": "call-1",
            "size_bytes": len(CONTENT),
            "sha256": success.sha256,
        }
        assert (success.worker, success.engine) == ("gpu_a", "upload")
        assert success.state is None

    @pytest.mark.parametrize(
        "refusals",
        [
            [problem(503), problem(429), problem(503), problem(503)],  # busy: not counted as attempts
            [problem(500), problem(502)],
            [broken_off, broken_off],
            [text("<html>proxy</html>")],
        ],
    )
    async def test_each_try_sends_the_recording_from_its_beginning(
        self, host: FakeGpuHost, connect: Connect, refusals: list[Reply]
    ) -> None:
        host.replies["PUT"] = list(refusals)
        recording = Recording()

        await distribute(connect(), Store(recording), CALL)

        assert host.audio == {"call-1": CONTENT}
        assert recording.opened == len(refusals) + 1

    async def test_a_recording_that_is_gone_is_not_taken_for_a_lost_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        def gone(uri: str) -> IO[bytes]:
            raise FileNotFoundError(uri)

        with pytest.raises(RecordingChanged, match=r"a\.wav is gone since it was discovered: copy it again"):
            await distribute(connect(), Store(gone), CALL)
        assert host.audio == {}

    async def test_a_store_that_breaks_off_in_the_middle_is_not_taken_for_a_lost_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        class Breaking(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell():
                    raise ConnectionResetError("by the store")
                return super().read(size)

        with pytest.raises(StoreFault, match=r"a\.wav cannot be read .*by the store"):
            await distribute(connect(), Store(lambda _: Breaking(CONTENT)), CALL)
        assert host.audio == {}

    async def test_a_file_that_has_become_shorter_is_not_taken_for_a_lost_host(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        with pytest.raises(RecordingChanged):
            await distribute(connect(stage_timeout_s=0.5, attempts=1), Store(Recording(CONTENT[:100])), CALL)
        assert host.audio == {}

    async def test_a_file_that_has_become_longer_is_not_cut_off(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        with pytest.raises(RecordingChanged):
            await distribute(connect(), Store(Recording(CONTENT + CONTENT)), CALL)
        assert host.audio == {}

    async def test_a_little_growth_is_noticed_before_the_upload_is_whole(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        class Remote(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                time.sleep(0.02)  # a store's answer takes longer than the host's on the same machine
                return super().read(size)

        with pytest.raises(RecordingChanged, match="has more bytes than when it was discovered"):
            await distribute(
                connect(), Store(lambda _: Remote(CONTENT[:1500])), replace(CALL, size_bytes=1000)
            )
        assert host.audio == {}

    async def test_a_store_that_fails_for_a_moment_is_asked_again(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        opened: list[str] = []

        def moody(uri: str) -> IO[bytes]:
            opened.append(uri)
            if len(opened) < 3:
                raise TimeoutError("the store is slow")
            return BytesIO(CONTENT)

        await distribute(connect(), Store(moody), CALL)
        assert (len(opened), host.audio) == (3, {"call-1": CONTENT})

    async def test_what_the_host_has_is_not_sent_again(self, host: FakeGpuHost, connect: Connect) -> None:
        first = await distribute(connect(), Store(Recording()), CALL)
        recording = Recording()
        again = await distribute(connect(), Store(recording), replace(CALL, sha256=first.sha256))
        assert (recording.opened, again.sha256) == (0, first.sha256)
        assert host.asked_for("PUT") == ["call-1", "call-1"]

    async def test_what_has_changed_since_it_was_hashed_never_arrives_whole(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        with pytest.raises(RecordingChanged, match="has other content than when it was discovered"):
            await distribute(connect(), Store(Recording()), replace(CALL, sha256="0" * 64))
        assert host.audio == {}

    async def test_what_arrives_damaged_is_not_taken_for_the_recording(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        host.damages = True
        with pytest.raises(HostFault, match="received call call-1 damaged"):
            await distribute(connect(), Store(Recording()), CALL)

    @pytest.mark.parametrize("known", [None, sha256(CONTENT).hexdigest()])
    async def test_a_host_that_takes_no_body_must_have_this_recording(
        self, host: FakeGpuHost, connect: Connect, known: str | None
    ) -> None:
        other = AudioStored(call_id="call-1", size_bytes=7, sha256="0" * 64).model_dump()

        async def has_it(request: web.Request) -> web.StreamResponse:
            return web.json_response(other)

        host.replies["PUT"] = [has_it] * 3
        with pytest.raises(HostFault, match=r"received call call-1 damaged: sha256 0+ of 7 bytes, not "):
            await distribute(connect(), Store(Recording()), replace(CALL, sha256=known))

    async def test_each_piece_waits_for_its_place_in_the_bandwidth(
        self, host: FakeGpuHost, connect: Connect
    ) -> None:
        admitted: list[int] = []

        async def admit(size_bytes: int) -> None:
            admitted.append(size_bytes)

        await distribute(connect(), Store(Recording(), admit), CALL)
        assert sum(admitted) == len(CONTENT)
        assert max(admitted) == 256 * 1024
