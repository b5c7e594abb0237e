"""The engines that the settings ask for. Another engine is a class in this folder and a line here."""

from include.gpu_host.engines.campplus import CamPlusPlus
from include.gpu_host.engines.deepfilternet import DeepFilterNet
from include.gpu_host.engines.onnx_asr import OnnxRecogniser
from include.gpu_host.engines.protocol import Denoiser, LanguageIdentifier, Recogniser, SpeakerEmbedder
from include.gpu_host.engines.rnnoise import Rnnoise
from include.gpu_host.engines.transcription_server import TranscriptionServer
from include.gpu_host.engines.weights import find_onnx, find_whisper
from include.gpu_host.engines.whisper import Whisper, WhisperLanguages, WhisperRecogniser
from include.gpu_host.settings import PACKAGED_WHISPER, Settings


def chosen_denoiser(settings: Settings) -> Denoiser:
    """Loads the speech enhancement; it runs on the CPU, beside whatever device."""
    return Rnnoise() if settings.denoise_engine == "rnnoise" else DeepFilterNet()


def chosen_embedder(settings: Settings) -> SpeakerEmbedder | None:
    """Loads what tells voices apart; it runs on the CPU. None where people on one channel are left together.

    Raises:
        InvalidInput: The setting points to weights that are not there; the message says what to do.
    """
    return None if settings.speaker_model == "none" else CamPlusPlus(settings.speaker_model)


def chosen_models(settings: Settings, device: str) -> tuple[LanguageIdentifier, Recogniser]:
    """Loads language identification and recognition: one model, where a multilingual Whisper does both.

    Raises:
        InvalidInput: A setting points to weights that are not there; the message says what to do.
    """
    if settings.stt_engine == "openai":
        return WhisperLanguages(_lid_whisper(settings, device)), _transcription_server(settings)
    if settings.stt_engine == "onnx-asr":
        weights = find_onnx(
            settings.stt_model,
            settings.weights_dir,
            sha256=settings.stt_model_sha256,
            quantization="int8" if device == "cpu" else None,
        )
        onnx = OnnxRecogniser(weights, device, **_resources(settings, device))
        return WhisperLanguages(_lid_whisper(settings, device)), onnx
    weights = find_whisper(settings.stt_model, settings.weights_dir, sha256=settings.stt_model_sha256)
    whisper = Whisper(weights, device, **_resources(settings, device))
    for_languages = whisper
    if settings.lid_model or not whisper.is_multilingual:
        for_languages = _lid_whisper(settings, device)
    return WhisperLanguages(for_languages), WhisperRecogniser(whisper, settings.beam_size)


def _transcription_server(settings: Settings) -> TranscriptionServer:
    return TranscriptionServer(
        settings.stt_url,
        settings.stt_model,
        key=settings.stt_api_key,
        in_flight=settings.stt_in_flight,
        timeout_s=settings.stt_timeout_s,
    )


def _lid_whisper(settings: Settings, device: str) -> Whisper:
    weights = find_whisper(
        settings.lid_model or PACKAGED_WHISPER,
        settings.weights_dir,
        sha256=settings.lid_model_sha256,
        setting="lid_model",
    )
    return Whisper(weights, device, **_resources(settings, device))


def _resources(settings: Settings, device: str) -> dict[str, int]:
    """A GPU hears batches, one after the other; a CPU is quickest with a one-threaded worker per request."""
    return {
        "cpu_threads": settings.cpu_threads,
        "workers": settings.capacity if device == "cpu" else 1,
        "batch_size": settings.batch_size,
    }
