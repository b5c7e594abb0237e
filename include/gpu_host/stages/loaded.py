"""The four stages with their engines loaded: what a worker process holds."""

from dataclasses import dataclass

from include.calls.stage import Stage
from include.gpu_host.ivr.finding import IvrFinding
from include.gpu_host.stages.denoising import Denoising
from include.gpu_host.stages.job import About
from include.gpu_host.stages.languages import Languages
from include.gpu_host.stages.recognition import Recognition


@dataclass(frozen=True)
class LoadedStages:
    """Each has an `engine` (who it is) and `tuning` (the settings that change what it finds)."""

    denoising: Denoising
    ivr: IvrFinding
    languages: Languages
    recognition: Recognition

    @property
    def about(self) -> About:
        """What the server needs to know about them."""
        by_stage = {
            Stage.DENOISE: self.denoising,
            Stage.IVR: self.ivr,
            Stage.LID: self.languages,
            Stage.STT: self.recognition,
        }
        return About(
            engines={stage: loaded.engine for stage, loaded in by_stage.items()},
            tuning={stage: loaded.tuning for stage, loaded in by_stage.items()},
            languages=self.languages.known,
        )
