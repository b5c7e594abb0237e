"""What to set, and what to buy: the best shard size, and what more hosts or LLM slots would bring."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from include.capacity.estimate import Estimate, estimate
from include.capacity.site import Day, ServiceTimes, Site, shards_of

# Full shards that would fit a host's day, for which the run is simulated.
_SHARDS_PER_HOST = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
# Times that differ by less than this share are as good as each other: chance decides between them.
NO_MATTER = 0.005
_MORE_SLOTS = 50


@dataclass(frozen=True)
class Change:
    """Something that could be changed about a site, and what a day would take then."""

    what: str
    expected: Estimate


@dataclass(frozen=True)
class Advice:
    """What is expected, and what to do about it.

    Attributes:
        best_shard_audio_s: Audio seconds of a full shard that make the run shortest: the site's own if it
            is as good as any, or else the largest that is, because tasks are fewer then.
        at_best: What is expected with it.
        changes: What more hardware would bring, all else as it is.
    """

    expected: Estimate
    best_shard_audio_s: float
    at_best: Estimate
    changes: Sequence[Change]


def advise(day: Day, times: ServiceTimes, site: Site) -> Advice:
    """Simulates the day on this site and on others: some seconds at most."""
    expected = expect(day, times, site)
    best_s, at_best = _best_shards(day, times, site, expected)
    others = {
        "one more host": site.with_one_more_host(),
        f"{_MORE_SLOTS} more LLM slots": replace(site, llm_slots=site.llm_slots + _MORE_SLOTS),
    }
    if site.tasks_at_once < site.tasks_needed:
        others[f"parallelism {site.tasks_needed}"] = replace(site, parallelism=None)
    changes = [Change(what, expect(day, times, other)) for what, other in others.items()]
    return Advice(expected, best_s, at_best, changes)


def expect(day: Day, times: ServiceTimes, site: Site) -> Estimate:
    """What a day takes on a site."""
    return estimate(shards_of(day, site), times, site)


def _best_shards(day: Day, times: ServiceTimes, site: Site, expected: Estimate) -> tuple[float, Estimate]:
    """The best shard size in audio seconds, and what is expected with it."""
    audio_of_host_s = day.files * day.audio_s / len(site.speeds)
    tried = {site.shard_audio_s: expected}
    for shards in _SHARDS_PER_HOST:
        size_s = _rounded(audio_of_host_s / shards)
        tried[size_s] = expect(day, times, replace(site, shard_audio_s=size_s))
    good_s = min(each.makespan_s for each in tried.values()) * (1 + NO_MATTER)
    if expected.makespan_s <= good_s:
        return site.shard_audio_s, expected
    best_s = max(size_s for size_s, each in tried.items() if each.makespan_s <= good_s)
    return best_s, tried[best_s]


def _rounded(seconds: float) -> float:
    """To two digits: nobody sets more."""
    return float(f"{seconds:.2g}")
