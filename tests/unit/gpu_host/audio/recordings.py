"""Makes recordings in the formats that contact centres and phones write."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

TONE_HZ = 440


def tone(rate_hz: int, seconds: float = 2.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * TONE_HZ * np.arange(int(rate_hz * seconds)) / rate_hz)


def loudest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / 16_000)[spectrum.argmax()])


def write_with_libsndfile(
    path: Path, samples: np.ndarray, rate_hz: int, container: str, subtype: str
) -> None:
    """In pieces: libsndfile's Vorbis encoder puts all that it is given on the stack."""
    channels = samples.shape[1] if samples.ndim == 2 else 1
    with soundfile.SoundFile(path, "w", rate_hz, channels, format=container, subtype=subtype) as file:
        for start in range(0, len(samples), rate_hz):
            file.write(samples[start : start + rate_hz])


def write_with_ffmpeg(
    path: Path,
    samples: np.ndarray,
    rate_hz: int,
    container: str,
    codec: str,
    *,
    gap_s: float = 0.0,
    tags: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    **options: Any,
) -> None:
    """With a gap, what follows the first half is written so much later, and nothing in between."""
    with av.open(str(path), "w", format=container, options=container_options or {}) as output:
        output.metadata.update(tags or {})
        stream = output.add_stream(codec, rate=rate_hz, layout="mono", options=options)
        as_codec = av.AudioResampler(
            format=stream.format.name, layout="mono", rate=rate_hz, frame_size=stream.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        packets = [
            packet
            for ready in [*as_codec.resample(frame), *as_codec.resample(None), None]
            for packet in stream.encode(ready)
        ]
        for number, packet in enumerate(packets):
            if gap_s and number >= len(packets) // 2:
                packet.pts += round(gap_s / packet.time_base)
                packet.dts = packet.pts
            output.mux(packet)


def in_every_format(folder: Path) -> list[bytes]:
    """A noisy tone of 3 s in each format that is common."""
    path = folder / "audio"

    def sound(rate_hz: int) -> np.ndarray:
        noise = np.random.default_rng(1).normal(0, 0.05, 3 * rate_hz)
        return np.clip(tone(rate_hz, 3.0) + noise, -1, 1)

    written = []
    for container, subtype, rate_hz in [
        ("WAV", "PCM_16", 8_000),
        ("WAV", "ULAW", 8_000),
        ("WAV", "GSM610", 8_000),
        ("WAV", "FLOAT", 16_000),
        ("WAV", "MS_ADPCM", 8_000),
        ("RF64", "PCM_16", 8_000),
        ("W64", "PCM_16", 8_000),
        ("AIFF", "PCM_16", 8_000),
        ("CAF", "ALAW", 8_000),
        ("FLAC", "PCM_16", 16_000),
        ("OGG", "VORBIS", 16_000),
        ("OGG", "OPUS", 8_000),
        ("MP3", "MPEG_LAYER_III", 16_000),
        ("RAW", "GSM610", 8_000),
    ]:
        write_with_libsndfile(path, sound(rate_hz), rate_hz, container, subtype)
        written.append(path.read_bytes())
    for container, codec, rate_hz in [
        ("mp4", "aac", 16_000),
        ("adts", "aac", 16_000),
        ("flv", "aac", 44_100),
        ("mpegts", "aac", 48_000),
        ("asf", "wmav2", 44_100),
        ("amr", "libopencore_amrnb", 8_000),
        ("wav", "adpcm_ima_wav", 16_000),
        ("webm", "libopus", 16_000),
        ("matroska", "pcm_s16le", 8_000),
        ("mp3", "mp3", 16_000),
    ]:
        write_with_ffmpeg(path, sound(rate_hz), rate_hz, container, codec, b="64000")
        written.append(path.read_bytes())
    return written
