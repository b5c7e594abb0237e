"""The four stages with their engines loaded: what a worker process holds."""

from dataclasses import dataclass

import numpy as np

from include.calls.stage import GPU_STAGES
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.engines.choosing import chosen_denoiser, chosen_embedder, chosen_models
from include.gpu_host.engines.protocol import Denoiser, LanguageIdentifier, Recogniser
from include.gpu_host.ivr.finding import IvrFinding
from include.gpu_host.ivr.library import load_library
from include.gpu_host.settings import Settings
from include.gpu_host.speakers.voices import Voices
from include.gpu_host.stages.denoising import Denoising
from include.gpu_host.stages.job import About, Head
from include.gpu_host.stages.languages import Languages
from include.gpu_host.stages.recognition import Recognition

Loaded = tuple[Denoising | IvrFinding | Languages | Recognition, ...]


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
        stages: Loaded = (self.denoising, self.ivr, self.languages, self.recognition)
        return About(
            engines={stage: loaded.engine for stage, loaded in zip(GPU_STAGES, stages, strict=True)},
            tuning={stage: loaded.tuning for stage, loaded in zip(GPU_STAGES, stages, strict=True)},
            languages=self.languages.known,
            hears_vocabulary=self.recognition.hears_vocabulary,
        )


def loaded_stages(settings: Settings, device: str) -> LoadedStages:
    """Loads and warms everything on a device: the first call is as fast as the next.

    Raises:
        InvalidInput: A setting points to something that is not there; the message says what to do.
    """
    identifier, recogniser = chosen_models(settings, device)  # first: this is what may be missing
    denoiser = chosen_denoiser(settings)
    embedder = chosen_embedder(settings)
    stages = LoadedStages(
        denoising=Denoising(denoiser, settings.denoise_below_snr_db),
        ivr=IvrFinding(load_library(settings.prompts_dir), settings.dead_air_s),
        languages=Languages(identifier),
        recognition=Recognition(
            recogniser, Voices(embedder) if embedder else None, [settings.beam_size], identifier
        ),
    )
    _warm_up(denoiser, identifier, recogniser, stages.ivr)
    return stages


def _warm_up(
    denoiser: Denoiser, identifier: LanguageIdentifier, recogniser: Recogniser, ivr: IvrFinding
) -> None:
    """Runs everything once over a second of hiss: libraries load much at their first use only."""
    hiss = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)
    list(denoiser.enhance([hiss]))
    [probabilities] = identifier.probabilities([hiss])
    recogniser.hear([hiss], max(probabilities, key=lambda language: probabilities[language]))
    ivr.run(Head(call_id="warm-up", engine=ivr.engine, seconds=0.0, audio_s=1.0), Recording.of(hiss[None]))
