"""What a worker process loads: the stages with the engines that the settings ask for, or a decoder."""

from include.gpu_host.audio.decoding import probe
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import ProbeJob
from include.gpu_host.stages.running import StageRunner


def load_stages(settings: Settings, device: str) -> StageRunner:
    """Loads and warms every engine on a device: the first call is as fast as the next."""
    raise NotImplementedError


def load_probe(max_duration_s: float) -> "Probe":
    """Loads the decoders that look at uploads."""
    return Probe(max_duration_s)


class Probe:
    """Looks at the beginning of an uploaded file.

    Args:
        max_duration_s: Longest recording that is taken.
    """

    about = None

    def __init__(self, max_duration_s: float) -> None:
        self._max_duration_s = max_duration_s

    def __call__(self, job: ProbeJob) -> None:
        """Checks a file.

        Raises:
            RecordingUnusable: It cannot be worked on.
        """
        probe(job.audio, self._max_duration_s)
