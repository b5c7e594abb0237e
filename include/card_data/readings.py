"""Ways to hear groups of digits as one card number: with corrections, repetitions and echoes left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate

from include.card_data.cues import CARDS
from include.card_data.formats import CARD_LENGTHS, card_at_start, is_card_number, other_format
from include.card_data.group import Group

# Steps of the search for a reading of one chain; the corpora need a few hundred.
_MOST_STEPS = 20_000
_LONGEST_TAKEN_BACK = 8


@dataclass(frozen=True)
class Reading:
    """One way to hear a chain: the groups that make the number, and all that were said for it."""

    digits: str
    used: tuple[Group, ...]
    said: tuple[Group, ...]


def whole(chain: Sequence[Group]) -> Reading | None:
    """The chain as one number; what follows may be the expiry date and the code."""
    digits = "".join(group.digits for group in chain)
    number = card_at_start(digits)
    if not number or other_format(digits) is not None or not _ends_with_a_group(len(number), chain):
        return None
    return Reading(number, tuple(chain), tuple(chain))


def _ends_with_a_group(length: int, chain: Sequence[Group]) -> bool:
    """Whether so many digits end where a group does, or in the last one: nobody breaks off inside another."""
    ends = list(accumulate(len(group.digits) for group in chain))
    return length in ends or length > (ends[-2] if len(ends) > 1 else 0)


def in_one_go(chain: Sequence[Group]) -> Reading | None:
    """A group of the chain that is a whole number by itself: others near it are words or other figures."""
    return next(filter(None, (whole([group]) for group in chain)), None)


def best(chain: Sequence[Group], *, interrupted: bool = False) -> Reading | None:
    """The plainest reading of a card number that goes to the chain's end, or else that takes most of it in.

    Args:
        chain: What one speaker says.
        interrupted: Whether other numbers stand in between.
    """
    darings = [_Daring.INTERRUPTIONS] if interrupted else list(_Daring)[:-1]
    found: list[Reading] = []
    for search in (_Search(chain, daring) for daring in darings):
        found += sorted(search.readings(), key=lambda reading: -len(reading.said))[:1]
        if to_the_end := [reading for reading in search.found if reading.said[-1] is chain[-1]]:
            return max(to_the_end, key=lambda reading: len(reading.said))
    return found[0] if found else None


class _Daring(IntEnum):
    """How much a reading supposes: each step opens many more of them."""

    ECHOES = 0
    CORRECTIONS = 1
    PARTIAL_CORRECTIONS = 2
    SILENT_CORRECTIONS = 3
    INTERRUPTIONS = 4


class _Search:
    """All ways to read a card number out of a chain, with corrections, repetitions and echoes left out."""

    def __init__(self, chain: Sequence[Group], daring: _Daring) -> None:
        self._chain = chain
        self._daring = daring
        self._steps = 0
        self.found: list[Reading] = []

    def readings(self) -> list[Reading]:
        """All that were found, in the order of their first group."""
        self.found = [r for first in range(len(self._chain)) for r in self._from(first, (), first)]
        return self.found

    def _from(self, first: int, used: tuple[Group, ...], at: int) -> Iterator[Reading]:
        """Readings that begin with the group `first`, have used these, and go on at `at`."""
        self._steps += 1
        digits = "".join(group.digits for group in used)
        ended = is_card_number(digits) or len(digits) > max(CARD_LENGTHS)
        if ended and (number := whole(used)) is not None:
            yield Reading(number.digits, used, tuple(self._chain[first:at]))
        if at == len(self._chain) or len(digits) > max(CARD_LENGTHS) or self._steps > _MOST_STEPS:
            return
        group = self._chain[at]
        for following in _ways_on(used, digits, group, self._daring):
            yield from self._from(first, following, at + 1)


def _ways_on(
    used: tuple[Group, ...], digits: str, group: Group, daring: _Daring
) -> Iterator[tuple[Group, ...]]:
    """What has been used once a group is heard: it goes on, says again what was said, or stands for it."""
    yield (*used, group)
    if not used:
        return
    again = digits.endswith(group.digits) or used[-1].digits.startswith(group.digits)
    takes_back = daring >= _Daring.CORRECTIONS and group.corrects
    is_another = daring is _Daring.INTERRUPTIONS and group.named not in CARDS
    if again or takes_back or is_another or len(group.digits) == 1:
        yield used  # said again, taken back, another number, or the word "one"
    silently = daring >= _Daring.SILENT_CORRECTIONS and len(group.digits) == len(used[-1].digits)
    if silently and not takes_back:
        yield (*used[:-1], group)
    if takes_back:
        yield (*_without_tail(used, len(group.digits)), group)
    if daring >= _Daring.PARTIAL_CORRECTIONS:
        lengths = range(1, _LONGEST_TAKEN_BACK + 1) if group.corrects else ()
        yield from ((*_without_tail(used, length), group) for length in lengths)
        yield from ((*used, rest) for rest in _after_repeating(digits, group))


def _without_tail(used: tuple[Group, ...], length: int) -> tuple[Group, ...]:
    """What has been used, less so many digits at its end; all of it when it is no longer than that."""
    *kept, last = used
    if length < len(last.digits):
        return (*kept, replace(last, digits=last.digits[:-length], places=last.places[:-length]))
    return (
        _without_tail(tuple(kept), length - len(last.digits))
        if kept and length > len(last.digits)
        else tuple(kept)
    )


def _after_repeating(digits: str, group: Group) -> Iterator[Group]:
    """A group that begins by saying the last digits again, without these."""
    for length in range(2, min(_LONGEST_TAKEN_BACK, len(group.digits) - 1) + 1):
        if digits.endswith(group.digits[:length]):
            yield replace(group, digits=group.digits[length:], places=group.places[length:])


def said_wrongly_before(chain: Sequence[Group], reading: Reading) -> list[Group]:
    """Groups before a number that are as long as one of its own: it was begun again."""
    lengths = {len(group.digits) for group in reading.used} - {1}
    return [group for group in chain[: chain.index(reading.said[0])] if len(group.digits) in lengths]
