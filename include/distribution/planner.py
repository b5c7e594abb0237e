"""The shard planner: which host audits which calls, and in which pieces. Pure; same input, same plan.

Calls go to hosts by longest processing time first (LPT) over audio seconds, weighted by each host's speed,
so that all hosts finish together. Each host's calls are cut into shards, the units that flow through the
stages: small ones first (LLM work starts early), full ones, small ones last (nobody waits for a long tail).
Simulated gain of the small ends: 1.03 to 1.004 times the bound at 5 hosts. On one host, pilots go ahead, the
first of few calls: it is through all stages within minutes, and tells early what is wrong with a key or a
model.

A host has so many places for shards, which are numbered before anything is planned: where a day is larger,
its shards are. So what runs can be laid out ahead of the plan.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from include.errors import InvalidInput

# Shares of a full shard: rising at the start of a host's work, falling at its end.
_RAMP = (1 / 8, 1 / 4, 1 / 2)
# Pilots, as shares of the first shard; where there is room for fewer, the last ones are one. Between two
# stages of one, only another takes its slot on the host.
_PILOTS = (1 / 15, 2 / 15, 4 / 15, 8 / 15)
_LEAST_AUDIO_S = 1.0
_RAMP_SHARDS = 2 * len(_RAMP)


@dataclass(frozen=True)
class Places:
    """Numbers that shards may have, hosts taking turns.

    Attributes:
        hosts: Names of all that may have some.
        per_host: Shards of a host, at most.
        first: Numbers below are taken.
    """

    hosts: tuple[str, ...]
    per_host: int
    first: int = 0

    def __post_init__(self) -> None:
        """Refuses what no call could go to.

        Raises:
            InvalidInput: No places.
        """
        if self.per_host < 1:
            raise InvalidInput(f"shards_per_host = {self.per_host}: enter 1 or more.")

    @property
    def end(self) -> int:
        """The number after the last."""
        return self.first + self.per_host * len(self.hosts)

    def of(self, host: str) -> range:
        """The numbers of a host's shards, from its first on."""
        return range(self.first + self.hosts.index(host), self.end, len(self.hosts))


@dataclass(frozen=True)
class CallLoad:
    """A call to be planned; `audio_s` is the work that it stands for."""

    call_id: str
    audio_s: float


@dataclass(frozen=True)
class HostSpeed:
    """A ready host.

    Attributes:
        speed: Relative to the others; 1 when nothing is known.
        measured: Whether speeds are audio seconds per second.
        left_s: Audio seconds that it has still to do of an earlier plan.
    """

    name: str
    speed: float = 1.0
    measured: bool = False
    left_s: float = 0.0


@dataclass(frozen=True)
class Shard:
    """Calls that go through the stages together on one host."""

    number: int
    host: str
    call_ids: tuple[str, ...]
    audio_s: float


def plan_shards(
    calls: Iterable[CallLoad], hosts: Sequence[HostSpeed], places: Places, *, shard_audio_s: float
) -> list[Shard]:
    """Plans a batch, or what is left of one.

    Args:
        calls: What is to be audited, in any order.
        hosts: Those that take part; at least one when there are calls.
        places: Of these hosts, and maybe of others.
        shard_audio_s: Audio in a full shard, or more where places are too few for that; one call may be
            longer, and is then a shard of its own.

    Returns:
        Disjoint shards that hold every call once, those to start first in front, hosts taking turns.
    """
    calls = sorted(calls, key=lambda call: (-call.audio_s, call.call_id))
    if not calls:
        return []
    by_host = _assigned(calls, hosts)
    leader = next(iter(by_host))
    shards = [
        Shard(places.of(host)[turn], host, tuple(c.call_id for c in some), sum(c.audio_s for c in some))
        for host, load in by_host.items()
        for turn, some in enumerate(_cut(load, shard_audio_s, places.per_host, pilots=host == leader))
    ]
    return sorted(shards, key=lambda shard: shard.number)


def shard_sizes_s(total_s: float, shard_audio_s: float, most: int, *, pilots: bool = False) -> list[float]:
    """Audio seconds of each shard of one host, in turn; one host of a batch has the pilots.

    Args:
        total_s: Of the host.
        shard_audio_s: Of a full shard; full shards grow where there would be more than `most` in all.
        most: Shards of a host; where there is no room for small ones at both ends, all are equal.
        pilots: Whether the host has them, as many as there is room for.
    """
    if most <= _RAMP_SHARDS:
        count = min(most, max(1, math.ceil(total_s / shard_audio_s)))
        return [total_s / count] * count
    alone = min(len(_PILOTS), most - _RAMP_SHARDS) - 1 if pilots else 0
    firsts = (*_PILOTS[:alone], sum(_PILOTS[alone:]))
    most_full = most - _RAMP_SHARDS - alone
    full_s = max(shard_audio_s, total_s / (2 * sum(_RAMP) + most_full))
    ramp_s = [share * full_s for share in _RAMP]
    middle_s = total_s - 2 * sum(ramp_s)
    if middle_s < 0:  # too little for the ramps: equal halves of a full shard
        count = max(1, math.ceil(total_s / (full_s / 2)))
        return [total_s / count] * count
    full = round(middle_s / full_s)
    middle = [middle_s / full] * full if full else [middle_s]
    return [*(ramp_s[0] * share for share in firsts), *ramp_s[1:], *middle, *reversed(ramp_s)]


def plan_llm_shards(
    calls: Iterable[CallLoad], places: Places, *, at_once: int, least_calls: int, most_calls: int = 1000
) -> list[Shard]:
    """Plans a batch of which only LLM work is left.

    Nothing has to overlap with it, and between two tasks their slots stand empty for some seconds: so there
    are as many shards as tasks can run at once, without ramps, of equal length.

    Args:
        calls: What is to be done, in any order.
        places: Hosts name the shards in turn.
        at_once: Tasks that the pool's slots are enough for.
        least_calls: In a shard, if there are as many.
        most_calls: In a shard, as long as there are places: a task that is lost is done again from what it
            had stored, but late.

    Returns:
        Disjoint shards that hold every call once.
    """
    calls = sorted(calls, key=lambda call: (-call.audio_s, call.call_id))
    if not calls:
        return []
    count = max(min(at_once, len(calls) // least_calls), math.ceil(len(calls) / most_calls), 1)
    numbers = sorted((number, host) for host in places.hosts for number in places.of(host))[:count]
    pieces = _assigned(calls, [HostSpeed(str(number)) for number, _ in numbers])
    return [
        Shard(number, host, tuple(c.call_id for c in piece), sum(c.audio_s for c in piece))
        for (number, host), piece in zip(numbers, pieces.values(), strict=True)
    ]


def _assigned(calls: Sequence[CallLoad], hosts: Sequence[HostSpeed]) -> dict[str, list[CallLoad]]:
    """LPT: the longest call left goes to the host that would finish it first.

    0.3 s for 100,000 calls and 20 hosts.
    """
    loads: list[list[CallLoad]] = [[] for _ in hosts]
    pace = [1 / host.speed for host in hosts]
    finish_s = [host.left_s / host.speed for host in hosts]
    for call in calls:
        # A call of unknown length is some work too, or one host would get all of them.
        audio_s = max(call.audio_s, _LEAST_AUDIO_S)
        after_s = [busy_s + audio_s * each for busy_s, each in zip(finish_s, pace, strict=True)]
        chosen = after_s.index(min(after_s))
        finish_s[chosen] = after_s[chosen]
        loads[chosen].append(call)
    return {host.name: load for host, load in zip(hosts, loads, strict=True) if load}


def _cut(
    calls: Sequence[CallLoad], shard_audio_s: float, most: int, *, pilots: bool
) -> Iterator[list[CallLoad]]:
    """Cuts one host's calls into shards along the ramps, long and short calls mixed evenly."""
    calls = sorted(calls, key=lambda call: call.call_id)
    sizes_s = shard_sizes_s(sum(call.audio_s for call in calls), shard_audio_s, most, pilots=pilots)
    ends_s = list(accumulate(sizes_s))
    shards: list[list[CallLoad]] = [[] for _ in ends_s]
    done_s, current = 0.0, 0
    for call in calls:
        # A call belongs where its middle lies, so that rounding errors do not add up.
        while current < len(ends_s) - 1 and done_s + call.audio_s / 2 > ends_s[current]:
            current += 1
        shards[current].append(call)
        done_s += call.audio_s
    return (shard for shard in shards if shard)
