"""A night of a site with a history, in the steps that its runs take: for tests, and to be timed.

Import `tests.airflow_home` first. The connections `cofi_db`, `gpu_a` and `cofi_llm` have to be there.
"""

import inspect
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from cofi import batch as tasks
from cofi import books, closing, ending, recovery
from cofi.discovering import discover
from include.calls.stage import Stage
from include.database import owed
from include.database.batches import Batch
from include.database.engine import Database
from include.database.lanes import had_company, tell
from include.database.outcomes import Failure, save
from include.database.work import StageJob, counts, pending_calls
from include.delivery.status import figures, status_text
from tests.history.days import HOSTS, History
from tests.plugins.params import params
from tests.unit.calls.site import recording
from tests.unit.database.seeding import success
from tests.unit.gpu.fake_host import FakeGpuHost

_DAYS_LOOKED_AT_AGAIN = 1
_SHARD = 0


@dataclass
class Night:
    """A run of a day, step by step, and the end of that of the day after, whose calls are all audited.

    Attributes:
        history: What is there before.
        folder: Where recordings lie, in folders of days.
        day: Of the run.
        calls: Of each of the two days.
    """

    history: History
    folder: Path
    day: date
    calls: int
    opened: dict[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        return f"night-{self.day}"

    @property
    def ending(self) -> Batch:
        return self.history.batch(self.day + timedelta(days=1))

    @property
    def database(self) -> Database:
        return self.history.database

    @property
    def dialect(self) -> str:
        return make_url(self.history.url).get_backend_name()

    def prepare(self) -> None:
        """Recordings arrive, and the calls of the other run are audited."""
        own = self.folder / self.day.isoformat()
        own.mkdir(parents=True)
        content = bytearray(recording(3, subtype="ULAW"))
        for number in range(self.calls):
            # Another one in its middle, where copies are told.
            content[12_000:12_012] = f"{self.day.toordinal():06}{number:06}".encode()
            (own / f"{number:06}.wav").write_bytes(content)
        self.history.add_unended(self.ending, self.calls)

    async def spend(self, around: Callable[[str], AbstractContextManager[object]]) -> None:
        """Takes all steps, each inside a context that is made for its name."""
        self.prepare()
        async with FakeGpuHost() as host:
            os.environ["AIRFLOW_CONN_GPU_A"] = json.dumps(
                {"conn_type": "http", "host": "127.0.0.1", "port": host.port}
            )
            for name, step in self.steps().items():
                with around(name):
                    done = step()
                    if inspect.isawaitable(done):
                        await done

    def steps(self) -> dict[str, Callable[[], object]]:
        """What is done, in this order, by name."""
        return {
            "open": self.open,
            "discover": self.discover,
            "discover, all known": self.discover,
            "plan": self.plan,
            "stages": self.work,
            "watch": self.watch,
            "status": self.status,
            "settle": self.settle,
            "close": self.close,
            "plan, all again": lambda: self.plan(redo="all"),
            "close_runs": self.close_runs,
        }

    def open(self) -> None:
        midnight = datetime.combine(self.day, time(), UTC)
        closing.begin(self.run_id, lambda _: "running")
        self.opened = tasks.open_batch(self.run_id, self._params(), midnight, "scheduled")

    def discover(self) -> None:
        found = discover(self.opened, self._params(), lambda _: False)
        assert found["pending"] == self.calls, found

    async def plan(self, **changes: object) -> None:
        shards = await tasks.plan(self.opened, self._params(**changes), lambda _: False)
        assert shards or changes

    def work(self) -> None:
        """Two stages of a shard: the first is done, in the second nothing goes."""
        for stage in (Stage.DISTRIBUTE, Stage.DENOISE):
            job = StageJob(self.run_id, _SHARD, HOSTS[0], stage)
            self.database.write(lambda c, job=job: tell(c, job, 1, 1))
            waiting = self.database.read(lambda c, job=job: pending_calls(c, job))
            self.database.read(lambda c, job=job: (counts(c, job), had_company(c, job, datetime.now(UTC))))
            assert waiting
            if stage is Stage.DISTRIBUTE:
                outcomes = [
                    success(one.call_id, sha256=one.call_id.replace("-", "").ljust(64, "0"))
                    for one in waiting
                ]
            else:
                outcomes = [Failure(one.call_id, "host_lost", "lost") for one in waiting]
            self.database.write(lambda c, job=job, some=outcomes: save(c, job, some))

    async def watch(self) -> None:
        await recovery.watch(self.opened, self._params(), ["audit_recover_0.stt"], lambda: True)

    def status(self) -> None:
        with self.database.reading() as connection:
            assert status_text(connection, [self.run_id]) and figures(connection, [self.run_id])

    def settle(self) -> None:
        ending.settled(self.opened, lambda _: False)

    def close(self) -> None:
        ledger, _ = books.close(self.database, self.ending, planned=True)
        assert ledger.audited > self.calls / 2 and ledger.closed

    async def close_runs(self) -> None:
        def ended_well(batch_id: str) -> str:
            return "running" if batch_id.startswith("night") else "success"

        self.database.write(lambda c: owed.cleaned(c, self.ending.batch_id))
        await closing.close_ended(ended_well)

    def _params(self, **changes: object) -> dict[str, Any]:
        return params(self.folder, day=None, hosts=["gpu_a"], lookback_days=_DAYS_LOOKED_AT_AGAIN, **changes)
