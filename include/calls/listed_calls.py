"""From listed files to calls, before anything of them is read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from include.calls.call import Call, CallMetadata, CallState, call_id_for
from include.calls.day_folder import DayFolder, as_listed, as_text
from include.calls.listing import ListedFile
from include.calls.parts import Part
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import Recorded

# The day's files, by path.
Listed = Mapping[str, ListedFile]


def call_of(folder: DayFolder, recorded: Recorded, listing: Listed, recorder: Recorder) -> Call:
    """A call as its listing tells of it; its metadata comes later."""
    path = as_text(recorded.path)
    names = recorded.legs or (recorded.path,)
    files = [listing[one] for one in names]
    reasons = (_unopenable(folder, name, file) for name, file in zip(names, files, strict=True))
    reason = next(filter(None, reasons), None)
    written = [file.modified_at for file in files if file.modified_at]
    return Call(
        call_id=call_id_for(folder.day, path),
        day=folder.day,
        path=path,
        uri=f"{folder.uri}/{path}",
        size_bytes=sum(int(file.size_bytes) for file in files),
        modified_at=max(written, default=None),
        state=CallState.QUARANTINED if reason else CallState.PENDING,
        state_reason=reason,
        parts=parts_of(folder, recorded, listing, recorder),
    )


def parts_of(folder: DayFolder, recorded: Recorded, listing: Listed, recorder: Recorder) -> tuple[Part, ...]:
    """The files of a call that is not just one with a header."""
    paths = recorded.legs or (recorded.path,)
    raws = [recorder.raw_audio(path) for path in paths]
    if not recorded.legs and not raws[0]:
        return ()
    return tuple(
        Part(as_text(path), f"{folder.uri}/{as_text(path)}", int(listing[path].size_bytes), channel, raw)
        for channel, (path, raw) in enumerate(zip(paths, raws, strict=True))
    )


def absent(folder: DayFolder, path: str, metadata: CallMetadata, before: Call | None) -> Call:
    """A call that only the manifest knows."""
    path = as_text(path)
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


def stamps(known: Mapping[str, Call]) -> Iterator[tuple[str, tuple[int, datetime | None]]]:
    """Size and time of the files of known calls, by path as listed: of sides, the time of the later one."""
    for path, call in known.items():
        files = [(part.path, part.size_bytes) for part in call.parts] or [(path, call.size_bytes)]
        yield from ((as_listed(file), (size_bytes, call.modified_at)) for file, size_bytes in files)


def _unopenable(folder: DayFolder, name: str, file: ListedFile) -> str | None:
    """Why a file cannot be opened by its name, and the mend."""
    if as_listed(as_text(name)) != name:
        return "its name has a backslash before udc…, as bytes are written that are not UTF-8: rename it"
    if name.endswith("/"):
        return "its name ends with a slash, which no library opens: rename it"
    if "?versionId=" in name:
        return "its name holds ?versionId=, which opens another version of another file: rename it"
    if file.is_link and not folder.filesystem.isfile(f"{folder.root.rstrip('/')}/{name}"):
        return "a link to a file that is not there: copy the file itself"
    return None
