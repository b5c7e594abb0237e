"""Writes the capacity planner's advice as text."""

from collections.abc import Iterator

from include.capacity.advice import NO_MATTER, Advice, Change
from include.capacity.estimate import Estimate
from include.capacity.site import Day, Site
from include.delivery.wording import calls, count, duration, percent


def advice_text(day: Day, site: Site, advice: Advice) -> str:
    """What is expected, what holds it up, what to set, and what more would bring."""
    expected = advice.expected
    return "\n".join(
        [
            f"{calls(day.files)} of {day.audio_s:g} s, {_hosts(site)}, {count(site.llm_slots)} LLM slots",
            f"expected       {_time(expected.makespan_s)}, first call audited after "
            f"{duration(expected.first_call_s)}",
            f"bound          {_time(expected.bound_s)}: {expected.bottleneck}; expected is "
            f"{expected.ratio:.3f} x that",
            "",
            f"{'resource':<15}{'needed for':>12}{'in use':>9}",
            *_resources(expected),
            "",
            *_settings(site, advice),
            "",
            *(_told_change(change, expected) for change in advice.changes),
        ]
    )


def _hosts(site: Site) -> str:
    number = len(site.speeds)
    hosts = f"{count(number)} host" if number == 1 else f"{count(number)} hosts"
    return hosts if set(site.speeds) == {1.0} else f"{hosts} as fast as {sum(site.speeds):g}"


def _resources(expected: Estimate) -> Iterator[str]:
    for resource, needed_s in expected.needed_s.items():
        yield f"{resource:<15}{count(needed_s):>10} s{percent(expected.utilisation_pct(resource)):>9}"


def _settings(site: Site, advice: Advice) -> Iterator[str]:
    too_few = f"; {count(site.tasks_at_once)} are too few" if site.tasks_at_once < site.tasks_needed else ""
    yield f"parallelism    at least {count(site.tasks_needed)}, max_active_tasks of the DAG too{too_few}"
    best = advice.best_shard_audio_s == site.shard_audio_s
    cut = _cut(advice.expected) + (", as good as any size" if best else "")
    yield f"shard_audio_s  {count(site.shard_audio_s)}: {cut}"
    if not best:
        better = f"{_cut(advice.at_best)}, {count(advice.at_best.makespan_s)} s"
        yield f"      better:  {count(advice.best_shard_audio_s)}: {better}"


def _cut(expected: Estimate) -> str:
    return f"{count(expected.shards)} shards, {count(expected.tasks)} tasks"


def _told_change(change: Change, before: Estimate) -> str:
    after = change.expected
    bound = f"bound {count(after.bound_s)} s: {after.bottleneck}"
    return f"{change.what:<19} {count(after.makespan_s)} s, {_saved(before, after)}; {bound}"


def _saved(before: Estimate, after: Estimate) -> str:
    saved_s = before.makespan_s - after.makespan_s
    if abs(saved_s) <= NO_MATTER * before.makespan_s:
        return "no gain"
    return f"{count(abs(saved_s))} s {'less' if saved_s > 0 else 'more'}"


def _time(seconds: float) -> str:
    return f"{count(seconds)} s ({duration(seconds)})" if seconds >= 60 else duration(seconds)
