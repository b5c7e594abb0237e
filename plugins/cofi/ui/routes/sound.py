"""What is heard of a call: its listening copy by byte range, its peaks, and the record of what was played."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from shutil import copyfileobj
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field

from cofi.settings import Settings
from cofi.stores import opened
from cofi.ui.access import WRITES, requires
from cofi.ui.asking import Asked, AskedDep
from cofi.ui.pages import PRIVATE
from cofi.ui.routes.calls import CallDep
from include.access.record import LONGEST_HEARD_S, Access, record, was_recorded
from include.access.rights import Right
from include.call_pages.call import CallHead, head_of, ivr_of, transcript_of
from include.call_pages.hearing import silenced
from include.calls import stores
from include.calls.joining import JoinedRecording
from include.calls.parts import Part
from include.errors import CofiError
from include.listening.copies import Copies, Copy

router = APIRouter(prefix="/calls/{call_id}", dependencies=[requires(Right.TEXT, Right.AUDIO)])

# Seeking asks for the same sound again and again: one row a while says it.
_RECORD_EVERY_S = 600.0
# The copy of this content, for whoever is signed in; the next request of a range must find the same.
_HEADERS = {**PRIVATE, "Cache-Control": "private, max-age=600"}


def warm(asked: Asked, call_id: str) -> None:
    """Makes a call's copy ready; one that cannot be made says so to whoever wants to hear it."""
    head = asked.read(lambda connection: head_of(connection, call_id))
    if head is not None:
        with suppress(HTTPException):
            copy_of(asked, head)


def copy_of(asked: AskedDep, head: CallDep) -> Copy:
    """The call's listening copy, made if need be.

    Raises:
        HTTPException: It cannot be heard; the message says why.
    """
    spans = asked.read(lambda c: silenced(transcript_of(c, head.call_id), ivr_of(c, head.call_id)))
    if spans is None:
        raise HTTPException(409, "Not heard by the machine yet: nobody knows where card data is said.")
    settings = Settings.load()
    identity = f"{head.sha256 or ''}|{head.size_bytes}|{head.uri}"
    try:
        return _copies(settings.listening_folder, settings.listening_mib).get(
            head.call_id, identity, spans, lambda path: fetch(head, path)
        )
    except CofiError as error:
        raise HTTPException(404, f"The recording cannot be played: {error}") from error


CopyDep = Annotated[Copy, Depends(copy_of)]


@router.get("/sound")
def sound(asked: AskedDep, head: CallDep, copy: CopyDep, *, ahead: bool = False) -> FileResponse:
    """The sound, by byte range; `ahead` of its call, it is recorded as what nobody may ever have heard."""
    what = Access.AHEAD if ahead else Access.SOUND
    window = {"within_s": _RECORD_EVERY_S}
    if not asked.read(lambda c: was_recorded(c, asked.person, head.call_id, what, **window)):
        asked.record(head.call_id, what)
    return FileResponse(copy.sound, media_type="audio/wav", headers=_HEADERS, background=asked.after)


@router.get("/peaks")
def peaks(copy: CopyDep) -> JSONResponse:
    """What the player draws; asking for it makes the copy, too."""
    return JSONResponse({"duration_ms": copy.peaks.duration_ms, "lanes": copy.peaks.lanes}, headers=_HEADERS)


class Heard(BaseModel):
    """What somebody has heard in one go."""

    from_ms: int = Field(ge=0)
    seconds: float = Field(gt=0, le=LONGEST_HEARD_S)


@router.post("/heard", dependencies=[WRITES])
def heard(asked: AskedDep, head: CallDep, stretch: Heard) -> JSONResponse:
    """Records that the person has heard a stretch of the call."""
    stretch_values = {"from_ms": stretch.from_ms, "seconds": stretch.seconds}
    asked.write(
        lambda connection: record(connection, asked.person, head.call_id, Access.HEARD, **stretch_values)
    )
    return JSONResponse({"recorded": True}, headers=PRIVATE)


def fetch(head: CallHead, path: Path) -> None:
    """Writes the recording as it is stored into a file of ours, or of its parts one that has a header.

    Raises:
        CofiError: Its store does not give it; the message says what to do.
    """
    path.touch(mode=0o600)
    with path.open("wb") as file:
        if not head.parts:
            _copy(head.uri, file)
            return
        with _joined(head.parts) as joined:
            copyfileobj(joined, file)  # type: ignore[arg-type]


def _copy(uri: str, file: Any) -> None:
    with stores.reading(uri), opened(uri).open("rb") as stored:
        copyfileobj(stored, file)


def _joined(parts: tuple[Part, ...]) -> JoinedRecording:
    files = []
    for part in parts:
        with stores.reading(part.uri):
            files.append(opened(part.uri).open("rb"))
    return JoinedRecording(parts, files)


@cache
def _copies(folder: Path, most_mib: float) -> Copies:
    return Copies(folder, most_mib)
