"""What distribution and the four GPU stages do with one call, and which rows come of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import IO, Any

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database.models import TranscriptRow
from include.database.work import PendingCall, Success
from include.errors import RecordingChanged, StoreFault
from include.gpu.client import GpuHostClient
from include.gpu.wire import StageOptions, SttResult

# Measured on loopback: 865 MiB/s in pieces of 256 KiB; more gains nothing.
_PIECE_BYTES = 256 * 1024

OpenRecording = Callable[[str], IO[bytes]]


async def distribute(client: GpuHostClient, open_recording: OpenRecording, call: PendingCall) -> Success:
    """Streams a recording from its store to the host; nothing touches the worker's disk.

    Raises:
        RecordingChanged: The file is not the one that was discovered.
        RecordingUnusable: The host cannot work on it.
        TransientError: See `GpuHostClient`.
    """
    began_s = time.monotonic()
    stored = await client.upload(call.call_id, lambda: _pieces(open_recording, call), call.size_bytes)
    return Success(
        call_id=call.call_id,
        worker=client.name,
        engine="upload",
        seconds=time.monotonic() - began_s,
        result=stored.model_dump(mode="json"),
        sha256=stored.sha256,
    )


async def recognise(client: GpuHostClient, stage: Stage, languages: list[str], call: PendingCall) -> Success:
    """Runs one of the GPU stages on the host that has the recording.

    Raises:
        RecordingUnusable: The host cannot work on it.
        TransientError: See `GpuHostClient`.
    """
    options = StageOptions(channel_roles=call.channel_roles, languages=languages)
    result = await client.run(call.call_id, stage, options)
    return Success(
        call_id=call.call_id,
        worker=client.name,
        engine=f"{result.engine.name} {result.engine.version}",
        seconds=result.seconds,
        result=result.model_dump(mode="json", exclude={"turns"}),
        rows=[(TranscriptRow, _transcript_row(result))] if isinstance(result, SttResult) else [],
    )


async def _pieces(open_recording: OpenRecording, call: PendingCall) -> AsyncIterator[bytes]:
    """Yields exactly as many bytes as were discovered, or raises before the upload is whole."""
    sent_bytes = 0
    with await _from_store(call, open_recording, call.uri) as file:
        while piece := await _from_store(call, file.read, _PIECE_BYTES):
            sent_bytes += len(piece)
            # The host is content with the bytes that were announced: no later sign would reach it.
            at_end = sent_bytes == call.size_bytes
            if sent_bytes > call.size_bytes or (at_end and await _from_store(call, file.read, 1)):
                raise _changed(call, "more")
            yield piece
    if sent_bytes != call.size_bytes:
        raise _changed(call, "fewer")


async def _from_store(call: PendingCall, operation: Callable[..., Any], *arguments: Any) -> Any:
    """Opens or reads in a thread; each store's library has errors of its own."""
    try:
        return await asyncio.to_thread(operation, *arguments)
    except FileNotFoundError as error:
        raise RecordingChanged(f"{call.uri} is gone since it was discovered: copy it again.") from error
    except Exception as error:
        raise StoreFault(f"{call.uri} cannot be read ({error}): check its store and connection.") from error


def _changed(call: PendingCall, how: str) -> RecordingChanged:
    return RecordingChanged(
        f"{call.uri} has {how} bytes than when it was discovered ({call.size_bytes}): when it is whole, "
        "trigger the day again."
    )


def _transcript_row(result: SttResult) -> dict[str, object]:
    transcript = Transcript(call_id=result.call_id, language=result.language, turns=result.turns)
    return {
        "call_id": result.call_id,
        "sha256": transcript.sha256,
        "language": result.language,
        "transcript": transcript.model_dump(mode="json"),
        "created_at": datetime.now(UTC),
    }
