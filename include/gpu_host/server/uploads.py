"""Receiving a recording: streamed to disk, hashed in passing, visible only when it is whole and is audio."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from include.gpu.wire import AudioStored
from include.gpu_host.server import problems
from include.gpu_host.server.store import CallStore

# The server hands over 64 KiB at a time: bundling them saves most trips to the writing thread.
_WRITE_BYTES = 1 << 20
# Results and other uploads need room too.
_SPARE_BYTES = 64 << 20


class Uploads:
    """Takes uploads into a store, within the operator's limits.

    Args:
        store: Where recordings go.
        probe: Raises when a file is no recording that can be worked on.
        max_bytes: Largest recording that is taken.
    """

    def __init__(
        self, store: CallStore, probe: Callable[[str, Path], Awaitable[None]], *, max_bytes: int
    ) -> None:
        self._store = store
        self._probe = probe
        self._max_bytes = max_bytes

    def already_stored(self, call_id: str, announced_sha256: str | None) -> AudioStored | None:
        """The stored recording, when it is the announced one: its body need not be read."""
        stored = self._store.audio(call_id)
        if stored is None or stored.sha256 != announced_sha256:
            return None
        self._store.renew(call_id)
        return stored

    async def receive(
        self, call_id: str, body: AsyncIterator[bytes], size_bytes: int, announced_sha256: str | None
    ) -> tuple[AudioStored, bool]:
        """Stores a body as the call's recording.

        Args:
            call_id: Checked against the protocol's pattern.
            body: The bytes as they arrive.
            size_bytes: The announced Content-Length.
            announced_sha256: Lower-case hex, when the client sent one.

        Returns:
            What is stored now, and whether it is new; the same content again changes nothing.

        Raises:
            Refusal: Too large, altered in transit, or the disk is full.
            RecordingUnusable: It is not a recording that can be worked on.
        """
        self._check_room(size_bytes)
        with self._store.draft() as draft:
            digest = await self._write(draft.audio, body)
            if announced_sha256 not in (None, digest):
                raise problems.altered_in_transit(str(announced_sha256), digest)
            stored = AudioStored(call_id=call_id, size_bytes=draft.audio.stat().st_size, sha256=digest)
            await self._probe(call_id, draft.audio)
            # Unless the same content is there: its results stay then.
            return stored, await asyncio.to_thread(self._store.publish, draft, stored)

    def _check_room(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise problems.too_large(size_bytes, self._max_bytes)
        free_bytes = self._store.free_bytes()
        if size_bytes + _SPARE_BYTES > free_bytes:
            raise problems.disk_full(size_bytes, free_bytes)

    async def _write(self, path: Path, body: AsyncIterator[bytes]) -> str:
        """Writes and hashes in a thread, so that other requests are answered meanwhile."""
        digest = sha256()
        with path.open("wb") as file:

            def write(piece: bytes) -> None:
                digest.update(piece)
                file.write(piece)

            async for piece in _bundled(body):
                await asyncio.to_thread(write, piece)
                if file.tell() > self._max_bytes:
                    raise problems.too_large(file.tell(), self._max_bytes)
        return digest.hexdigest()


async def _bundled(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    bundle = bytearray()
    async for piece in body:
        bundle += piece
        if len(bundle) >= _WRITE_BYTES:
            yield bytes(bundle)
            bundle.clear()
    yield bytes(bundle)
