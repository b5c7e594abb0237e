"""Recordings as files; the same samples give the same bytes."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from include.demo.sample_calls.voices import RATE_HZ, Samples

_CODECS = {".opus": "libopus", ".mp3": "libmp3lame"}
_BIT_RATES_PER_S = {".opus": 16_000, ".mp3": 16_000}
# Each channel for itself: joint stereo at these bit rates lets one speaker be heard on the other's channel.
# Each MP3 frame for itself: libsndfile seeks between blocks, and then misses what earlier frames hold of one.
_OPTIONS = {".opus": {"mapping_family": "255"}, ".mp3": {"joint_stereo": "0", "reservoir": "0"}}
# libsndfile's scale, 0 (best) to 1 (smallest). Calls at 1 lose too much of the music to recognise it.
CALL_COMPRESSION = 0.8
LIBRARY_COMPRESSION = 0.4
# No random stream number, no version of the writer.
_REPEATABLE = {"fflags": "+bitexact"}


def write(path: Path, samples: Samples, vorbis_compression: float = CALL_COMPRESSION) -> None:
    """Writes a recording in the format that the suffix names.

    Args:
        path: `.wav` (mu-law), `.flac`, `.ogg` (Vorbis), `.opus` (in Ogg) or `.mp3`.
        samples: Shape (channels, frames), at `RATE_HZ`.
        vorbis_compression: 0 (best) to 1 (smallest).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in _CODECS:
        _write_by_ffmpeg(path, samples)
    elif path.suffix == ".ogg":
        _write_vorbis(path, samples, vorbis_compression)
    else:
        subtype = "ULAW" if path.suffix == ".wav" else "PCM_16"
        soundfile.write(path, samples.T, RATE_HZ, subtype=subtype)


def _write_vorbis(path: Path, samples: Samples, compression: float) -> None:
    """Encodes by libsndfile, whose stream number is random, and packs the packets again without one."""
    encoded = io.BytesIO()
    soundfile.write(
        encoded, samples.T, RATE_HZ, format="OGG", subtype="VORBIS", compression_level=compression
    )
    encoded.seek(0)
    with (
        av.open(encoded, "r") as source,
        av.open(str(path), "w", format="ogg", options=_REPEATABLE) as target,
    ):
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)


def _write_by_ffmpeg(path: Path, samples: Samples) -> None:
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    layout = "stereo" if len(pcm) == 2 else "mono"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm.T).reshape(1, -1), "s16", layout)
    frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), 0
    with av.open(str(path), "w", options=_REPEATABLE) as container:
        stream = container.add_stream(_CODECS[path.suffix], rate=RATE_HZ, options=_OPTIONS[path.suffix])
        assert isinstance(stream, av.AudioStream)
        stream.layout, stream.bit_rate = layout, _BIT_RATES_PER_S[path.suffix] * len(pcm)
        container.mux([*stream.encode(frame), *stream.encode(None)])
