"""What is wrong with a recording, as far as its header and the hash of its content tell."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from include.calls.call import Call, CallState
from include.calls.day_folder import DayFolder, sha256_of_files, sha256_of_samples
from include.calls.discovery_rules import DiscoveryRules, Redo
from include.calls.headers import header_of
from include.calls.recorders.collecting import MetadataCollector, with_roles
from include.calls.recorders.sorting import Recorded
from include.errors import InvalidInput

if TYPE_CHECKING:
    from include.audio_files.header import Header

log = logging.getLogger(__name__)

UNFINISHED = frozenset({CallState.PENDING, CallState.FAILED})
# With `Redo.ALL`: copies are compared anew, and who was audited stays so until the next audit is there.
_AS_THEY_ARE = frozenset({CallState.DUPLICATE, CallState.AUDITED})
# An estimate of a length skips only what is so much beyond a limit: the host measures it.
_ESTIMATE_MAY_ERR = 1.5


def examined(
    folder: DayFolder,
    call: Call,
    recorded: Recorded | None,
    *,
    collector: MetadataCollector,
    before: Call | None,
    rules: DiscoveryRules,
) -> Call:
    """Probes a call and describes it.

    Args:
        folder: The day's.
        call: As it was listed.
        recorded: Its files; None when they are gone.
        collector: What is known of the day's calls.
        before: The same call as it was found before: what has not changed is not probed again.
        rules: What to leave out.
    """
    if recorded:
        call = replace(call, metadata=collector.last_of(recorded).metadata)
    if call.state is not CallState.PENDING:
        return call

    def with_their_roles(one: Call) -> Call:
        metadata = with_roles(one.metadata, rules.recorder, recorded, one.channels, rules.stereo_roles)
        return replace(one, metadata=metadata)

    if before is None:
        return with_their_roles(_probed(folder, call, rules))
    try:
        sha256 = _content(folder, call, before)
    except OSError as error:
        log.warning("call_id=%s was written again and cannot be read: %s", call.call_id, error)
        return before  # with its old time, so that the next run looks again
    changed = call.size_bytes != before.size_bytes or sha256 != before.sha256 or _unread(before)
    judged_again = rules.redo is Redo.ALL and before.state not in _AS_THEY_ARE
    if changed or judged_again:
        return with_their_roles(replace(_probed(folder, call, rules), sha256=sha256))
    return _as_before(with_their_roles(replace(call, channels=before.channels)), before)


def _as_before(call: Call, before: Call) -> Call:
    """A call that has not changed, with the listing's description."""
    known = call.metadata if call.metadata.channel_roles else before.metadata
    return replace(
        before,
        uri=call.uri,
        modified_at=call.modified_at,
        parts=call.parts,
        metadata=replace(call.metadata, channel_roles=known.channel_roles, roles_source=known.roles_source),
        # A copy is compared anew: its original may be gone or changed.
        state=CallState.PENDING if before.state is CallState.DUPLICATE else before.state,
    )


def _content(folder: DayFolder, call: Call, before: Call) -> str | None:
    """The hash of a known recording: read again only if it was written again at the same size."""
    if call.size_bytes != before.size_bytes:
        return None
    if call.modified_at == before.modified_at:
        return before.sha256
    return sha256_of_files(folder.filesystem, folder.paths_of(call))


def _unread(before: Call) -> bool:
    """Whether its header could not be read until now."""
    return before.duration_s is None and before.state in UNFINISHED


def _probed(folder: DayFolder, call: Call, rules: DiscoveryRules) -> Call:
    if call.size_bytes == 0:
        return replace(call, state=CallState.QUARANTINED, state_reason="the file is empty: copy it again")
    try:
        header = header_of(folder, call)
    except InvalidInput as error:
        return replace(call, state=CallState.QUARANTINED, state_reason=str(error))
    except OSError as error:
        # Perhaps the store answers when it is distributed; if not, the call fails there and is tried again.
        log.warning("call_id=%s its header cannot be read: %s", call.call_id, error)
        return call
    except Exception:  # a library fails in a way that nobody knew: that is one call's trouble, not the day's
        log.exception("call_id=%s its header cannot be read; the GPU host may know better", call.call_id)
        return call
    probed = replace(
        call,
        sample_sha256=_sample(folder, call),
        duration_s=header.duration_s,
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
    )
    if _is_beyond(header, rules):
        how = "short" if header.duration_s < rules.min_duration_s else "long"
        reason = (
            f"too {how}; it lasts {header.duration_s:.1f} s, audited are calls of "
            f"{rules.min_duration_s:.0f} to {rules.max_duration_s:.0f} s"
        )
        return replace(probed, state=CallState.SKIPPED, state_reason=reason)
    return probed


def _sample(folder: DayFolder, call: Call) -> str | None:
    sizes = [part.size_bytes for part in call.parts] or [call.size_bytes]
    try:
        return sha256_of_samples(folder.filesystem, list(zip(folder.paths_of(call), sizes, strict=True)))
    except OSError as error:
        # Whether it is a copy is found out when a host has received it.
        log.warning("call_id=%s it cannot be compared with others: %s", call.call_id, error)
        return None


def _is_beyond(header: "Header", rules: DiscoveryRules) -> bool:
    margin = _ESTIMATE_MAY_ERR if header.estimated else 1
    return not rules.min_duration_s / margin <= header.duration_s <= rules.max_duration_s * margin
