"""Recordings with the same content: one is the original, the others are its copies."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from include.calls.call import Call, CallState
from include.calls.on_disk import DiskDict, DiskList

_WORKED_ON = {CallState.AUDITED, CallState.FAILED}

Sha256Of = Callable[[Call], str | None]


def mark_duplicates(calls: Collection[Call], others: Iterable[Call], sha256_of: Sha256Of) -> Iterator[Call]:
    """Marks calls whose content another call has; the earlier one of a pair is the original.

    Files are read whole only where size and sample agree, which copies alone do: a day of 10,000 calls is not
    read twice, though telephony's files have the same sizes over and over. What has no sample is left to the
    hashes of the hosts that receive it. A failed call is an original as long as its own file has the content.

    Args:
        calls: The day's calls, in order.
        others: Calls of other days that have a sample or a hash in common, originals only.
        sha256_of: Reads a recording and hashes it; None when it cannot be read.

    Returns:
        The same calls, in the same order, when all of them were compared.
    """
    known = _Known(sha256_of)
    for original in chain(others, (call for call in calls if call.state in _WORKED_ON)):
        known.add(original)
    marked: DiskDict[Call] = DiskDict()
    # Those that were copies before come last, so that their originals stay the originals.
    were_copies: DiskList[Call] = DiskList()
    for call in calls:
        if call.state is CallState.PENDING and call.duplicate_of is not None:
            were_copies.add(call.path, call)
        elif call.state is CallState.PENDING:
            compared = known.compared(_as_none(call))
            if compared is not call:
                marked[call.path] = compared
    for call in were_copies:
        marked[call.path] = known.compared(_as_none(call))
    for call in calls:
        yield known.with_hash(marked.get(call.path, call))


@dataclass
class _Known:
    """Original recordings, indexed for the search for copies."""

    sha256_of: Sha256Of
    by_sample: DiskList[Call] = field(default_factory=DiskList)
    by_hash: DiskList[Call] = field(default_factory=DiskList)
    hashes: DiskDict[str | None] = field(default_factory=DiskDict)

    def with_hash(self, call: Call) -> Call:
        """A call with its hash, where it was read."""
        sha256 = call.sha256 or self.hashes.get(call.call_id)
        return call if sha256 == call.sha256 else replace(call, sha256=sha256)

    def add(self, call: Call) -> None:
        if call.sample_sha256:
            self.by_sample.add(_alike(call), call)
        if call.sha256:
            self.by_hash.add(call.sha256, call)

    def compared(self, call: Call) -> Call:
        """The call as a copy of an original, or as an original itself."""
        same = self.by_hash.of(call.sha256) if call.sha256 else []
        alike = self.by_sample.of(_alike(call)) if call.sample_sha256 else []
        content = self._hash(call) if same or alike else None
        original = next((one for one in chain(same, alike) if content and content == self._hash(one)), None)
        if original:
            return _copy_of(original, call)
        self.add(call)
        return call

    def _hash(self, call: Call) -> str | None:
        """Hashes of the calls; each recording is read once.

        What a failed call was is not believed: if its file was moved since, nobody could ever audit it.
        """
        if call.sha256 and call.state is not CallState.FAILED:
            return call.sha256
        if call.call_id not in self.hashes:
            self.hashes[call.call_id] = self.sha256_of(call)
        return self.hashes[call.call_id]


def _alike(call: Call) -> str:
    return f"{call.size_bytes} {call.sample_sha256}"


def _as_none(call: Call) -> Call:
    """A call as if it were no copy; most are none, and stay the same object: a day has many."""
    if call.duplicate_of is None and call.state_reason is None:
        return call
    return replace(call, duplicate_of=None, state_reason=None)


def _copy_of(original: Call, call: Call) -> Call:
    return replace(
        call,
        state=CallState.DUPLICATE,
        state_reason=f"same content as {original.day} {original.path}",
        duplicate_of=original.call_id,
    )
