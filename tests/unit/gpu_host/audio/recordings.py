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
    **options: Any,
) -> None:
    """With a gap, what follows the first half is written so much later, and nothing in between."""
    with av.open(str(path), "w", format=container) as output:
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
