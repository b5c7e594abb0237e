"""From listed files to calls, before anything of them is read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from include.calls.call import Call, CallMetadata, CallState, call_id_for
from include.calls.day_folder import DayFolder, modified_at
from include.calls.parts import Part
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import Recorded

# What the store tells of each file, by path.
Listing = Mapping[str, Mapping[str, Any]]


def call_of(folder: DayFolder, recorded: Recorded, listing: Listing, recorder: Recorder) -> Call:
    """A call as its listing tells of it; its metadata comes later."""
    # A name that is no UTF-8 fits neither a database nor a URL; escaped, it can be told.
    path = _escaped(recorded.path)
    unnamed = "its name is not UTF-8: rename it" if path != recorded.path else None
    infos = [listing[one] for one in recorded.legs or (recorded.path,)]
    written = [at for at in map(modified_at, infos) if at]
    return Call(
        call_id=call_id_for(folder.day, path),
        day=folder.day,
        path=path,
        uri=f"{folder.uri}/{path}",
        size_bytes=sum(int(info["size"]) for info in infos),
        modified_at=max(written, default=None),
        state=CallState.QUARANTINED if unnamed else CallState.PENDING,
        state_reason=unnamed,
        parts=parts_of(folder, recorded, listing, recorder),
    )


def parts_of(folder: DayFolder, recorded: Recorded, listing: Listing, recorder: Recorder) -> tuple[Part, ...]:
    """The files of a call that is not just one with a header."""
    paths = recorded.legs or (recorded.path,)
    raws = [recorder.raw_audio(path) for path in paths]
    if not recorded.legs and not raws[0]:
        return ()
    return tuple(
        Part(_escaped(path), f"{folder.uri}/{_escaped(path)}", int(listing[path]["size"]), channel, raw)
        for channel, (path, raw) in enumerate(zip(paths, raws, strict=True))
    )


def absent(folder: DayFolder, path: str, metadata: CallMetadata, before: Call | None) -> Call:
    """A call that only the manifest knows."""
    if before and before.size_bytes:
        return before  # archived since: what was found out about it stays
    return Call(
        call_id=call_id_for(folder.day, path),
        day=folder.day,
        path=path,
        uri=f"{folder.uri}/{path}",
        size_bytes=0,
        metadata=metadata,
        state=CallState.QUARANTINED,
        state_reason="listed in the manifest, but there is no such file: copy it here, or delete its row",
    )


def now_a_side(call: Call, of: str) -> Call:
    """A call of an earlier version, which took one side of a call for all of it."""
    reason = f"one side of the call {of}, which is audited with both"
    return replace(call, state=CallState.SKIPPED, state_reason=reason)


def _escaped(path: str) -> str:
    return path.encode(errors="backslashreplace").decode()
