"""One GPU host: its store, the workers on its devices, and what it says of itself."""

import asyncio
import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

from include import __version__
from include.calls.stage import Stage
from include.card_data.results import CARD_DATA_RULES, without_card_data
from include.gpu.wire import DenoiseResult, HostStatus, StageOptions, StageResult
from include.gpu_host.ivr.doubled import HeardCall
from include.gpu_host.server import problems
from include.gpu_host.server.metrics import Metrics
from include.gpu_host.server.plans import Plan, Plans
from include.gpu_host.server.prompts import LearnedStore
from include.gpu_host.server.store import CallStore, Draft, StoredResult
from include.gpu_host.server.throughput import Throughput
from include.gpu_host.server.uploads import Uploads
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import About, LearningJob, ListenJob, ProbeJob, StageJob
from include.gpu_host.workers.device import StartWorker
from include.gpu_host.workers.pool import Do, WorkerPool

_SWEEP_EVERY_S = 600.0
# Only the beginning of an upload is decoded: that takes milliseconds.
_PROBES_AT_ONCE = 64

log = logging.getLogger(__name__)


class Host:
    """What the HTTP server serves.

    Args:
        settings: The operator's.
        start_stages: Starts a worker that does `StageJob` and `ListenJob`.
        start_probe: Starts a worker that does `ProbeJob`: decoders are not let into the server's process.

    Attributes:
        instance: Another one after every start, so that clients learn of a restart that they did not see.
    """

    def __init__(self, settings: Settings, start_stages: StartWorker, start_probe: StartWorker) -> None:
        self._settings = settings
        self._stages: WorkerPool[Any] = WorkerPool(
            settings.device_list,
            start_stages,
            places=settings.capacity,
            timeout_s=settings.stage_timeout_s,
        )
        self._probes: WorkerPool[None] = WorkerPool(
            ["probe"], start_probe, places=_PROBES_AT_ONCE, timeout_s=settings.stage_timeout_s
        )
        self._throughput = Throughput()
        self._plans: Plans | None = None
        self._about: About | None = None
        self.instance = uuid4().hex
        self.store = CallStore(settings.data_dir)
        self.metrics = Metrics(self._stages)
        self.learned = (
            LearnedStore(settings.data_dir / "learned", settings.learn_min_calls, settings.fingerprint_days)
            if settings.learn_prompts
            else None
        )
        self.uploads = Uploads(self.store, self._probe, max_bytes=settings.max_upload_bytes)

    @property
    def in_flight(self) -> int:
        """Stage requests worked on now."""
        return self._stages.in_flight

    async def open(self) -> None:
        """Starts the workers; requests are refused with 503 until they are loaded.

        Raises:
            CofiError: A worker cannot load, for this reason.
            WorkerCrashed: One ended while it was loading.
        """
        about, _, unmasked = await asyncio.gather(
            self._stages.open(), self._probes.open(), asyncio.to_thread(self.store.remove_unmasked)
        )
        if unmasked:
            log.info("removed %d results of an older version: card data was not masked in them", unmasked)
        self._about, self._plans = about, Plans(self.store, about)
        log.info("ready %s", " ".join(f"{stage}={engine.name}" for stage, engine in about.engines.items()))

    async def stage(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Returns the stored result, or has a worker make it.

        Raises:
            Refusal: As `Plans.plan` and `WorkerPool.run`.
            RecordingUnusable: It cannot be decoded.
        """
        plan = await asyncio.to_thread(self._loaded().plan, call_id, stage, options)
        if plan.result is not None:
            return plan.result
        made: StageResult = await self._stages.run(f"{call_id}/{plan.key}", lambda do: self._made(plan, do))
        return made

    async def enhanced(self, call_id: str) -> Path:
        """An enhanced copy of a recording to listen to, made when it is first asked for.

        Raises:
            Refusal: 404 without a recording; as `WorkerPool.run`.
            RecordingUnusable: It cannot be decoded.
        """
        plans = self._loaded()
        audio = await asyncio.to_thread(self.store.audio, call_id)
        if audio is None:
            raise problems.audio_missing(call_id)
        key = plans.enhanced_key(audio)
        path = self.store.enhanced_path(call_id, key)

        async def made(do: Do) -> None:
            with self.store.draft() as draft:
                job = ListenJob(call_id, self.store.audio_path(call_id), draft.enhanced, draft.folder)
                await _worked(do, job)
                await asyncio.to_thread(self.store.keep_enhanced, draft, audio, key)

        if not path.is_file():
            await self._stages.run(f"{call_id}/{key}", made)
        return path

    async def status(self) -> HostStatus:
        """What `/ready` answers.

        Raises:
            Refusal: 503 before the engines are loaded, and while no worker is there to take a request.
        """
        self._loaded()
        if self._about is None or not self._stages.ready:
            raise problems.not_ready()
        return HostStatus(
            ready=True,
            engines={str(stage): engine for stage, engine in self._about.engines.items()},
            capacity=self._stages.capacity,
            in_flight=self._stages.in_flight,
            free_disk_bytes=await asyncio.to_thread(self.store.free_bytes),
            speed=self._throughput.speed(self._stages.busy_s),
            version=__version__,
            hears_vocabulary=self._about.hears_vocabulary,
        )

    async def sweep(self) -> None:
        """Removes calls and fingerprints older than they may be, again and again."""
        while True:
            try:
                if self.learned:
                    await asyncio.to_thread(self.learned.forget_old)
                gone = await asyncio.to_thread(
                    self.store.remove_older_than, self._settings.retention_h * 3600
                )
            except OSError:
                log.exception("calls older than the retention time could not be removed")
            else:
                for call_id in gone:
                    log.info("removed call_id=%s: older than %g h", call_id, self._settings.retention_h)
            await asyncio.sleep(_SWEEP_EVERY_S)

    async def drain(self) -> None:
        """Takes no more stages; those that run get the grace time, and are handed back after it."""
        await self._stages.drain(self._settings.stop_grace_s)

    def close(self) -> None:
        """Ends the workers."""
        self._stages.close()
        self._probes.close()

    def _loaded(self) -> Plans:
        if self._plans is None:
            raise problems.not_ready()
        return self._plans

    async def _probe(self, call_id: str, audio: Path) -> None:
        await self._probes.run(str(audio), lambda do: do(ProbeJob(call_id, audio)))

    async def _made(self, plan: Plan, do: Do) -> StageResult:
        """Goes on to its end even when the client hangs up."""
        # Another request may have stored it between this one's plan and its turn.
        if (since := await asyncio.to_thread(self._loaded().made_since, plan)) is not None:
            return since
        with self.store.draft() as draft:
            job = self._job(plan, draft)
            found: StageResult = await _worked(do, job)
            if self.learned and job.learning:
                heard = HeardCall(job.call_id, plan.options.began_at)
                await asyncio.to_thread(self._learn, heard, job.learning.hand_over)
            result = await asyncio.to_thread(self._keep, plan, draft, found)
        self._throughput.add(plan.stage, result.seconds, result.audio_s)
        self.metrics.stage_done(plan.stage, result.seconds, result.audio_s)
        log.info(
            "done call_id=%s stage=%s audio_s=%.1f seconds=%.2f",
            result.call_id,
            plan.stage,
            result.audio_s,
            result.seconds,
        )
        return result

    def _job(self, plan: Plan, draft: Draft) -> StageJob:
        call_id, enhanced_key = plan.audio.call_id, plan.enhanced_key
        return StageJob(
            call_id=call_id,
            stage=plan.stage,
            options=plan.options,
            audio=self.store.audio_path(call_id),
            enhanced=self.store.enhanced_path(call_id, enhanced_key) if enhanced_key else None,
            draft=draft.enhanced,
            scratch=draft.folder,
            earlier=tuple(stored.result for stored in plan.earlier),
            learning=self._learning(draft) if plan.stage is Stage.IVR else None,
        )

    def _learning(self, draft: Draft) -> LearningJob | None:
        if self.learned is None:
            return None
        known = self.learned
        return LearningJob(known.library, known.calls_kept, known.min_calls, draft.folder / "hearing.npz")

    def _learn(self, call: HeardCall, hearing: Path) -> None:
        """What cannot be learned from costs no result."""
        try:
            if self.learned:
                self.learned.hear(call, hearing)
        except OSError:
            log.exception("call_id=%s: nothing was learned from it", call.call_id)

    def _keep(self, plan: Plan, draft: Draft, found: StageResult) -> StageResult:
        """Stores what a worker found, without card data; that is what the client gets too."""
        result = without_card_data(found)
        if isinstance(result, DenoiseResult) and result.applied:
            self.store.keep_enhanced(draft, plan.audio, plan.key)
        stored = StoredResult(
            key=plan.key, options=plan.options, result=result, card_data_rules=CARD_DATA_RULES
        )
        self.store.save(plan.audio, plan.stage, stored)
        return result


async def _worked(do: Do, job: StageJob | ListenJob) -> Any:
    """Has a job done; a recording that was deleted before it was read is no fault of the host."""
    try:
        return await do(job)
    except FileNotFoundError as error:
        raise problems.audio_gone(job.call_id) from error
