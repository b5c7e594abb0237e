"""An emulated proxy before a GPU host: it passes everything on, until it is ordered to answer itself.

`POST /proxy` with `{"answers": "403 page"}` makes it, with `"only": "/denoise"` for requests whose first line
holds this; `{"answers": null}` lets it pass everything on again. What is on its way then breaks off, as when
a proxy is restarted.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

from include.emulation.interposed import answer

_CONTROL = b"POST /proxy "
_PIECE_BYTES = 64 * 1024
_HEAD_BYTES = 256 * 1024


class EmulatedProxy:
    """A proxy of connections.

    Args:
        backend_port: Of the host behind it, on this machine.

    Attributes:
        answers: Name of what it answers, see `include.emulation.interposed`; None while it passes on.
        port: Its own, once it has started.
    """

    def __init__(self, backend_port: int) -> None:
        self._backend_port = backend_port
        self._open: set[asyncio.StreamWriter] = set()
        self._only = b""
        self.answers: str | None = None
        self.port = 0

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listens on this machine; port 0 takes any that is free."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=_HEAD_BYTES)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def answer_with(self, name: str | None, only: str = "") -> None:
        """From now on; connections that are open break off."""
        if name is not None:
            answer(name)  # a wrong name is an error for whoever sends it
        self.answers, self._only = name, only.encode()
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(_CONTROL):
                await self._take_order(head, reader, writer)
            elif self.answers is None or self._only not in head.partition(b"\r\n")[0]:
                await self._pass_on(head, reader, writer)
            else:
                writer.write(answer(self.answers))
                await writer.drain()
        with suppress(OSError):
            writer.close()

    async def _take_order(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        try:
            wanted = json.loads(await reader.readexactly(length))
            self.answer_with(wanted["answers"], wanted.get("only", ""))
            status = b"204 No Content"
        except (ValueError, KeyError):
            status = b"400 Bad Request"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_host, to_host = await asyncio.open_connection("127.0.0.1", self._backend_port)
        # Each request has a connection of its own, so that none passes behind one that was passed on.
        to_host.write(head.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n")
        self._open |= {writer, to_host}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pipe(reader, to_host))
                both.create_task(_pipe(from_host, writer))
        finally:
            self._open -= {writer, to_host}
            to_host.close()


async def _pipe(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(_PIECE_BYTES):
            to.write(piece)
            await to.drain()
        if to.can_write_eof():
            to.write_eof()


async def serve(port: int, backend_port: int, started: Callable[[], None] = lambda: None) -> None:
    """Serves until it is stopped, and calls `started` when it listens."""
    server = await EmulatedProxy(backend_port).start(port)
    started()
    async with server:
        await server.serve_forever()
