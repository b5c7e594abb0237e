"""Finding a day's recordings in any fsspec location, and what is wrong with each of them.

Every file below the day's folder is accounted for, but for the manifest and hidden files. What can be told
from the listing, the header and the content's hash is told here, before anything is uploaded.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from include.calls.call import Call, CallMetadata, CallState, ChannelRole, call_id_for
from include.calls.day_folder import DayFolder, listed, modified_at, sha256_of_file
from include.calls.manifest import read_manifest
from include.calls.probing import read_header
from include.errors import InvalidInput

log = logging.getLogger(__name__)

# Headers are read over the network: the wait is for latency, not for the CPU.
_PROBES_AT_ONCE = 16
_UNFINISHED = {CallState.PENDING, CallState.FAILED}


class Redo(StrEnum):
    """What a run does with calls that an earlier run worked on."""

    SKIP = "skip"
    FAILED_ONLY = "failed only"
    ALL = "all"


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
    files = listed(folder, rules.manifest_name)
    manifest = _manifest(folder, rules)
    found = [_call(folder, path, info, manifest.get(path)) for path, info in files.items()]
    absent = [
        _absent(folder, path, row, known.get(path)) for path, row in manifest.items() if path not in files
    ]
    named = files.keys() | manifest.keys()
    gone = [call for path, call in known.items() if path not in named and call.state in _UNFINISHED]
    scope = sorted([*found, *absent, *gone], key=lambda call: call.path)
    if rules.redo is Redo.FAILED_ONLY:
        scope = [c for c in scope if c.path in known and known[c.path].state is CallState.FAILED]
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        return list(
            pool.map(lambda call: _examined(folder, call, known.get(call.path), rules), scope[: rules.limit])
        )


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
        modified_at=modified_at(info),
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
    try:
        header = read_header(folder.filesystem, folder.path_of(call))
    except InvalidInput as error:
        return replace(call, state=CallState.QUARANTINED, state_reason=str(error))
    except OSError as error:
        # Perhaps the store answers when it is distributed; if not, the call fails there and is tried again.
        log.warning("call_id=%s its header cannot be read: %s", call.call_id, error)
        return call
    roles = call.metadata.channel_roles or (rules.stereo_roles if header.channels == 2 else ())
    probed = replace(
        call,
        duration_s=header.duration_s,
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
        metadata=replace(call.metadata, channel_roles=roles),
    )
    if not rules.min_duration_s <= header.duration_s <= rules.max_duration_s:
        reason = (
            f"lasts {header.duration_s:.1f} s; audited are calls of "
            f"{rules.min_duration_s:.0f} to {rules.max_duration_s:.0f} s"
        )
        return replace(probed, state=CallState.SKIPPED, state_reason=reason)
    return probed
