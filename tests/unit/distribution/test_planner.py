"""The shard planner, for any day."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.distribution.planner import CallLoad, HostSpeed, Places, plan_llm_shards, plan_shards
from include.errors import InvalidInput
from tests.steps import steps

# Other work on the machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

LENGTHS_S = st.lists(st.floats(0.5, 10_000), max_size=200)
HOSTS = st.lists(st.floats(0.2, 5), min_size=1, max_size=12).map(
    lambda speeds: [HostSpeed(f"gpu_{n}", speed) for n, speed in enumerate(speeds)]
)


def loads(lengths_s):
    return [CallLoad(f"call-{n:04}", length_s) for n, length_s in enumerate(lengths_s)]


def places_of(hosts, per_host=1000, first=0):
    return Places(tuple(host.name for host in hosts), per_host, first)


def planned(calls, hosts, shard_audio_s=600.0, per_host=1000):
    return plan_shards(calls, hosts, places_of(hosts, per_host), shard_audio_s=shard_audio_s)


@given(LENGTHS_S, HOSTS)
def test_every_call_is_in_exactly_one_shard(lengths_s, hosts):
    calls = loads(lengths_s)
    shards = planned(calls, hosts)
    assert Counter(call_id for shard in shards for call_id in shard.call_ids) == Counter(
        call.call_id for call in calls
    )
    assert all(shard.call_ids for shard in shards)


@given(LENGTHS_S, HOSTS, st.integers(1, 40), st.integers(0, 500))
def test_a_host_fills_its_places_from_the_first_on(lengths_s, hosts, per_host, first):
    # Airflow's tasks are laid out for places before anything is planned.
    places = places_of([HostSpeed("switched_off"), *hosts], per_host, first)
    shards = plan_shards(loads(lengths_s), hosts, places, shard_audio_s=300)
    for host in places.hosts:
        numbers = [shard.number for shard in shards if shard.host == host]
        assert numbers == list(places.of(host))[: len(numbers)]
    assert [shard.number for shard in shards] == sorted({shard.number for shard in shards})


def test_places_are_disjoint_and_hosts_take_turns():
    places = Places(("a", "b", "c"), 10, first=30)
    assert [list(places.of(host))[:3] for host in "abc"] == [[30, 33, 36], [31, 34, 37], [32, 35, 38]]
    assert sorted(number for host in "abc" for number in places.of(host)) == list(range(30, places.end))


def test_without_room_for_small_shards_at_the_ends_all_are_equal():
    hosts = [HostSpeed("a")]
    assert [s.audio_s for s in planned(loads([60.0] * 90), hosts, per_host=6)] == [900.0] * 6
    assert [s.audio_s for s in planned(loads([60.0] * 90), hosts, per_host=3)] == [1800.0] * 3
    assert len(planned(loads([60.0] * 9), hosts, per_host=3)) == 1


def test_with_few_places_there_are_small_shards_at_both_ends_and_as_many_pilots_as_fit():
    hosts = [HostSpeed("a"), HostSpeed("b")]
    shards = planned(loads([60.0] * 600), hosts, per_host=8)
    lengths_s = {host: [s.audio_s for s in shards if s.host == host] for host in ("a", "b")}
    pilots, other = lengths_s["a"], lengths_s["b"]
    assert len(pilots) == len(other) == 8
    assert pilots[0] < other[0] / 8
    for ramped in (pilots[1:], other):
        fullest = ramped.index(max(ramped))
        assert ramped[: fullest + 1] == sorted(ramped[: fullest + 1])
        assert ramped[fullest:] == sorted(ramped[fullest:], reverse=True)
        assert max(ramped) >= 3.5 * ramped[-1]


def test_a_host_without_places_is_refused():
    with pytest.raises(InvalidInput, match="shards_per_host = 0: enter 1 or more"):
        Places(("a",), 0)


@pytest.mark.long
@given(LENGTHS_S, HOSTS, st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_the_calls(lengths_s, hosts, random):
    calls = loads(lengths_s)
    shuffled = random.sample(calls, len(calls))
    assert planned(calls, hosts) == planned(shuffled, hosts)


@given(LENGTHS_S, HOSTS, st.integers(1, 40))
def test_a_host_has_no_more_shards_than_places_at_any_size(lengths_s, hosts, per_host):
    shards = planned(loads(lengths_s), hosts, shard_audio_s=1.0, per_host=per_host)
    assert max(Counter(shard.host for shard in shards).values(), default=0) <= per_host


@given(LENGTHS_S, HOSTS)
def test_no_host_finishes_later_than_lpt_promises(lengths_s, hosts):
    shards = planned(loads(lengths_s), hosts)
    speeds = {host.name: host.speed for host in hosts}
    finish_s = Counter()
    for shard in shards:
        finish_s[shard.host] += shard.audio_s / speeds[shard.host]
    work_s = [max(length_s, 1.0) for length_s in lengths_s]
    # No host could begin its last call later than the others end, whatever they are given.
    least_s = sum(work_s) / sum(speeds.values())
    longest_s = max(work_s, default=0) / min(speeds.values())
    assert max(finish_s.values(), default=0) <= least_s + longest_s + 1e-6


@pytest.mark.long
def test_a_hundred_thousand_calls_are_planned():
    random = Random(1)
    calls = loads([random.lognormvariate(5, 0.8) for _ in range(100_000)])
    hosts = [HostSpeed(f"gpu_{n}", 1 + n / 20) for n in range(20)]
    shards = planned(calls, hosts, shard_audio_s=10_800, per_host=14)
    assert sum(len(shard.call_ids) for shard in shards) == 100_000
    assert len({call_id for shard in shards for call_id in shard.call_ids}) == 100_000
    assert len(shards) <= 20 * 14
    finish_s = Counter()
    for shard in shards:
        finish_s[shard.host] += shard.audio_s / (1 + int(shard.host.removeprefix("gpu_")) / 20)
    assert max(finish_s.values()) == pytest.approx(min(finish_s.values()), rel=0.001)


@pytest.mark.long
def test_ten_times_the_calls_take_ten_times_the_work():
    def work(count: int) -> int:
        calls = loads([Random(1).lognormvariate(5, 0.8) for _ in range(count)])
        hosts = [HostSpeed(f"gpu_{n}", 1 + n / 20) for n in range(20)]
        return steps(lambda: planned(calls, hosts, shard_audio_s=10_800, per_host=14))

    assert work(10_000) < 12 * work(1000)


def test_calls_of_unknown_length_are_shared_out():
    shards = planned(loads([0.0] * 40), [HostSpeed("a"), HostSpeed("b")])
    calls = Counter()
    for shard in shards:
        calls[shard.host] += len(shard.call_ids)
    assert calls == {"a": 20, "b": 20}


def test_hosts_finish_together_by_their_speed():
    hosts = [HostSpeed("fast", 2.0), HostSpeed("slow", 1.0)]
    shards = planned(loads([60.0] * 300), hosts)
    audio_s = Counter()
    for shard in shards:
        audio_s[shard.host] += shard.audio_s
    assert audio_s == {"fast": 12_000, "slow": 6_000}


def test_a_host_with_work_left_gets_so_much_less():
    hosts = [HostSpeed("busy", 2.0, left_s=4000.0), HostSpeed("free", 2.0)]
    shards = planned(loads([20.0] * 400), hosts)
    audio_s = {
        name: sum(shard.audio_s for shard in shards if shard.host == name) for name in ("busy", "free")
    }
    assert audio_s["free"] == pytest.approx(audio_s["busy"] + 4000, abs=20)


def test_a_long_day_starts_and_ends_with_small_shards():
    shards = planned(loads([10.0] * 1200), [HostSpeed("gpu")], shard_audio_s=1200.0)
    sizes_s = [shard.audio_s for shard in shards]
    pilots_s, sizes_s = sizes_s[:4], sizes_s[4:]
    assert pilots_s == [10, 20, 40, 80]
    assert [sum(pilots_s), *sizes_s[:2]] == [150, 300, 600] == sizes_s[-1:-4:-1]
    assert max(sizes_s) <= 1200 * 1.1


def test_a_few_calls_go_ahead_of_all_others_on_one_host():
    hosts = [HostSpeed("a"), HostSpeed("b")]
    shards = planned(loads([25.0] * 800), hosts, shard_audio_s=3200.0)
    ahead = [shard.audio_s for shard in shards if shard.host == "a"][:5]
    assert ahead == [25.0, 50.0, 100.0, 225.0, 800.0]
    assert [shard.audio_s for shard in shards if shard.host == "b"][:2] == [400.0, 800.0]


def test_a_day_of_one_shard_has_no_pilots():
    assert len(planned(loads([30.0] * 8), [HostSpeed("a")])) == 1


def test_one_call_longer_than_all_others_has_a_host_for_itself():
    shards = planned(loads([50_000.0] + [60.0] * 20), [HostSpeed("a"), HostSpeed("b")])
    holder = next(shard for shard in shards if "call-0000" in shard.call_ids)
    assert {shard.host for shard in shards if shard is not holder} != {holder.host}
    assert holder.call_ids == ("call-0000",)


def test_an_empty_day_has_no_shards():
    assert planned([], [HostSpeed("a")]) == []


@given(LENGTHS_S, st.integers(1, 20))
def test_llm_work_alone_is_cut_into_equal_shards_for_the_tasks_that_fit_the_pool(lengths_s, at_once):
    calls = loads(lengths_s)
    places = Places(("gpu_a", "gpu_b"), 10)
    shards = plan_llm_shards(calls, places, at_once=at_once, least_calls=10, most_calls=50)
    assert Counter(call_id for shard in shards for call_id in shard.call_ids) == Counter(
        call.call_id for call in calls
    )
    assert [shard.number for shard in shards] == list(range(len(shards)))
    if len(calls) >= 10:
        assert len(shards) == max(min(at_once, len(calls) // 10), -(-len(calls) // 50))
        longest = max(length_s for length_s in lengths_s)
        assert max(s.audio_s for s in shards) - min(s.audio_s for s in shards) <= longest + 1
    assert {shard.host for shard in shards} == {"gpu_a", "gpu_b"} or len(shards) < 2


def test_llm_work_alone_is_cut_into_no_more_shards_than_there_are_places():
    places = Places(("gpu_a", "gpu_b"), 10)
    shards = plan_llm_shards(loads([60.0] * 300), places, at_once=5, least_calls=1, most_calls=10)
    assert len(shards) == 20
    assert sum(len(shard.call_ids) for shard in shards) == 300
