"""Recordings with the same content: one is the original, the others are its copies."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from include.calls.call import Call, CallState

_WORKED_ON = {CallState.AUDITED, CallState.FAILED}


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
