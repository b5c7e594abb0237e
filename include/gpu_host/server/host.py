"""One GPU host: its store, its engines once they are loaded, its workers, and what it says of itself."""

import asyncio
import logging
from collections.abc import Callable

from include.calls.stage import Stage
from include.gpu.wire import HostStatus, StageOptions, StageResult
from include.gpu_host import problems
from include.gpu_host.chain import Chain, Engines
from include.gpu_host.metrics import Metrics
from include.gpu_host.settings import Settings
from include.gpu_host.store import CallStore
from include.gpu_host.throughput import Throughput
from include.gpu_host.uploads import Uploads
from include.gpu_host.worker import Worker

_SWEEP_EVERY_S = 600.0

log = logging.getLogger(__name__)


class Host:
    """What the HTTP server serves.

    Args:
        settings: The operator's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worker: Worker[StageResult] = Worker(settings.capacity)
        self._throughput = Throughput()
        self._chain: Chain | None = None
        self.store = CallStore(settings.data_dir)
        self.metrics = Metrics(lambda: self._worker.in_flight, settings.capacity)
        self.uploads = Uploads(
            self.store, max_bytes=settings.max_upload_bytes, max_duration_s=settings.max_duration_s
        )

    @property
    def in_flight(self) -> int:
        """Stage requests worked on now."""
        return self._worker.in_flight

    async def load(self, load_engines: Callable[[Settings], Engines]) -> None:
        """Loads the engines in a thread; stages are refused with 503 until it has ended."""
        engines = await asyncio.to_thread(load_engines, self._settings)
        tuning = {
            Stage.DENOISE: self._settings.denoise_below_snr_db,
            Stage.IVR: self._settings.dead_air_s,
            Stage.STT: self._settings.beam_size,
        }
        self._chain = Chain(self.store, engines, tuning, max_duration_s=self._settings.max_duration_s)
        log.info("ready: %s", ", ".join(f"{s} {e.name}" for s, e in self._chain.described.items()))

    async def stage(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Returns the stored result, or has a worker make it.

        Raises:
            Refusal: As `Chain.plan`; 429 when every worker is taken, 503 before the engines are loaded.
            RecordingUnusable: It cannot be decoded.
        """
        chain = self._loaded()
        plan = await asyncio.to_thread(chain.plan, call_id, stage, options)
        if plan.result is not None:
            return plan.result
        job_key = f"{call_id}/{plan.key}"
        return await self._worker.run(job_key, lambda: self._made(chain, call_id, stage, options))

    async def status(self) -> HostStatus:
        """What `/ready` answers.

        Raises:
            Refusal: 503 before the engines are loaded.
        """
        chain = self._loaded()
        return HostStatus(
            ready=True,
            engines={str(stage): engine for stage, engine in chain.described.items()},
            capacity=self._worker.capacity,
            in_flight=self._worker.in_flight,
            free_disk_bytes=await asyncio.to_thread(self.store.free_bytes),
            speed=self._throughput.speed(self._worker.busy_s),
        )

    async def sweep(self) -> None:
        """Removes calls older than the retention time, again and again."""
        while True:
            try:
                gone = await asyncio.to_thread(
                    self.store.remove_older_than, self._settings.retention_h * 3600
                )
            except OSError:
                log.exception("calls older than the retention time could not be removed")
            else:
                for call_id in gone:
                    log.info("removed call_id=%s: older than %g h", call_id, self._settings.retention_h)
            await asyncio.sleep(_SWEEP_EVERY_S)

    def close(self) -> None:
        """Takes no more work; what runs goes on."""
        self._worker.close()

    def _loaded(self) -> Chain:
        if self._chain is None:
            raise problems.not_ready()
        return self._chain

    def _made(self, chain: Chain, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Runs in a worker's thread, to its end even when the client hangs up."""
        result = chain.run(call_id, stage, options)
        self._throughput.add(stage, result.seconds, result.audio_s)
        self.metrics.stage_done(stage, result.seconds, result.audio_s)
        log.info(
            "done call_id=%s stage=%s audio_s=%.1f seconds=%.2f",
            call_id,
            stage,
            result.audio_s,
            result.seconds,
        )
        return result
