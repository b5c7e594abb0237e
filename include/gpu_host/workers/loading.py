"""What a worker process loads: the stages with the engines that the settings ask for, or a decoder.

The server's process imports this file to name what its workers run, so models are imported only where they
are loaded: a server without them starts at once and takes little memory.
"""

from typing import TYPE_CHECKING

from include.gpu_host.audio.decoding import probe
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import ProbeJob

if TYPE_CHECKING:
    from include.gpu_host.stages.running import StageRunner


def load_stages(settings: Settings, device: str) -> "StageRunner":
    """Loads and warms every engine on a device: the first call is as fast as the next.

    Raises:
        InvalidInput: A setting points to something that is not there; the message says what to do.
    """
    from include.gpu_host.stages.loaded import loaded_stages  # noqa: PLC0415
    from include.gpu_host.stages.running import StageRunner  # noqa: PLC0415

    return StageRunner(loaded_stages(settings, device), settings.max_duration_s)


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
