"""Finding a day's recordings in any fsspec location, and what is wrong with each of them.

Every file below the day's folder is accounted for, but for the manifest and hidden files. What can be told
from the listing, the header and the content's hash is told here, before anything is uploaded.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import file_digest
from typing import Any

import pendulum
from fsspec import AbstractFileSystem

from include.calls.call import Call, CallMetadata, CallState, ChannelRole, call_id_for
from include.calls.manifest import read_manifest

log = logging.getLogger(__name__)

FORMATS = "WAV, FLAC, Ogg or MP3"
# Headers are read over the network: the wait is for latency, not for the CPU.
_PROBES_AT_ONCE = 16
_HEADER_BLOCK_BYTES = 64 * 1024
_UNFINISHED = {CallState.PENDING, CallState.FAILED}
_WORKED_ON = {CallState.AUDITED, CallState.FAILED}


class Redo(StrEnum):
    """What a run does with calls that an earlier run worked on."""

    SKIP = "skip"
    FAILED_ONLY = "failed only"
    ALL = "all"


@dataclass(frozen=True)
class DayFolder:
    """Where the recordings of one day lie.

    Attributes:
        filesystem: fsspec's.
        root: The folder on it.
        uri: The same folder as `ObjectStoragePath` writes it.
    """

    day: date
    filesystem: AbstractFileSystem
    root: str
    uri: str

    def path_of(self, call: Call) -> str:
        """A call's recording on the filesystem."""
        return f"{self.root}/{call.path}"


@dataclass(frozen=True)
class DiscoveryRules:
    """What to look for, and what to leave out.

    Attributes:
        manifest_name: File name of the manifest in the day's folder.
        timezone: Of times in the manifest that state none.
        min_duration_s: Shorter recordings are skipped.
        max_duration_s: Longer ones are skipped.
        stereo_roles: Of the two channels of a stereo call where the manifest does not say.
        redo: Which calls that were worked on before are looked at again.
        limit: Only so many recordings, in order of path; None for all.
    """

    manifest_name: str
    timezone: str
    min_duration_s: float
    max_duration_s: float
    stereo_roles: tuple[ChannelRole, ...] = ()
    redo: Redo = Redo.SKIP
    limit: int | None = None


def day_folder_name(day: date, layout: str) -> str:
    """Names the folder of a day by a layout in pendulum's tokens: `YYYY-MM-DD`, `[calls]/YYYY/MM`."""
    return pendulum.date(day.year, day.month, day.day).format(layout).strip("/")


def find_recordings(folder: DayFolder, rules: DiscoveryRules, known: Mapping[str, Call]) -> list[Call]:
    """Lists, probes and describes a day's recordings.

    Args:
        folder: The day's folder; one that does not exist is a day without calls.
        rules: What to leave out.
        known: Calls of that day by path, as found before: a file that has not changed is not probed again.

    Returns:
        Calls in order of path. Those in a final state say why.

    Raises:
        InvalidInput: The manifest cannot be read.
    """
    files = _listed(folder, rules.manifest_name)
    manifest = _manifest(folder, rules)
    found = [_call(folder, path, info, manifest.get(path)) for path, info in files.items()]
    absent = [
        _absent(folder, path, row, known.get(path)) for path, row in manifest.items() if path not in files
    ]
    listed = files.keys() | manifest.keys()
    gone = [call for path, call in known.items() if path not in listed and call.state in _UNFINISHED]
    scope = sorted([*found, *absent, *gone], key=lambda call: call.path)
    if rules.redo is Redo.FAILED_ONLY:
        scope = [c for c in scope if c.path in known and known[c.path].state is CallState.FAILED]
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        return list(
            pool.map(lambda call: _examined(folder, call, known.get(call.path), rules), scope[: rules.limit])
        )


def mark_duplicates(
    calls: Iterable[Call], others: Iterable[Call], sha256_of: Callable[[Call], str | None]
) -> list[Call]:
    """Marks calls whose content another call has; the earlier one of a pair is the original.

    Only files whose size also occurs elsewhere are read: a day of 10,000 calls is not downloaded twice.

    Args:
        calls: The day's calls, in order.
        others: Calls of other days that have a size in common, originals only.
        sha256_of: Reads a recording and hashes it; None when it cannot be read.
    """
    calls = list(calls)
    originals: dict[int, list[Call]] = defaultdict(list)
    for original in [*others, *(call for call in calls if call.state in _WORKED_ON)]:
        originals[original.size_bytes].append(original)
    sizes = [call.size_bytes for call in calls if call.state is CallState.PENDING]
    repeated = {size for size, count in Counter(sizes).items() if count > 1}
    marked: dict[str, Call] = {}
    # Those that were copies before come last, so that their originals stay the originals.
    for call in sorted(calls, key=lambda call: call.duplicate_of is not None):
        marked[call.path] = call
        if call.state is CallState.PENDING:
            alone = replace(call, duplicate_of=None, state_reason=None)
            compare = call.size_bytes in repeated or call.size_bytes in originals
            marked[call.path] = _compared(alone, originals[call.size_bytes], sha256_of) if compare else alone
    return [marked[call.path] for call in calls]


def sha256_of_file(filesystem: AbstractFileSystem, path: str) -> str:
    """Hashes a file in pieces."""
    with filesystem.open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _listed(folder: DayFolder, manifest_name: str) -> dict[str, Mapping[str, Any]]:
    root = folder.root.rstrip("/") + "/"
    below = {
        path.removeprefix(root): info
        for path, info in folder.filesystem.find(folder.root, detail=True).items()
        if info["type"] == "file" or (info.get("islink") and folder.filesystem.isfile(path))
    }
    hidden = {path for path in below if any(part.startswith(".") for part in path.split("/"))}
    return {path: info for path, info in below.items() if path != manifest_name and path not in hidden}


def _manifest(folder: DayFolder, rules: DiscoveryRules) -> dict[str, CallMetadata]:
    path = f"{folder.root.rstrip('/')}/{rules.manifest_name}"
    if not folder.filesystem.exists(path):
        log.info("No manifest %s: calls are audited without metadata", path)
        return {}
    with folder.filesystem.open(path, "rb") as file:
        return read_manifest(file, f"{folder.uri}/{rules.manifest_name}", rules.timezone)


def _call(folder: DayFolder, path: str, info: Mapping[str, Any], metadata: CallMetadata | None) -> Call:
    # A name that is no UTF-8 fits neither a database nor a URL; escaped, it can be told.
    path, name = path.encode(errors="backslashreplace").decode(), path
    unnamed = "its name is not UTF-8: rename it" if path != name else None
    return Call(
        call_id=call_id_for(folder.day, path),
        day=folder.day,
        path=path,
        uri=f"{folder.uri}/{path}",
        size_bytes=int(info["size"]),
        modified_at=_modified_at(info),
        metadata=metadata or CallMetadata(),
        state=CallState.QUARANTINED if unnamed else CallState.PENDING,
        state_reason=unnamed,
    )


def _absent(folder: DayFolder, path: str, metadata: CallMetadata, before: Call | None) -> Call:
    if before and before.size_bytes:
        return before  # archived since: what was found out about it stays
    call = _call(folder, path, {"size": 0}, metadata)
    reason = "listed in the manifest, but there is no such file: copy it here, or delete its row"
    return replace(call, state=CallState.QUARANTINED, state_reason=reason)


def _modified_at(info: Mapping[str, Any]) -> datetime | None:
    """Reads local, sftp, s3, abfs and gs listings: fsspec has no common name for it."""
    for key in ("mtime", "LastModified", "last_modified", "updated"):
        value = info.get(key)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
    return None


def _examined(folder: DayFolder, call: Call, before: Call | None, rules: DiscoveryRules) -> Call:
    if call.state is not CallState.PENDING:
        return call
    if before is None:
        return _probed(folder, call, rules)
    try:
        sha256 = _content(folder, call, before)
    except OSError as error:
        log.warning("call_id=%s was written again and cannot be read: %s", call.call_id, error)
        return before  # with its old time, so that the next run looks again
    if call.size_bytes != before.size_bytes or sha256 != before.sha256 or _unread(before):
        return replace(_probed(folder, call, rules), sha256=sha256)
    if rules.redo is Redo.ALL and before.state is not CallState.DUPLICATE:
        return replace(_probed(folder, call, rules), sha256=sha256)
    return _as_before(call, before)


def _as_before(call: Call, before: Call) -> Call:
    """A call that has not changed, with the listing's description."""
    roles = call.metadata.channel_roles or before.metadata.channel_roles
    return replace(
        before,
        uri=call.uri,
        modified_at=call.modified_at,
        metadata=replace(call.metadata, channel_roles=roles),
        # A copy is compared anew: its original may be gone or changed.
        state=CallState.PENDING if before.state is CallState.DUPLICATE else before.state,
    )


def _content(folder: DayFolder, call: Call, before: Call) -> str | None:
    """The hash of a known recording: read again only if it was written again at the same size."""
    if call.size_bytes != before.size_bytes:
        return None
    if call.modified_at == before.modified_at:
        return before.sha256
    return sha256_of_file(folder.filesystem, folder.path_of(call))


def _unread(before: Call) -> bool:
    """Whether its header could not be read until now."""
    return before.duration_s is None and before.state in _UNFINISHED


def _probed(folder: DayFolder, call: Call, rules: DiscoveryRules) -> Call:
    if call.size_bytes == 0:
        return replace(call, state=CallState.QUARANTINED, state_reason="the file is empty: copy it again")
    import soundfile  # noqa: PLC0415 - with numpy 0.25 s of CPU, which tasks that discover nothing do not pay

    try:
        header = _header(folder, call)
    except soundfile.LibsndfileError:
        reason = f"no recording: its content is not {FORMATS}"
        return replace(call, state=CallState.QUARANTINED, state_reason=reason)
    except OSError as error:
        # Perhaps the store answers when it is distributed; if not, the call fails there and is tried again.
        log.warning("call_id=%s its header cannot be read: %s", call.call_id, error)
        return call
    roles = call.metadata.channel_roles or (rules.stereo_roles if header.channels == 2 else ())
    probed = replace(
        call,
        duration_s=header.duration,
        sample_rate_hz=header.samplerate,
        channels=header.channels,
        metadata=replace(call.metadata, channel_roles=roles),
    )
    if not rules.min_duration_s <= header.duration <= rules.max_duration_s:
        reason = (
            f"lasts {header.duration:.1f} s; audited are calls of "
            f"{rules.min_duration_s:.0f} to {rules.max_duration_s:.0f} s"
        )
        return replace(probed, state=CallState.SKIPPED, state_reason=reason)
    return probed


def _header(folder: DayFolder, call: Call) -> Any:
    import soundfile  # noqa: PLC0415

    # Object stores read ahead by their block: a header is not worth megabytes.
    with folder.filesystem.open(folder.path_of(call), "rb", block_size=_HEADER_BLOCK_BYTES) as file:
        try:
            return soundfile.info(file)
        except soundfile.LibsndfileError:
            file.seek(0)
            file.read(1)  # libsndfile takes an error of the store for a wrong format
            raise


def _compared(call: Call, originals: list[Call], sha256_of: Callable[[Call], str | None]) -> Call:
    hashed = replace(call, sha256=call.sha256 or sha256_of(call))
    for original in originals:
        if hashed.sha256 and hashed.sha256 == (original.sha256 or sha256_of(original)):
            return replace(
                hashed,
                state=CallState.DUPLICATE,
                state_reason=f"same content as {original.day} {original.path}",
                duplicate_of=original.call_id,
            )
    originals.append(hashed)
    return hashed
