"""Twelve calls that wait in one shard, and what a stage does with them."""

import asyncio

from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.models import CallRow, StageResultRow
from include.database.outcomes import Ended, Success
from include.database.work import PendingCall, StageCounts, StageJob
from include.distribution.lane import Lane
from tests.unit.database.seeding import HOST, Day, recording, success

CALLS = [recording(f"{n:02}.wav") for n in range(12)]
NUMBER = {call.call_id: number for number, call in enumerate(CALLS)}


class Handler:
    """What a stage does with a call: nothing, or what it is told to raise, return, or wait for."""

    def __init__(self, **plans: object) -> None:
        self.plans = {int(name.removeprefix("call_")): plan for name, plan in plans.items()}
        self.begun: list[int] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, call: PendingCall) -> Success | Ended:
        number = NUMBER[call.call_id]
        self.begun.append(number)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.002)
            plan = self.plans.get(number)
            if isinstance(plan, Exception):
                raise plan
            if isinstance(plan, asyncio.Event):
                await plan.wait()
            return plan if isinstance(plan, Success | Ended) else success(call.call_id)
        finally:
            self.at_once -= 1


def lane_of(day: Day, batch: Batch, stage: Stage = Stage.DISTRIBUTE, attempt: int = 1) -> Lane:
    return Lane(day.database, StageJob(batch.batch_id, 0, HOST, stage, attempt))


async def run(lane: Lane, handler: Handler, width: int) -> StageCounts:
    await lane.begin()
    return await lane.run(handler, width)


def saved(day: Day) -> set[int]:
    return {NUMBER[row["call_id"]] for row in day.rows(StageResultRow)}


def put_aside(day: Day) -> dict[int, tuple[str, str]]:
    """Calls in a final state that is no success: state and reason."""
    rows = [row for row in day.rows(CallRow) if row["state"] != "pending"]
    return {NUMBER[row["call_id"]]: (row["state"], row["state_reason"]) for row in rows}
