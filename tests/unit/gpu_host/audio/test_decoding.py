import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from include.errors import RecordingUnusable
from include.gpu_host.audio import sources
from include.gpu_host.audio.decoding import NotAudio, decode, probe
from tests.unit.gpu_host.audio.recordings import (
    TONE_HZ,
    loudest_hz,
    tone,
    write_with_ffmpeg,
    write_with_libsndfile,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """No ending: the host names files by their call."""
    return tmp_path / "audio"


def wav(samples: np.ndarray, rate_hz: int = 8_000, subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="WAV", subtype=subtype)
    return file.getvalue()


def mp3(path: Path, seconds: float, **options: str) -> bytes:
    write_with_ffmpeg(path, tone(16_000, seconds), 16_000, "mp3", "mp3", **options)
    return path.read_bytes()


def assert_is_the_tone(path: Path, seconds: float = 2.0, tolerance_s: float = 0.06) -> None:
    probe(path, 60)
    recording = decode(path, path.parent, 60)
    assert recording.channels == range(1)
    assert recording.duration_s == pytest.approx(seconds, abs=tolerance_s)
    heard = recording.samples(0)
    assert loudest_hz(heard) == pytest.approx(TONE_HZ, abs=2)
    assert np.abs(heard[1000:-1000]).max() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(
    ("container", "subtype", "rate_hz"),
    [
        ("WAV", "PCM_16", 8_000),
        ("WAV", "PCM_U8", 11_025),
        ("WAV", "PCM_24", 48_000),
        ("WAV", "FLOAT", 48_000),
        ("WAV", "PCM_16", 4_000),
        ("WAV", "PCM_16", 192_000),
        ("WAV", "ULAW", 8_000),
        ("WAV", "ALAW", 8_000),
        ("WAV", "GSM610", 8_000),
        ("WAV", "MS_ADPCM", 22_050),
        ("WAVEX", "PCM_16", 44_100),
        ("RF64", "PCM_16", 8_000),
        ("W64", "PCM_16", 8_000),
        ("AIFF", "PCM_16", 22_050),
        ("AU", "ULAW", 8_000),
        ("CAF", "ALAW", 8_000),
        ("VOC", "ULAW", 8_000),
        ("FLAC", "PCM_24", 44_100),
        ("OGG", "VORBIS", 16_000),
        ("OGG", "OPUS", 8_000),
        ("MP3", "MPEG_LAYER_III", 8_000),
        ("RAW", "GSM610", 8_000),
    ],
)
def test_what_libsndfile_writes_becomes_16_khz(
    path: Path, container: str, subtype: str, rate_hz: int
) -> None:
    write_with_libsndfile(path, tone(rate_hz), rate_hz, container, subtype)
    assert_is_the_tone(path)


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz", "bits_per_s"),
    [
        ("mp4", "aac", 16_000, 64_000),
        ("adts", "aac", 16_000, 64_000),
        ("flv", "aac", 44_100, 64_000),
        ("mpegts", "aac", 48_000, 64_000),
        ("asf", "wmav2", 44_100, 64_000),
        ("amr", "libopencore_amrnb", 8_000, 12_200),
        ("3gp", "libopencore_amrnb", 8_000, 12_200),
        ("wav", "adpcm_ima_wav", 16_000, 64_000),
        ("wav", "adpcm_g726", 8_000, 32_000),
        ("wav", "mp3", 16_000, 64_000),
        ("webm", "libopus", 16_000, 64_000),
        ("matroska", "pcm_s16le", 8_000, 128_000),
        ("mov", "alac", 16_000, 64_000),
        ("mov", "pcm_mulaw", 8_000, 64_000),
    ],
)
def test_what_ffmpeg_writes_becomes_16_khz(
    path: Path, container: str, codec: str, rate_hz: int, bits_per_s: int
) -> None:
    write_with_ffmpeg(path, tone(rate_hz), rate_hz, container, codec, b=str(bits_per_s))
    # Formats without a place for it keep the padding of the encoder.
    assert_is_the_tone(path, tolerance_s=0.2)


def test_blocks_join_without_a_seam(path: Path) -> None:
    heard = np.random.default_rng(1).normal(0, 0.1, 44_100 * 25 + 17)
    soundfile.write(path, heard, 44_100, format="WAV", subtype="FLOAT")
    recording = decode(path, path.parent, 60)
    at_once = soxr.resample(heard.astype(np.float32), 44_100, 16_000)
    assert recording.frames == len(at_once)
    assert np.abs(recording.samples(0) - at_once).max() < 1e-4


@pytest.mark.long
def test_mp3_is_read_without_clicks(path: Path) -> None:
    """Blocks of an MP3 need the bits of those before them."""
    write_with_libsndfile(path, tone(16_000, 30), 16_000, "MP3", "MPEG_LAYER_III")
    heard = decode(path, path.parent, 60).samples(0)[16_000:-16_000]
    pure = np.lib.stride_tricks.sliding_window_view(heard, 800)[::800]
    assert np.ptp(pure.std(axis=1)) < 0.01


@pytest.mark.long
@pytest.mark.parametrize("channels", [2, 8])
def test_channels_stay_apart(path: Path, channels: int) -> None:
    levels = [0.1 * (n + 1) for n in range(channels)]
    pitches = [0.1 + 0.05 * n for n in range(channels)]
    soundfile.write(
        path,
        np.stack(
            [level * np.sin(hz * np.arange(16_000)) for hz, level in zip(pitches, levels, strict=True)],
            axis=1,
        ),
        8_000,
        format="WAV",
    )
    recording = decode(path, path.parent, 10)
    assert [np.abs(recording.samples(n)).max() for n in recording.channels] == pytest.approx(levels, abs=0.04)


def test_channels_that_are_the_same_become_one(path: Path) -> None:
    path.write_bytes(wav(np.stack([tone(8_000)] * 2, axis=1)))
    recording = decode(path, path.parent, 10)
    assert (len(recording.channels), recording.frames) == (1, 32_000)


def voices(count: int, rate_hz: int = 16_000, seconds: float = 3.0) -> list[np.ndarray]:
    chance = np.random.default_rng(4)
    return [0.2 * chance.standard_normal(int(rate_hz * seconds)) for _ in range(count)]


def test_one_voice_with_a_trace_of_room_is_one_channel(path: Path) -> None:
    voice, room = voices(2)
    soundfile.write(path, np.stack([voice + 0.05 * room, voice - 0.03 * room], axis=1), 16_000, format="WAV")
    assert decode(path, path.parent, 10).channels == range(1)


def test_hiss_that_nobody_hears_makes_no_second_channel(path: Path) -> None:
    voice, hiss, other = voices(3)
    pause = np.concatenate([np.ones(16_000), np.zeros(16_000), np.ones(16_000)])
    sides = np.stack([voice * pause + 0.003 * hiss, voice * pause + 0.003 * other], axis=1)
    soundfile.write(path, sides, 16_000, format="WAV")
    assert decode(path, path.parent, 10).channels == range(1)


@pytest.mark.parametrize("heard_across", [0.0, 0.5])
def test_a_word_of_the_other_side_keeps_the_channels(path: Path, heard_across: float) -> None:
    """Also where one voice is in both channels for most of the time, or each side hears the other."""
    one, other = voices(2)
    only_then = np.zeros(len(other))
    only_then[16_000:22_000] = 1
    sides = np.stack([one + heard_across * other * only_then, one + other * only_then], axis=1)
    soundfile.write(path, sides, 16_000, format="WAV")
    assert decode(path, path.parent, 10).channels == range(2)


@pytest.mark.long
def test_mp3_in_the_wild(path: Path) -> None:
    whole = mp3(path, 2.0)
    tag = b"ID3\x04\x00\x00" + bytes([0, 0x3F, 0x7F, 0x7F]) + b"\x00" * 0x0F_FFFF
    for name, data in {
        "a big ID3v2 tag": tag + whole,
        "an ID3v1 tag": whole + b"TAG" + bytes(125),
        "junk before the first frame": np.random.default_rng(1).bytes(3_000) + whole,
        "junk after the last frame": whole + b"\x00" * 5_000,
        "a cut last frame": whole[:-50],
        "a variable rate": mp3(path, 2.0, q="4"),
    }.items():
        path.write_bytes(data)
        try:
            assert_is_the_tone(path, tolerance_s=0.15)
        except (RecordingUnusable, AssertionError) as error:
            raise AssertionError(name) from error


def test_joined_mp3_is_read_to_its_end(path: Path) -> None:
    """The header of the first part says how long that part was."""
    path.write_bytes(mp3(path, 2.0) + mp3(path, 3.0))
    assert decode(path, path.parent, 60).duration_s == pytest.approx(5.0, abs=0.3)


def test_tags_in_any_encoding_are_no_obstacle(path: Path) -> None:
    write_with_ffmpeg(path, tone(16_000), 16_000, "wav", "adpcm_ima_wav", tags={"artist": "Xyyzzy"})
    path.write_bytes(path.read_bytes().replace(b"Xyyzzy", b"Garc\xeda"))
    assert_is_the_tone(path)


def test_silence_that_was_left_out_is_put_back(path: Path) -> None:
    write_with_ffmpeg(path, tone(16_000), 16_000, "webm", "libopus", gap_s=30.0)
    recording = decode(path, path.parent, 60)
    assert recording.duration_s == pytest.approx(32.0, abs=0.1)
    assert not recording.samples(0, 2 * 16_000, 30 * 16_000).any()
    assert np.abs(recording.samples(0, -8_000)).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("length", [0, 0x7FFF_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_a_streamed_wav_without_a_length_is_read_to_its_end(path: Path, length: int) -> None:
    whole = bytearray(wav(tone(8_000)))
    at = whole.index(b"data") + 4
    whole[at : at + 4] = struct.pack("<I", length)
    path.write_bytes(whole)
    assert_is_the_tone(path)


def test_chunks_of_odd_length_and_rubbish_after_the_audio_are_passed_over(path: Path) -> None:
    whole = wav(tone(8_000))
    at = whole.index(b"data")
    path.write_bytes(whole[:at] + b"note" + struct.pack("<I", 3) + b"abc\x00" + whole[at:] + b"\x01" * 999)
    assert_is_the_tone(path)


def test_what_is_no_number_is_silence(path: Path) -> None:
    samples = tone(8_000)
    samples[100:110], samples[200], samples[300] = np.nan, np.inf, -1e30
    path.write_bytes(wav(samples, subtype="FLOAT"))
    assert_is_the_tone(path)
    # Only around it: the rest is as it was.
    path.write_bytes(wav(tone(8_000), subtype="FLOAT"))
    whole = decode(path, path.parent, 10).samples(0)
    path.write_bytes(wav(samples, subtype="FLOAT"))
    assert np.abs(decode(path, path.parent, 10).samples(0) - whole)[2_000:].max() < 0.01


@pytest.mark.parametrize(
    ("container", "kept_bytes"), [("WAV", 16_000), ("WAV", 45), ("RF64", 16_000), ("W64", 16_000)]
)
def test_a_wav_that_breaks_off_is_refused(path: Path, container: str, kept_bytes: int) -> None:
    write_with_libsndfile(path, tone(8_000), 8_000, container, "PCM_16")
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(RecordingUnusable, match="breaks off"):
        probe(path, 10)
    with pytest.raises(RecordingUnusable, match="breaks off"):
        decode(path, path.parent, 10)


def test_a_wav_may_lack_its_last_buffer(path: Path) -> None:
    path.write_bytes(wav(tone(8_000, 20.0))[:-8_000])
    assert_is_the_tone(path, seconds=19.5)


@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("mov", "alac")])
def test_what_breaks_later_is_refused_with_the_second(path: Path, container: str, codec: str) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 16_000 * 12)
    write_with_ffmpeg(path, noise, 16_000, container, codec)
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4 : len(data) * 3 // 4 + 6_000] = bytes(6_000)
    path.write_bytes(data)
    probe(path, 60)
    with pytest.raises(RecordingUnusable, match=r"broken at (8|9)\.\d s"):
        decode(path, path.parent, 60)


@pytest.mark.long
@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("mp4", "aac"), ("asf", "wmav2")])
def test_what_breaks_off_is_refused(path: Path, container: str, codec: str) -> None:
    options = {"movflags": "faststart"} if container == "mp4" else {}
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 44_100 * 12)
    write_with_ffmpeg(path, noise, 44_100, container, codec, b="64000", **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RecordingUnusable, match=r"breaks off|broken at|no audio"):
        decode(path, path.parent, 60)


@pytest.mark.long
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("movflags", ["frag_keyframe+empty_moov", "empty_moov+default_base_moof", "dash"])
def test_a_fragmented_mp4_that_breaks_off_is_refused(path: Path, movflags: str, share: float) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 16_000 * 12)
    options = {"movflags": movflags, "frag_duration": "1000000"}
    write_with_ffmpeg(path, noise, 16_000, "mp4", "aac", container_options=options, b="64000")
    whole = path.read_bytes()
    assert abs(decode(path, path.parent, 60).frames / 16_000 - 12) < 0.2
    path.write_bytes(whole[: round(len(whole) * share)])
    with pytest.raises(RecordingUnusable, match=r"breaks off in its fragment"):
        decode(path, path.parent, 60)


def test_a_header_that_promises_years_is_refused_at_once(path: Path) -> None:
    write_with_libsndfile(path, tone(8_000), 8_000, "FLAC", "PCM_16")
    data = bytearray(path.read_bytes())
    # The last 36 bits before the checksum of STREAMINFO: how many samples there are.
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    with pytest.raises(RecordingUnusable, match=r"lasts at least 8589935 s and this host takes 14400 s"):
        probe(path, 14_400)


@pytest.mark.long
def test_duration_is_limited_while_decoding_too(path: Path) -> None:
    whole = bytearray(wav(tone(8_000, 30.0), subtype="ULAW"))
    mp3(path, 30.0)
    for data in (path.read_bytes(), bytes(whole)):
        path.write_bytes(data)
        with pytest.raises(RecordingUnusable, match="this host takes 20 s"):
            decode(path, path.parent, 20)


def test_a_multitude_of_tiny_packets_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_with_ffmpeg(path, tone(16_000), 16_000, "webm", "libopus", frame_duration="2.5")
    assert_is_the_tone(path)
    monkeypatch.setattr(sources, "_FREE_PACKETS", 20)
    monkeypatch.setattr(sources, "_MAX_PACKETS_PER_S", 100)
    with pytest.raises(RecordingUnusable, match="pieces for"):
        decode(path, path.parent, 10)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(tone(8_000)))
    for name, content in {
        "text": b"Hello, this is a text. " * 200,
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
        # Playlists would have the host read other files.
        "concat": b"ffconcat version 1.0\nfile secret.wav\n",
        "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.wav\n#EXT-X-ENDLIST\n",
        "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
        "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\n",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotAudio, match="no audio"):
            probe(tmp_path / name, 10)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (wav(tone(8_000, 0)), "no audio frames"),
        (wav(tone(8_000))[:36] + b"note\x00\x00\x00\x00" * 20_000, "no audio in its first 10000 chunks"),
        (wav(tone(8_000, 11)), "11 s and this host takes 10 s"),
        (wav(np.zeros((800, 9))), "9 channels"),
        (wav(tone(2_000), 2_000), "sample rate of 2000 Hz"),
        (wav(tone(8_000, 0.1), 384_000), "sample rate of 384000 Hz"),
    ],
)
def test_unusable_recordings_are_refused(path: Path, data: bytes, reason: str) -> None:
    path.write_bytes(data)
    with pytest.raises(RecordingUnusable, match=reason):
        probe(path, 10)
    with pytest.raises(RecordingUnusable, match=reason):
        decode(path, path.parent, 10)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "audio").write_bytes(wav(tone(8_000)))
    (tmp_path / "scratch").mkdir()
    recording = decode(tmp_path / "audio", tmp_path / "scratch", 10)
    assert list((tmp_path / "scratch").iterdir()) == []
    # The samples live on without a name.
    assert recording.samples(0).any()
