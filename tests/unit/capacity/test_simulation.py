"""The simulation, for any day and site, and against figures that are known from elsewhere."""

import math
from dataclasses import replace
from itertools import accumulate
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage
from include.capacity.estimate import GPUS, LLM, UPLOADS, estimate, needed_s
from include.capacity.simulation import simulate
from include.capacity.site import Day, ServiceTimes, ShardLoad, Site, shards_of
from include.distribution.planner import CallLoad, HostSpeed, Places, plan_shards, shard_sizes_s
from include.errors import InvalidInput

# Other work on the machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SECONDS = st.floats(0, 20)
DAYS = st.builds(Day, files=st.integers(1, 150), audio_s=st.floats(1, 600), spread=st.floats(0, 1.5))
TIMES = st.builds(
    ServiceTimes,
    upload_s=SECONDS,
    stage_s=st.tuples(SECONDS, SECONDS, SECONDS, SECONDS),
    rtf=st.tuples(*[st.floats(0, 0.1)] * 4),
    llm_s=st.tuples(SECONDS, SECONDS),
)
SITES = st.builds(
    Site,
    speeds=st.lists(st.floats(0.2, 5), min_size=1, max_size=8).map(tuple),
    gpu_tasks_per_host=st.integers(1, 3),
    uploads_at_once=st.integers(8, 64),
    uploads_per_task=st.integers(1, 8),
    llm_slots=st.integers(20, 200),
    llm_requests_per_task=st.integers(1, 20),
    parallelism=st.none() | st.integers(1, 40),
    shard_audio_s=st.floats(60, 50_000),
    round_task_s=st.floats(0, 0.05),
    start_s=st.floats(0, 5),
    starts_per_s=st.floats(0.5, 50),
)
# An Airflow that costs nothing.
AT_ONCE = {"round_task_s": 0.0, "start_s": 0.0, "starts_per_s": 1e9}
# The original document's day on 5, 10 or 20 hosts, in twenty full shards for each host.
ORIGINAL = Day(10_000)


def original_site(hosts, **changes):
    shard_s = ORIGINAL.files * ORIGINAL.audio_s / hosts / 20
    cost = {"round_task_s": 0.0, "start_s": 2.0}
    return Site((1.0,) * hosts, shard_audio_s=shard_s, shards_per_host=40, **{**cost, **changes})


def ratio(site, **how):
    """Makespan by the bound of the GPUs."""
    shards = shards_of(ORIGINAL, site)
    gpus_s = needed_s(shards, ServiceTimes(), site)[GPUS]
    return simulate(shards, ServiceTimes(), site, **how).makespan_s / gpus_s


@pytest.mark.long
@given(DAYS, TIMES, SITES)
def test_no_run_is_faster_than_its_busiest_resource(day, times, site):
    expected = estimate(shards_of(day, site), times, site)
    assert expected.makespan_s >= expected.bound_s * (1 - 1e-9)
    assert 0 < expected.first_call_s <= expected.makespan_s or expected.bound_s == 0
    assert max(map(expected.utilisation_pct, expected.needed_s)) <= 100 * (1 + 1e-9)


@given(DAYS, TIMES, SITES, st.integers(1, 100))
def test_more_llm_slots_or_uploads_at_once_are_needed_for_less_time(day, times, site, more):
    shards = shards_of(day, site)
    before = needed_s(shards, times, site)
    slots = needed_s(shards, times, replace(site, llm_slots=site.llm_slots + more))
    uploads = needed_s(shards, times, replace(site, uploads_at_once=site.uploads_at_once + more))
    assert slots[LLM] <= before[LLM]
    assert uploads[UPLOADS] <= before[UPLOADS]


@given(DAYS, TIMES, st.integers(1, 20))
def test_hardware_is_needed_for_less_time_when_there_is_one_more_host(day, times, hosts):
    def needed(site):
        return needed_s(shards_of(day, site), times, site)

    site = Site((1.0,) * hosts)
    before, after = needed(site), needed(site.with_one_more_host())
    for resource in (GPUS, UPLOADS, LLM):
        assert after[resource] <= before[resource] * (1 + 1e-9)


@given(st.integers(1, 500), st.floats(1, 5000), TIMES, st.floats(0.2, 5))
def test_one_shard_on_one_host_takes_the_sum_of_its_stages(calls, audio_s, times, speed):
    site = Site((speed,), round_task_s=0, start_s=1.5, starts_per_s=4, fixed_s=3)
    work_s = math.ceil(calls / 8) * times.upload_s + math.ceil(calls / 10) * sum(times.llm_s)
    work_s += sum(times.gpu_s(stage, calls, audio_s) for stage in GPU_STAGES) / speed
    around_s = 3 + 7 * 1.5
    simulated = simulate([ShardLoad(0, calls, audio_s)], times, site)
    assert simulated.makespan_s == pytest.approx(around_s + 7 * (1.5 + 1 / 4) + work_s)


@pytest.mark.long
@given(DAYS, TIMES, SITES)
def test_with_one_task_at_once_a_run_is_the_sum_of_its_tasks(day, times, site):
    site = replace(site, parallelism=1, **AT_ONCE)
    shards = shards_of(day, site)
    alone_s = sum(simulate([shard], times, site).makespan_s for shard in shards)
    assert simulate(shards, times, site).makespan_s == pytest.approx(alone_s, rel=1e-6, abs=1e-4)


def test_tasks_on_a_gpu_share_it():
    times, site = ServiceTimes(stage_s=(0, 1, 0, 0)), Site((2.0,), **AT_ONCE)
    shards = [ShardLoad(0, 10, 0), ShardLoad(0, 30, 0)]
    # Until 10 s both have had 10 s of work; the second does its other 20 at full speed.
    both = simulate(shards, times, site, [Stage.IVR])
    assert both.makespan_s == pytest.approx(20)
    assert simulate(shards[:1], times, site, [Stage.IVR]).makespan_s == pytest.approx(5)
    three = [ShardLoad(0, 10, 0)] * 3
    assert simulate(three, times, site, [Stage.IVR]).makespan_s == pytest.approx(15)


def test_a_host_takes_up_one_new_shard_at_a_time():
    times, site = ServiceTimes(stage_s=(1, 0, 0, 0), llm_s=(5, 10)), Site((1.0,), **AT_ONCE)
    simulated = simulate([ShardLoad(0, 10, 0)] * 2, times, site, [Stage.DENOISE, Stage.LLM1])
    assert (simulated.makespan_s, simulated.first_call_s) == (pytest.approx(25), pytest.approx(15))


@pytest.mark.parametrize(("llm1_s", "took_s"), [(4.9, 12 + 18), (5.1, 12 + 19), (5.9, 12 + 19)])
def test_a_task_is_followed_at_the_end_of_the_round_that_begins_after_it(llm1_s: float, took_s: float):
    """Two tasks wait at first, then one: rounds of 2 s and of 1 s; four tasks come before, three after."""
    site = Site((), **{**AT_ONCE, "round_task_s": 1})
    simulated = simulate([ShardLoad(0, 10, 0)], ServiceTimes(llm_s=(llm1_s, 10)), site, LLM_STAGES)
    assert simulated.makespan_s == pytest.approx(took_s)


def test_llm_tasks_go_in_rounds_and_no_more_of_them_than_there_are_slots():
    times = ServiceTimes(llm_s=(5, 10))
    shards = [ShardLoad(0, 21, 0)] * 4
    site = Site((), llm_slots=29, llm_requests_per_task=10, **AT_ONCE)
    assert simulate(shards, times, site, [Stage.LLM1]).makespan_s == pytest.approx(2 * 3 * 5)
    assert simulate(shards, times, replace(site, llm_slots=40), [Stage.LLM1]).makespan_s == pytest.approx(15)
    simulated = simulate(shards, times, replace(site, llm_slots=40), LLM_STAGES)
    assert (simulated.makespan_s, simulated.first_call_s) == (pytest.approx(45), pytest.approx(25))


def test_a_host_is_sent_one_shard_at_a_time_within_the_uploads_of_all():
    times = ServiceTimes(upload_s=2)
    site = Site((1, 1), uploads_at_once=16, uploads_per_task=8, **AT_ONCE)
    shards = [ShardLoad(0, 8, 0), ShardLoad(1, 8, 0), ShardLoad(0, 8, 0)]
    assert simulate(shards, times, site, [Stage.DISTRIBUTE]).makespan_s == pytest.approx(4)
    site = replace(site, uploads_at_once=15)
    assert simulate(shards, times, site, [Stage.DISTRIBUTE]).makespan_s == pytest.approx(6)


def test_a_slow_scheduler_is_the_bottleneck():
    site = original_site(5, starts_per_s=0.02)
    expected = estimate(shards_of(ORIGINAL, site), ServiceTimes(), site)
    assert expected.bottleneck == "task starts"
    assert expected.makespan_s > 7 * 120 / 0.02


class TestKnownFigures:
    @pytest.mark.long
    @pytest.mark.parametrize(("hosts", "known"), [(5, 1.004), (10, 1.006), (20, 1.012)])
    def test_small_shards_at_both_ends_and_two_gpu_tasks_come_near_the_bound(self, hosts, known):
        two, one = ratio(original_site(hosts)), ratio(original_site(hosts, gpu_tasks_per_host=1))
        assert 1 < two < known + 0.03
        assert two < one < 1.1

    @pytest.mark.long
    def test_too_little_parallelism_costs_more_the_less_it_is(self):
        needed = ratio(original_site(20))
        assert ratio(original_site(20, parallelism=70)) == needed
        assert 1.05 < ratio(original_site(20, parallelism=32)) / needed < 1.2
        assert ratio(original_site(20, parallelism=16)) > 1.5
        # Where hosts differ, those that have most to do wait most.
        unlike = replace(original_site(20), speeds=(1.0,) + (0.5,) * 19)
        assert ratio(unlike) < 1.05
        assert ratio(replace(unlike, parallelism=32)) > 1.3
        # With one request each, LLM tasks alone fill the places.
        assert ratio(original_site(20, parallelism=32, llm_requests_per_task=1)) > 1.8

    @pytest.mark.long
    def test_depth_first_ends_sooner(self):
        site = original_site(20, round_task_s=0.005)
        assert 1.15 * ratio(site) < ratio(site, depth_first=False)

    def test_a_host_of_half_speed_gets_half_the_work(self):
        site = replace(original_site(5), speeds=(1.0, 1.0, 1.0, 1.0, 0.5))
        assert 1 < ratio(site) < 1.03


class TestShards:
    @pytest.mark.long
    @given(DAYS, SITES)
    def test_they_hold_all_calls_and_all_audio(self, day, site):
        shards = shards_of(day, site)
        assert sum(shard.calls for shard in shards) == day.files
        assert sum(shard.audio_s for shard in shards) == pytest.approx(day.files * day.audio_s)
        assert all(shard.calls > 0 for shard in shards)
        assert shards == shards_of(day, site)

    @pytest.mark.long
    @given(st.integers(1, 12), st.integers(1, 200), st.integers(1, 40))
    def test_they_are_those_of_the_shard_planner(self, hosts, calls_of_host, per_host):
        files = hosts * calls_of_host
        site = Site((1.0,) * hosts, shard_audio_s=1500, shards_per_host=per_host)
        for pilots in (True, False):
            ends_s = accumulate(shard_sizes_s(calls_of_host * 60.0, 1500, per_host, pilots=pilots))
            # Where a shard ends in the middle of a call, rounding errors decide to which one it belongs.
            assume(all(abs(end_s % 60 - 30) > 1e-6 for end_s in ends_s))
        calls = [CallLoad(f"{number:04}", 60.0) for number in range(files)]
        names = [HostSpeed(str(number)) for number in range(hosts)]
        places = Places(tuple(host.name for host in names), per_host)
        planned = plan_shards(calls, names, places, shard_audio_s=1500)
        ours = shards_of(Day(files, 60.0, 0.0), site)
        assert [str(shard.host) for shard in ours] == [shard.host for shard in planned]
        assert [s.audio_s for s in ours] == pytest.approx([s.audio_s for s in planned], abs=121)

    def test_calls_of_a_shard_vary_with_the_lengths(self):
        shards = shards_of(replace(ORIGINAL, spread=0.8), original_site(5))
        full = [shard.calls for shard in shards if shard.audio_s > 15_000]
        random = Random(1)
        drawn = [sum(random.lognormvariate(0, 0.7) for _ in range(100)) for _ in range(500)]
        of_lengths = (sum(d**2 for d in drawn) / 500 / (sum(drawn) / 500) ** 2 - 1) ** 0.5
        mean = sum(full) / len(full)
        of_calls = (sum((calls - mean) ** 2 for calls in full) / len(full)) ** 0.5 / mean
        assert of_calls == pytest.approx(of_lengths, rel=0.3)

    def test_ten_million_calls_on_a_thousand_hosts_fill_their_places(self):
        shards = shards_of(Day(10_000_000), Site((1.0,) * 1000))
        assert len(shards) == 16_000
        assert max(shard.calls for shard in shards) < 10_000 / 8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"llm_slots": 5}, "llm_slots = 5: one task holds 10"),
        ({"uploads_at_once": 4}, "uploads_at_once = 4: one task holds 8"),
        ({"speeds": (1.0, 0.0)}, "a host's speed = 0.0: enter more than 0"),
        ({"parallelism": 0}, "parallelism = 0"),
        ({"starts_per_s": 0}, "starts_per_s = 0"),
        ({"shards_per_host": 0}, "shards_per_host = 0"),
    ],
)
def test_a_site_where_tasks_would_wait_for_ever_is_refused(wrong, message):
    with pytest.raises(InvalidInput, match=message):
        Site(**{"speeds": (1.0,), **wrong})


def test_all_stages_are_simulated_unless_some_are_named():
    shards, site = [ShardLoad(0, 10, 600)], Site((1.0,))
    times = ServiceTimes()
    assert simulate(shards, times, site) == simulate(shards, times, site, STAGES)
    assert simulate(shards, times, site, LLM_STAGES).makespan_s < simulate(shards, times, site).makespan_s
