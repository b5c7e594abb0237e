"""What came late for a day that was audited before: taken into its day by a later run."""

from collections.abc import Collection, Iterable, Mapping

from include.calls.call import Call, CallState
from include.calls.days import is_recording
from include.calls.on_disk import DiskList


def late_recordings(
    found: Iterable[Call], known: Mapping[str, Call], left_open: Collection[str]
) -> DiskList[Call]:
    """The calls of an earlier day that a later run takes up; all others keep their state.

    They are recordings that nobody knew, and calls that no run is going to end: those that are still pending
    though no run works on them. A file that was quarantined and has another size now counts as new: it was
    empty, broken off, or only listed in the manifest when it was looked at.

    Args:
        found: The day as it is now.
        known: Its calls by path as they were found before.
        left_open: Ids of pending calls that no run works on.
    """
    late = (call for call in found if is_recording(call) and _is_late(call, known.get(call.path), left_open))
    return DiskList((call.path, call) for call in late)


def _is_late(call: Call, before: Call | None, left_open: Collection[str]) -> bool:
    if before is None or before.call_id in left_open:
        return True
    return before.state is CallState.QUARANTINED and before.size_bytes != call.size_bytes
