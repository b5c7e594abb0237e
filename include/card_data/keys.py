"""Card numbers and security codes that somebody keys instead of saying them: only how many keys stays."""

import re
from collections.abc import Sequence

from include.gpu.wire import Segment, SegmentKind

# From here on it identifies somebody: shorter entries are choices in a menu, door numbers, years.
_LONG_DIGITS = 6
# The shortest card number of the large schemes.
_CARD_DIGITS = 13
_CODE_DIGITS = (3, 4)
# A number that is keyed group by group, or slowly, comes as several entries.
_PAUSE_MS = 15_000
_COUNT = re.compile(r"^(\d+) digits? keyed$")


def masked_keys(segments: Sequence[Segment]) -> list[Segment]:
    """Segments in which long keyed entries are replaced by a count: `16 digits keyed`.

    Masked are entries of six digits or more, entries that together may be a card number, and after a card
    number what may be its security code. Times stay; counts that are there stay.
    """
    entries = sorted(
        (n for n, segment in enumerate(segments) if segment.kind is SegmentKind.DTMF),
        key=lambda n: segments[n].start_ms,
    )
    private = {n for n in entries if _digits(segments[n].label) >= _LONG_DIGITS}
    ends_ms = []
    for chain in _chains(segments, entries):
        lengths = [_digits(segments[n].label) for n in chain]
        if sum(lengths) >= _CARD_DIGITS:
            # Beside a whole number, single keys are choices in a menu.
            least = min(_CODE_DIGITS) if max(lengths) >= _CARD_DIGITS else 1
            private |= {n for n, length in zip(chain, lengths, strict=True) if length >= least}
            ends_ms.append(segments[chain[-1]].end_ms)
    private |= {
        n
        for n in entries
        if _digits(segments[n].label) in _CODE_DIGITS
        and any(segments[n].start_ms >= end_ms for end_ms in ends_ms)
    }
    return [_counted(segment) if n in private else segment for n, segment in enumerate(segments)]


def _chains(segments: Sequence[Segment], entries: Sequence[int]) -> list[list[int]]:
    """Entries of one channel that follow each other closely."""
    chains: list[list[int]] = []
    for channel in dict.fromkeys(segments[n].channel for n in entries):
        last: list[int] = []
        for n in (n for n in entries if segments[n].channel == channel):
            if last and segments[n].start_ms - segments[last[-1]].end_ms <= _PAUSE_MS:
                last.append(n)
            else:
                last = [n]
                chains.append(last)
    return chains


def _digits(label: str) -> int:
    """How many digits an entry has, or had."""
    count = _COUNT.match(label)
    return int(count.group(1)) if count else sum(char.isdecimal() for char in label)


def _counted(segment: Segment) -> Segment:
    digits = _digits(segment.label)
    if not digits or _COUNT.match(segment.label):
        return segment
    return segment.model_copy(update={"label": f"{digits} digit{'s' if digits > 1 else ''} keyed"})
