"""A run as a discrete-event simulation: stages of shards on their way through the limits of a site.

The model: the scheduler looks at every task that waits, round after round. At the end of a round it starts
what was ready when the round began, as far as there are slots, and what is furthest along first. A task holds
its slots from then on, also while Airflow starts it, one task after the other. A host takes up one new shard
at a time, and its GPU is shared evenly by the tasks that work on it. Uploads of a task go `uploads_per_task`
at a time, requests of an LLM task `llm_requests_per_task` at a time, in rounds. The next stage of a shard is
ready when all of its calls have passed the one before.

Checked against measured runs of 1,479 to 4,652 s on 5, 10 and 20 hosts: predicted to 4 %, and the first call
to 18 % (docs/benchmark.md).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count

from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage
from include.capacity.site import ServiceTimes, ShardLoad, Site

# Tasks one after the other before the first upload (open_batch, discover, plan, deal) and after the last
# answer (settle, report, clean_up).
_TASKS_BEFORE, _TASKS_AFTER = 4, 3

# Priority (the least first), then the shard's number, then the stage's.
_Task = tuple[int, int, int]
# A host, and whether only its new shards are meant.
_Limit = tuple[int, bool]
_Limits = Sequence[tuple[_Limit, int]]


@dataclass(frozen=True)
class Simulated:
    """When a run ends, and when its first call is audited, from its trigger on."""

    makespan_s: float
    first_call_s: float


def simulate(
    shards: Sequence[ShardLoad],
    times: ServiceTimes,
    site: Site,
    stages: Sequence[Stage] = STAGES,
    *,
    depth_first: bool = True,
) -> Simulated:
    """Simulates one run: 0.2 s for a thousand shards.

    Args:
        shards: Those to start first in front.
        times: Service times.
        site: Hosts and limits.
        stages: Those that the shards pass.
        depth_first: As the DAG does it. Otherwise the earliest stage goes first, as Airflow does by default.
    """
    run = _Run(shards, times, site, stages, depth_first=depth_first)
    # A task ends in the middle of a round, on average; the next one starts at the end of the round after it.
    handover_s = 1.5 * site.round_s(len(shards) * len(stages)) + site.start_s
    before_s, after_s = _TASKS_BEFORE * handover_s + site.fixed_s, _TASKS_AFTER * site.start_s
    end_s, first_s = run.simulate()
    return Simulated(before_s + end_s + after_s, before_s + first_s)


class _Queue:
    """Tasks that wait for slots of a pool, and for room within other limits.

    Args:
        slots: Of the pool.
        per_task: Slots that a task holds.
        limits: What else a task counts for, and how many tasks at once may.
    """

    def __init__(self, slots: float, per_task: int, limits: Callable[[_Task], _Limits]) -> None:
        self._slots = slots
        self._per_task = per_task
        self._limits = limits
        self._waiting: list[_Task] = []
        self._parked: dict[_Limit, list[_Task]] = defaultdict(list)
        self._running: Counter[_Limit] = Counter()

    def put(self, task: _Task) -> None:
        """A task is ready."""
        heappush(self._waiting, task)

    def first(self) -> _Task | None:
        """The first task that could start now; those without room are put aside."""
        if self._slots < self._per_task:
            return None
        while self._waiting:
            limits = self._limits(self._waiting[0])
            full = next((limit for limit, most in limits if self._running[limit] >= most), None)
            if full is None:
                return self._waiting[0]
            self._parked[full].append(heappop(self._waiting))
        return None

    def take(self) -> None:
        """The first task gets its slots."""
        self._slots -= self._per_task
        self._running.update(limit for limit, _ in self._limits(heappop(self._waiting)))

    def give_back(self, task: _Task) -> None:
        """A task has ended."""
        self._slots += self._per_task
        for limit, _ in self._limits(task):
            self._running[limit] -= 1
            for parked in self._parked.pop(limit, ()):
                heappush(self._waiting, parked)


class _Gpu:
    """A host's GPU; each of n tasks on it advances at 1/n of its speed.

    A task ends when the work that each task was given since it began (`_given_s`) is what it needs.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._given_s = self._seen_s = 0.0
        self._ends: list[tuple[float, _Task]] = []

    def begin(self, now_s: float, task: _Task, work_s: float) -> float:
        """A task begins; when the next one ends."""
        self._advance(now_s)
        heappush(self._ends, (self._given_s + work_s, task))
        return self._next_end_s()

    def end(self, now_s: float) -> tuple[_Task, float | None]:
        """The task that ends now, and when the next one does."""
        self._advance(now_s)
        self._given_s, task = heappop(self._ends)
        return task, self._next_end_s() if self._ends else None

    def _advance(self, now_s: float) -> None:
        if self._ends:
            self._given_s += (now_s - self._seen_s) * self._speed / len(self._ends)
        self._seen_s = now_s

    def _next_end_s(self) -> float:
        left_s = max(self._ends[0][0] - self._given_s, 0.0)
        return self._seen_s + left_s * len(self._ends) / self._speed


class _Run:
    """The events of one run, from its first task to its last."""

    def __init__(
        self,
        shards: Sequence[ShardLoad],
        times: ServiceTimes,
        site: Site,
        stages: Sequence[Stage],
        *,
        depth_first: bool,
    ) -> None:
        self._shards, self._times, self._site, self._stages = shards, times, site, stages
        self._direction = -1 if depth_first else 1
        uploads = _Queue(site.uploads_at_once, site.uploads_per_task, self._of_uploads)
        gpus = _Queue(math.inf, 1, self._of_gpus)
        llm = _Queue(site.llm_slots, site.llm_requests_per_task, lambda _: ())
        of_gpus, of_llm = dict.fromkeys(GPU_STAGES, gpus), dict.fromkeys(LLM_STAGES, llm)
        by_stage = {Stage.DISTRIBUTE: uploads, **of_gpus, **of_llm}
        self._queues = [by_stage[stage] for stage in stages]
        self._distinct = list(dict.fromkeys(self._queues))
        self._gpus = [_Gpu(speed) for speed in site.speeds]
        self._gpu_plans = [0] * len(site.speeds)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = count()
        self._now_s = self._round_ended_s = self._last_start_s = 0.0
        self._in_round = False
        # Stages of shards whose stage before has ended: the next round sees them.
        self._unseen: list[tuple[int, int]] = []
        self._not_started = len(shards) * len(stages)
        self._running = 0
        self._first_call_s = math.inf

    def simulate(self) -> tuple[float, float]:
        """Seconds until the end, and until the first call has passed all stages."""
        self._unseen = [(shard, 0) for shard in range(len(self._shards))]
        self._plan_round()
        while self._events:
            self._now_s, _, happens = heappop(self._events)
            happens()
        return self._now_s, min(self._first_call_s, self._now_s)

    def _at(self, time_s: float, happens: Callable[[], None]) -> None:
        heappush(self._events, (time_s, next(self._ticket), happens))

    def _of_uploads(self, task: _Task) -> _Limits:
        return [((self._shards[task[1]].host, False), 1)]

    def _of_gpus(self, task: _Task) -> _Limits:
        host = self._shards[task[1]].host
        limits = [((host, False), self._site.gpu_tasks_per_host)]
        return [*limits, ((host, True), 1)] if self._stages[task[2]] is GPU_STAGES[0] else limits

    def _plan_round(self) -> None:
        """The scheduler goes round and round; only rounds that see something new are events."""
        if self._in_round or not self._not_started:
            return
        self._in_round = True
        idle_s, round_s = self._now_s - self._round_ended_s, self._site.round_s(self._not_started)
        until_next_s = -idle_s % round_s if round_s else 0.0
        self._at(self._now_s + until_next_s, self._round)

    def _round(self) -> None:
        seen, self._unseen = self._unseen, []
        self._at(self._now_s + self._site.round_s(self._not_started), partial(self._end_round, seen))

    def _end_round(self, seen: Sequence[tuple[int, int]]) -> None:
        for shard, stage in seen:
            self._queues[stage].put((self._direction * stage, shard, stage))
        self._schedule()
        self._in_round, self._round_ended_s = False, self._now_s
        if self._unseen:
            self._plan_round()

    def _schedule(self) -> None:
        """The scheduler chooses tasks; Airflow starts one after the other."""
        self._last_start_s = max(self._last_start_s, self._now_s)
        while self._running < self._site.tasks_at_once:
            task = min(filter(None, (queue.first() for queue in self._distinct)), default=None)
            if task is None:
                return
            self._queues[task[-1]].take()
            self._running += 1
            self._not_started -= 1
            self._last_start_s += 1 / self._site.starts_per_s
            self._at(self._last_start_s + self._site.start_s, partial(self._begin, task))

    def _begin(self, task: _Task) -> None:
        """Airflow has started a task: its work begins."""
        _, number, at = task
        shard, stage = self._shards[number], self._stages[at]
        if stage in GPU_STAGES:
            work_s = self._times.gpu_s(stage, shard.calls, shard.audio_s)
            self._plan_gpu(shard.host, self._gpus[shard.host].begin(self._now_s, task, work_s))
            return
        if stage is Stage.DISTRIBUTE:
            each_s, width = self._times.upload_s, self._site.uploads_per_task
        else:
            each_s, width = self._times.answer_s(stage), self._site.llm_requests_per_task
        if at == len(self._stages) - 1:
            self._first_call_s = min(self._first_call_s, self._now_s + each_s)
        self._at(self._now_s + math.ceil(shard.calls / width) * each_s, partial(self._end, task))

    def _plan_gpu(self, host: int, end_s: float | None) -> None:
        """What was planned for the host before is void."""
        self._gpu_plans[host] += 1
        if end_s is not None:
            self._at(end_s, partial(self._gpu_ends, host, self._gpu_plans[host]))

    def _gpu_ends(self, host: int, plan: int) -> None:
        if plan != self._gpu_plans[host]:
            return
        task, next_end_s = self._gpus[host].end(self._now_s)
        self._plan_gpu(host, next_end_s)
        self._end(task)

    def _end(self, task: _Task) -> None:
        """A task has ended: its slots are free, and the next round sees the shard's next stage."""
        _, number, stage = task
        self._queues[stage].give_back(task)
        self._running -= 1
        if stage + 1 < len(self._stages):
            self._unseen.append((number, stage + 1))
        self._plan_round()
