"""Loads the real engines, as the settings ask."""

import numpy as np

from include.gpu_host.audio import SAMPLE_RATE_HZ
from include.gpu_host.chain import Engines
from include.gpu_host.engines.denoise import DenoiseEngine
from include.gpu_host.engines.ivr import IvrEngine
from include.gpu_host.engines.lid import LidEngine
from include.gpu_host.engines.stt import SttEngine
from include.gpu_host.engines.whisper import Whisper
from include.gpu_host.settings import Settings
from include.gpu_host.speech import speech_spans
from include.gpu_host.weights import find_weights


def load_engines(settings: Settings) -> Engines:
    """Loads and warms every engine: the first call is as fast as the next.

    Raises:
        InvalidInput: A setting points to something that is not there; the message says what to do.
    """
    whisper = Whisper(
        find_weights(settings.stt_model, settings.weights_dir),
        settings.device,
        cpu_threads=settings.cpu_threads,
        workers=settings.capacity,
    )
    engines = Engines(
        denoise=DenoiseEngine(settings.denoise_below_snr_db),
        ivr=IvrEngine(settings.prompts_dir, settings.dead_air_s),
        lid=LidEngine(whisper),
        stt=SttEngine(whisper, settings.beam_size),
    )
    silence = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    speech_spans(silence)
    whisper.model.detect_language(silence)
    return engines
