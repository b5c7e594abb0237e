"""What distribution and the four GPU stages do with one call, and which rows come of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from os import SEEK_END
from typing import IO, Any

from include.calls.joining import JoinedRecording
from include.calls.stage import Stage
from include.calls.terms import Terms
from include.calls.transcript import Transcript
from include.card_data.results import without_card_data
from include.database.models import TranscriptRow
from include.database.outcomes import Success
from include.database.work import PendingCall
from include.errors import CofiError, HostFault, RecordingChanged, RecordingMissing, StoreFault
from include.gpu.client import GpuHostClient
from include.gpu.wire import AudioStored, StageOptions, SttResult
from include.roles.content import with_roles
from include.roles.detection import RoleDetection
from include.roles.speaker_role import RoleSource

# Measured on loopback: 865 MiB/s in pieces of 256 KiB; more gains nothing.
_PIECE_BYTES = 256 * 1024

BY_CONTENT_ALONE = RoleDetection()
NOTHING_TOLD = Terms()

OpenRecording = Callable[[str], IO[bytes]]


async def _unhindered(_: int) -> None:
    """No bandwidth cap."""


@dataclass(frozen=True)
class Store:
    """Where recordings are read.

    Attributes:
        open: Opens a recording by its URI.
        admit: Waits until so many bytes may be sent: the bandwidth cap.
    """

    open: OpenRecording
    admit: Callable[[int], Awaitable[None]] = _unhindered


async def distribute(client: GpuHostClient, store: Store, call: PendingCall) -> Success:
    """Streams a recording from its store to the host; nothing touches the worker's disk.

    Raises:
        RecordingChanged: The file is not the one that was discovered.
        RecordingUnusable: The host cannot work on it.
        TransientError: See `GpuHostClient`.
    """
    began_s = time.monotonic()
    stored = await _send(client, store, call)
    return Success(
        call_id=call.call_id,
        worker=client.name,
        engine="upload",
        seconds=time.monotonic() - began_s,
        result=stored.model_dump(mode="json"),
        # What is joined on its way has another hash than the files that it is made of.
        sha256=None if call.parts else stored.sha256,
    )


async def recognise(
    client: GpuHostClient,
    store: Store,
    stage: Stage,
    languages: list[str],
    call: PendingCall,
    *,
    detection: RoleDetection = BY_CONTENT_ALONE,
    heard_with: str = "",
    terms: Terms = NOTHING_TOLD,
) -> Success:
    """Runs one of the GPU stages; a host that came back without the recording is sent it again.

    Card data is masked here too: not every host is the reference host. Who is on which channel is found out
    here, when no source has stated it and something in the transcript shows it. STT gets names and terms that
    may be said (`terms`).

    Raises:
        RecordingUnusable: The host cannot work on it.
        TransientError: See `GpuHostClient`.
    """
    options = StageOptions(
        channel_roles=call.channel_roles,
        languages=languages,
        heard_with=heard_with,
        vocabulary=_vocabulary(call, terms) if stage is Stage.STT else [],
        began_at=call.started_at if stage is Stage.IVR else None,
    )
    try:
        found = await client.run(call.call_id, stage, options)
    except RecordingMissing:
        await _send(client, store, call)
        found = await client.run(call.call_id, stage, options)
    result = await asyncio.to_thread(without_card_data, found)
    rows = []
    if isinstance(result, SttResult):
        rows.append(await asyncio.to_thread(_transcript, result, call, detection))
    return Success(
        call_id=call.call_id,
        worker=client.name,
        engine=f"{result.engine.name} {result.engine.version}",
        seconds=result.seconds,
        result=result.model_dump(mode="json", exclude={"turns"}),
        rows=rows,
    )


def _vocabulary(call: PendingCall, terms: Terms) -> list[str]:
    return terms.of_call({**call.details, "agent": call.agent, "queue": call.queue})


@dataclass
class _Passing:
    """A recording on its way: hashed as it passes."""

    digest: Any = field(default_factory=sha256)
    sent_bytes: int = 0

    def take(self, read: Callable[[int], bytes]) -> bytes:
        piece = read(_PIECE_BYTES)
        self.digest.update(piece)
        self.sent_bytes += len(piece)
        return piece


async def _send(client: GpuHostClient, store: Store, call: PendingCall) -> AudioStored:
    """Uploads a recording, unless the host has it, and compares what arrived with what was sent.

    A host that has it wants no body: it must have what is known of it then.
    """
    passing = _Passing()
    size_bytes = await _size(store, call)
    known = None if call.parts else call.sha256

    def body() -> AsyncIterator[bytes]:
        nonlocal passing
        passing = _Passing()
        return _pieces(store, call, passing, size_bytes)

    stored = await client.upload(call.call_id, body, size_bytes, known)
    whole = passing.sent_bytes == size_bytes
    expected = passing.digest.hexdigest() if whole else known
    if stored.sha256 != expected or stored.size_bytes != size_bytes:
        raise HostFault(
            f"GPU host {client.name} received call {call.call_id} damaged: sha256 {stored.sha256} of "
            f"{stored.size_bytes} bytes, not {expected or 'of the whole recording'} of {size_bytes}. "
            "If it goes on, check its network and disk."
        )
    return stored


async def _pieces(
    store: Store, call: PendingCall, passing: _Passing, size_bytes: int
) -> AsyncIterator[bytes]:
    """Yields exactly as many bytes as were discovered, or raises before the upload is whole."""
    known = None if call.parts else call.sha256
    with await _from_store(call, _open, store, call) as file:
        while piece := await _from_store(call, passing.take, file.read):
            # The host is content with the bytes that were announced: no later sign would reach it.
            at_end = passing.sent_bytes == size_bytes
            if passing.sent_bytes > size_bytes or (at_end and await _from_store(call, file.read, 1)):
                raise _changed(call, "more bytes than")
            if at_end and known not in {None, passing.digest.hexdigest()}:
                raise _changed(call, "other content than")
            await store.admit(len(piece))
            yield piece
    if passing.sent_bytes != size_bytes:
        raise _changed(call, "fewer bytes than")


async def _size(store: Store, call: PendingCall) -> int:
    """Size of what is sent in bytes: for a recording that is joined on its way, of the joined one."""
    if not call.parts:
        return call.size_bytes
    with await _from_store(call, _open, store, call) as joined:
        return int(joined.size_bytes)


def _open(store: Store, call: PendingCall) -> Any:
    """A recording to read: the file as it is, or one made of its parts."""
    if not call.parts:
        return store.open(call.uri)
    with ExitStack() as opened:
        files = [opened.enter_context(store.open(part.uri)) for part in call.parts]
        for part, file in zip(call.parts, files, strict=True):
            if file.seek(0, SEEK_END) != part.size_bytes:
                raise _changed(call, f"with {part.path.rpartition('/')[2]} another size than")
            file.seek(0)
        joined = JoinedRecording(call.parts, files)
        opened.pop_all()
        return joined


async def _from_store(call: PendingCall, operation: Callable[..., Any], *arguments: Any) -> Any:
    """Opens or reads in a thread; each store's library has errors of its own."""
    try:
        return await asyncio.to_thread(operation, *arguments)
    except CofiError:
        raise
    except FileNotFoundError as error:
        raise RecordingChanged(f"{call.uri} is gone since it was discovered: copy it again.") from error
    except Exception as error:
        raise StoreFault(f"{call.uri} cannot be read ({error}): check its store and connection.") from error


def _changed(call: PendingCall, how: str) -> RecordingChanged:
    return RecordingChanged(
        f"{call.uri} has {how} when it was discovered ({call.size_bytes} bytes): when it is whole, "
        "trigger the day again."
    )


def _transcript(
    result: SttResult, call: PendingCall, detection: RoleDetection
) -> tuple[type[TranscriptRow], dict[str, object]]:
    roles = detection.roles(
        result.call_id, result.turns, call.channels, call.channel_roles, call.roles_source
    )
    by_content = [one for one in roles if one.source is RoleSource.CONTENT]
    turns = with_roles(result.turns, by_content)
    transcript = Transcript(call_id=result.call_id, language=result.language, turns=turns, gaps=result.gaps)
    return TranscriptRow, {
        "call_id": result.call_id,
        "sha256": transcript.sha256,
        "language": result.language,
        "transcript": transcript.model_dump(mode="json"),
        "channel_roles": [one.model_dump(mode="json") for one in roles],
        "created_at": datetime.now(UTC),
    }
