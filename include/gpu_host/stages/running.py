"""Runs jobs in a worker process: decodes the recording, and hands it to the stage."""

import time
from pathlib import Path
from typing import TypeVar

from include.calls.stage import Stage
from include.gpu.wire import DenoiseResult, IvrResult, LidResult, StageResult, SttResult
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.finding import Learning
from include.gpu_host.ivr.learned import LearnedLibrary, read_library
from include.gpu_host.stages.job import About, Head, LearningJob, ListenJob, StageJob
from include.gpu_host.stages.loaded import LoadedStages

_Result = TypeVar("_Result", bound=DenoiseResult | IvrResult | LidResult | SttResult)


class StageRunner:
    """What a worker process does with a job. It may be called from several threads at once.

    Args:
        stages: Loaded.
        max_duration_s: Longest recording that is decoded.
    """

    def __init__(self, stages: LoadedStages, max_duration_s: float) -> None:
        self._stages = stages
        self._max_duration_s = max_duration_s
        self.about: About = stages.about
        self._learned: tuple[Path, LearnedLibrary] | None = None

    def __call__(self, job: StageJob | ListenJob) -> StageResult | None:
        """Does a job; returns a stage's result, and nothing for a copy to listen to.

        Raises:
            RecordingUnusable: It cannot be decoded.
            FileNotFoundError: The call was deleted meanwhile.
        """
        if isinstance(job, ListenJob):
            self._stages.denoising.write_enhanced(self._decoded(job.audio, job.scratch), job.draft)
            return None
        began_s = time.perf_counter()
        result = self._run(job)
        return result.model_copy(update={"seconds": round(time.perf_counter() - began_s, 3)})

    def _run(self, job: StageJob) -> StageResult:
        """Denoise and IVR hear the original, LID and STT the enhanced recording where there is one."""
        stages = self._stages
        recording = self._decoded(job.enhanced or job.audio, job.scratch)
        head = Head(
            call_id=job.call_id,
            engine=self.about.engines[job.stage],
            seconds=0.0,
            audio_s=round(recording.duration_s, 3),
        )
        match job.stage:
            case Stage.DENOISE:
                return stages.denoising.run(head, recording, job.draft)
            case Stage.IVR:
                return stages.ivr.run(head, recording, self._learning(job.learning))
            case Stage.LID:
                ivr = _earlier(job, IvrResult)
                return stages.languages.run(head, recording, ivr, job.options.languages)
            case _:
                ivr, lid = _earlier(job, IvrResult), _earlier(job, LidResult)
                return stages.recognition.run(head, recording, ivr, lid, job.options)

    def _learning(self, job: LearningJob | None) -> Learning | None:
        """What was learned, read anew only when it has changed."""
        if job is None:
            return None
        held = self._learned
        if held is None or held[0] != job.library:
            self._learned = held = (job.library, read_library(job.library))
        return Learning(held[1], job.calls_heard, job.min_calls, job.hand_over)

    def _decoded(self, path: Path, scratch: Path) -> Recording:
        return decode(path, scratch, self._max_duration_s)


def _earlier(job: StageJob, kind: type[_Result]) -> _Result:
    return next(result for result in job.earlier if isinstance(result, kind))
