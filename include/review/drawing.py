"""Draws calls by chance, so that everybody knows the chance that each of them had.

A rule asks for `n` calls of each stratum (an agent) and week. What comes in on a day is one step of the week;
at step k a stratum gives

    m_k = ⌊U + a·(k + 1)⌋ − ⌊U + a·k⌋    with a = n ÷ steps of a week, U from [0, 1)

calls: a or its neighbours, `n` in all after a week's steps, whatever was answered. U comes from a hash of
rule, stratum and week. So before U is known, every step gives ⌊a⌋ or ⌊a⌋ + 1 calls, the latter with the
chance of a's fraction; of N calls each is drawn with the same chance, E[min(m, N)] ÷ N. It is above 0 for
every call: no part of the day is out of sight. Which calls: those with the smallest hash of rule and call.
The same call gets the same hash whenever it is drawn, so that a repetition draws the same calls.

Sources: systematic sampling, W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), chapter 8; permanent
random numbers, E. Ohlsson, "Coordination of samples using permanent random numbers" (1995).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import floor


@dataclass(frozen=True)
class Drawn:
    """Calls of a stratum that were drawn, and the chance that each call of the stratum had."""

    call_ids: tuple[str, ...]
    probability: float


def draw(rule: str, period: str, call_ids: Sequence[str], *, wanted: float, step: int) -> Drawn:
    """Draws from what has come in.

    Args:
        rule: Its name: rules draw independently of each other.
        period: Over which steps are counted: a stratum and a week.
        call_ids: Of the stratum; at least one.
        wanted: How many a step should give on average; 0.4 is two of five times one.
        step: How many steps of this period there were before.
    """
    start = _unit(rule, period)
    count = floor(start + wanted * (step + 1)) - floor(start + wanted * step)
    chosen = sorted(call_ids, key=lambda call_id: (_unit(rule, call_id), call_id))[:count]
    return Drawn(tuple(chosen), probability(wanted, len(call_ids)))


def probability(wanted: float, calls: int) -> float:
    """The chance of each of some calls when a step gives `wanted` on average."""
    least = floor(wanted)
    more = wanted - least
    return ((1 - more) * min(least, calls) + more * min(least + 1, calls)) / calls


def either(*chances: float) -> float:
    """The chance to be drawn by any of several rules that draw independently."""
    none = 1.0
    for chance in chances:
        none *= 1 - chance
    return 1 - none


def _unit(*parts: str) -> float:
    """A number from [0, 1) that looks random, and is the same for the same parts."""
    digest = sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
