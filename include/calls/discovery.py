"""Finding a day's recordings in any fsspec location, and what is wrong with each of them.

Every file below the day's folder is accounted for: as a call, as one that is being written, or as one that is
no recording. What can be told from the listing, the header and the content's hash is told here, before a file
is uploaded.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from include.calls.call import Call, CallMetadata, CallState, ChannelRole, call_id_for
from include.calls.day_folder import DayFolder, as_listed, as_text, sha256_of_file
from include.calls.day_manifest import day_manifest
from include.calls.listing import Ignored, Info, listed, modified_at
from include.calls.moments import DateOrder
from include.calls.probing import read_header
from include.errors import InvalidInput

if TYPE_CHECKING:
    from include.audio_files.header import Header

log = logging.getLogger(__name__)

# Headers are read over the network: the wait is for latency, not for the CPU.
_PROBES_AT_ONCE = 32
# An estimate of a length skips only what is so much beyond a limit: the host measures it.
_ESTIMATE_MAY_ERR = 1.5
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
        min_age_s: Files that were last written less long ago are left for the next look.
        date_order: What 03/04/2026 means in the manifest; None to read no such cell.
    """

    manifest_name: str
    timezone: str
    min_duration_s: float
    max_duration_s: float
    stereo_roles: tuple[ChannelRole, ...] = ()
    redo: Redo = Redo.SKIP
    limit: int | None = None
    min_age_s: float = 0
    date_order: DateOrder | None = None


@dataclass(frozen=True)
class Discovery:
    """What is in a day's folder.

    Attributes:
        recordings: Calls in order of path. Those in a final state say why.
        being_written: Files that are left for the next look, by path.
        ignored: Files that are no recordings, and why.
        problems: A sentence for each thing in the manifest that was not read, and what to write instead.
    """

    recordings: list[Call]
    being_written: list[str] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def find_recordings(
    folder: DayFolder, rules: DiscoveryRules, known: Mapping[str, Call], now: datetime | None = None
) -> Discovery:
    """Lists, probes and describes a day's recordings.

    Args:
        folder: The day's folder; one that does not exist is a day without calls.
        rules: What to leave out.
        known: Calls of that day by path, as found before: a file that has not changed is not probed again.
        now: This machine's clock, unless a test says otherwise.

    Raises:
        InvalidInput: The manifest cannot be read.
        StoreFault: The folder, one below it, or the manifest cannot be read at the moment.
    """
    before = {as_listed(path): (call.size_bytes, call.modified_at) for path, call in known.items()}
    listing = listed(folder.filesystem, folder.root, min_age_s=rules.min_age_s, now=now, known=before)
    described = day_manifest(folder, listing, rules.manifest_name, rules.timezone, rules.date_order)
    found = [_call(folder, path, info, described.files.get(path)) for path, info in listing.files.items()]
    absent = [_absent(folder, path, row, known.get(path)) for path, row in described.absent.items()]
    named = {call.path for call in [*found, *absent]}.union(map(as_text, listing.being_written))
    gone = [call for path, call in known.items() if path not in named and call.state in _UNFINISHED]
    scope = sorted([*found, *absent, *gone], key=lambda call: call.path)
    if rules.redo is Redo.FAILED_ONLY:
        scope = [c for c in scope if c.path in known and known[c.path].state is CallState.FAILED]
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        recordings = list(
            pool.map(lambda call: _examined(folder, call, known.get(call.path), rules), scope[: rules.limit])
        )
    return Discovery(recordings, listing.being_written, listing.ignored, described.problems)


def _call(folder: DayFolder, path: str, info: Info, metadata: CallMetadata | None) -> Call:
    path, name = as_text(path), path
    reason = _unopenable(folder, name, info)
    return Call(
        call_id=call_id_for(folder.day, path),
        day=folder.day,
        path=path,
        uri=f"{folder.uri}/{path}",
        size_bytes=int(info["size"]),
        modified_at=modified_at(info),
        metadata=metadata or CallMetadata(),
        state=CallState.QUARANTINED if reason else CallState.PENDING,
        state_reason=reason,
    )


def _unopenable(folder: DayFolder, name: str, info: Info) -> str | None:
    """Why a file cannot be opened by its name, and the mend."""
    if as_listed(as_text(name)) != name:
        return "its name has a backslash before udc…, as bytes are written that are not UTF-8: rename it"
    if name.endswith("/"):
        return "its name ends with a slash, which no library opens: rename it"
    if "?versionId=" in name:
        return "its name holds ?versionId=, which opens another version of another file: rename it"
    if info.get("islink") and not folder.filesystem.isfile(f"{folder.root.rstrip('/')}/{name}"):
        return "a link to a file that is not there: copy the file itself"
    return None


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
        header = read_header(folder.filesystem, folder.path_of(call), call.size_bytes)
    except InvalidInput as error:
        return replace(call, state=CallState.QUARANTINED, state_reason=str(error))
    except OSError as error:
        # Perhaps the store answers when it is distributed; if not, the call fails there and is tried again.
        log.warning("call_id=%s its header cannot be read: %s", call.call_id, error)
        return call
    except Exception:  # a library fails in a way that nobody knew: that is one call's trouble, not the day's
        log.exception("call_id=%s its header cannot be read; the GPU host may know better", call.call_id)
        return call
    roles = call.metadata.channel_roles or (rules.stereo_roles if header.channels == 2 else ())
    probed = replace(
        call,
        duration_s=header.duration_s,
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
        metadata=replace(call.metadata, channel_roles=roles),
    )
    if _is_beyond(header, rules):
        reason = (
            f"lasts {header.duration_s:.1f} s; audited are calls of "
            f"{rules.min_duration_s:.0f} to {rules.max_duration_s:.0f} s"
        )
        return replace(probed, state=CallState.SKIPPED, state_reason=reason)
    return probed


def _is_beyond(header: "Header", rules: DiscoveryRules) -> bool:
    margin = _ESTIMATE_MAY_ERR if header.estimated else 1
    return not rules.min_duration_s / margin <= header.duration_s <= rules.max_duration_s * margin
