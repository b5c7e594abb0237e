from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from include.errors import RecordingUnusable
from include.gpu_host.audio import NotAudio, Recording, decode, probe, write_flac

TONE_HZ = 440


def tone(rate_hz: int, seconds: float = 2.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * TONE_HZ * np.arange(int(rate_hz * seconds)) / rate_hz)


def loudest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / 16_000)[spectrum.argmax()])


def write_with_ffmpeg(path: Path, codec: str, container: str) -> None:
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=16_000, layout="mono")
        as_codec = av.AudioResampler(format=stream.format.name, layout="mono", rate=16_000)
        frame = av.AudioFrame.from_ndarray(
            (tone(16_000) * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = 16_000
        for packed in [*as_codec.resample(frame), None]:
            output.mux(stream.encode(packed))


@pytest.mark.parametrize(
    ("container", "subtype", "rate_hz"),
    [
        ("WAV", "PCM_16", 8_000),
        ("WAV", "ULAW", 8_000),
        ("WAV", "ALAW", 8_000),
        ("WAV", "GSM610", 8_000),
        ("WAV", "FLOAT", 48_000),
        ("FLAC", "PCM_24", 44_100),
        ("OGG", "VORBIS", 16_000),
        ("OGG", "OPUS", 8_000),
        ("MP3", "MPEG_LAYER_III", 16_000),
    ],
)
def test_common_formats_become_16_khz(tmp_path: Path, container: str, subtype: str, rate_hz: int) -> None:
    path = tmp_path / "audio"
    soundfile.write(path, tone(rate_hz), rate_hz, format=container, subtype=subtype)
    probe(path, 10)
    recording = decode(path, 10)
    assert recording.samples.dtype == np.float32
    assert recording.duration_s == pytest.approx(2.0, abs=0.06)
    assert loudest_hz(recording.samples[0]) == pytest.approx(TONE_HZ, abs=2)
    assert np.abs(recording.samples[0, 1000:-1000]).max() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("flv", "aac"), ("wav", "adpcm_ima_wav")])
def test_ffmpeg_reads_what_libsndfile_cannot(tmp_path: Path, container: str, codec: str) -> None:
    path = tmp_path / "audio"
    write_with_ffmpeg(path, codec, container)
    recording = decode(path, 10)
    assert recording.duration_s == pytest.approx(2.0, abs=0.15)
    assert loudest_hz(recording.samples[0]) == pytest.approx(TONE_HZ, abs=2)


def test_channels_stay_apart_unless_they_are_the_same(tmp_path: Path) -> None:
    left, right = tone(8_000), tone(8_000, level=0.1)
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), 8_000)
    soundfile.write(tmp_path / "twice.wav", np.stack([left, left], axis=1), 8_000)
    peaks = np.abs(decode(tmp_path / "stereo.wav", 10).samples).max(axis=1)
    assert peaks == pytest.approx([0.5, 0.1], abs=0.02)
    assert decode(tmp_path / "twice.wav", 10).samples.shape == (1, 32_000)


@pytest.mark.parametrize("kept_bytes", [16_000, 45])
def test_a_wav_that_breaks_off_is_refused(tmp_path: Path, kept_bytes: int) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(8_000), 8_000)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    for check in (probe, decode):
        with pytest.raises(RecordingUnusable, match="breaks off"):
            check(path, 10)


def test_a_flac_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    noise = np.random.default_rng(1).normal(0, 0.1, 16_000 * 4)
    soundfile.write(path, noise, 16_000)
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(RecordingUnusable):
        decode(path, 10)


def test_a_streamed_wav_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "streamed.wav"
    soundfile.write(path, tone(8_000), 8_000)
    whole = bytearray(path.read_bytes())
    at = whole.index(b"data") + 4
    whole[at : at + 4] = b"\xff" * 4
    path.write_bytes(whole)
    assert decode(path, 10).duration_s == pytest.approx(2.0)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "secret.wav", tone(8_000), 8_000)
    for name, content in {
        "text.wav": b"Hello, this is a text. " * 200,
        "picture.wav": b"\x89PNG\r\n\x1a\n" + bytes(500),
        # A playlist would have the host read other files.
        "playlist.wav": b"ffconcat version 1.0\nfile secret.wav\n",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotAudio, match="no audio"):
            probe(tmp_path / name, 10)


def test_unusable_recordings_are_refused(tmp_path: Path, wav: Callable[..., bytes]) -> None:
    path = tmp_path / "audio"
    for content, reason in [
        (b"", "is empty"),
        (wav(seconds=0), "no audio frames"),
        (wav(seconds=11), "11 s and this host takes 10 s"),
        (wav(channels=9), "9 channels"),
    ]:
        path.write_bytes(content)
        with pytest.raises(RecordingUnusable, match=reason):
            probe(path, 10)


def test_enhanced_audio_comes_back_as_it_was(tmp_path: Path) -> None:
    samples = np.stack([tone(16_000), tone(16_000, level=1.2)]).astype(np.float32)
    write_flac(tmp_path / "enhanced", Recording(samples))
    back = decode(tmp_path / "enhanced", 10).samples
    assert back == pytest.approx(np.clip(samples, -1, 1), abs=1e-4)
