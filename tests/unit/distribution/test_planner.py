"""The shard planner, for any day."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from include.distribution.planner import CallLoad, HostSpeed, plan_shards

LENGTHS_S = st.lists(st.floats(0.5, 10_000), max_size=200)
HOSTS = st.lists(st.floats(0.2, 5), min_size=1, max_size=12).map(
    lambda speeds: [HostSpeed(f"gpu_{n}", speed) for n, speed in enumerate(speeds)]
)


def loads(lengths_s):
    return [CallLoad(f"call-{n:04}", length_s) for n, length_s in enumerate(lengths_s)]


def planned(calls, hosts, shard_audio_s=600.0, max_shards=1000):
    return plan_shards(calls, hosts, shard_audio_s=shard_audio_s, max_shards=max_shards)


@given(LENGTHS_S, HOSTS)
def test_every_call_is_in_exactly_one_shard(lengths_s, hosts):
    calls = loads(lengths_s)
    shards = planned(calls, hosts)
    assert Counter(call_id for shard in shards for call_id in shard.call_ids) == Counter(
        call.call_id for call in calls
    )
    assert all(shard.call_ids for shard in shards)
    assert [shard.number for shard in shards] == list(range(len(shards)))


@given(LENGTHS_S, HOSTS, st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_the_calls(lengths_s, hosts, random):
    calls = loads(lengths_s)
    shuffled = random.sample(calls, len(calls))
    assert planned(calls, hosts) == planned(shuffled, hosts)


@given(LENGTHS_S, HOSTS, st.integers(100, 400))
def test_shards_stay_below_the_limit_at_any_size(lengths_s, hosts, max_shards):
    assert len(planned(loads(lengths_s), hosts, shard_audio_s=1.0, max_shards=max_shards)) <= max_shards


def test_hosts_finish_together_by_their_speed():
    hosts = [HostSpeed("fast", 2.0), HostSpeed("slow", 1.0)]
    shards = planned(loads([60.0] * 300), hosts)
    audio_s = Counter()
    for shard in shards:
        audio_s[shard.host] += shard.audio_s
    assert audio_s == {"fast": 12_000, "slow": 6_000}


def test_a_long_day_starts_and_ends_with_small_shards():
    shards = planned(loads([30.0] * 400), [HostSpeed("gpu")], shard_audio_s=1200.0)
    sizes_s = [shard.audio_s for shard in shards]
    assert sizes_s[:3] == [150, 300, 600] == sizes_s[-1:-4:-1]
    assert max(sizes_s) <= 1200 * 1.1


def test_one_call_longer_than_all_others_has_a_host_for_itself():
    shards = planned(loads([50_000.0] + [60.0] * 20), [HostSpeed("a"), HostSpeed("b")])
    holder = next(shard for shard in shards if "call-0000" in shard.call_ids)
    assert {shard.host for shard in shards if shard is not holder} != {holder.host}
    assert holder.call_ids == ("call-0000",)


def test_an_empty_day_has_no_shards():
    assert planned([], [HostSpeed("a")]) == []
