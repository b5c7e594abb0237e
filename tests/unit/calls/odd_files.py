"""Files as they lie in contact centres' folders, made here: what recorders, phones and people leave."""

import gzip
import io
import random
import struct
import tempfile
import zipfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from tests.unit.gpu_host.audio.recordings import tone, write_with_ffmpeg, write_with_libsndfile

SECONDS = 12.0


def sound(rate_hz: int, seconds: float = SECONDS, seed: int = 1) -> np.ndarray:
    """A tone in noise: no codec makes nothing of it."""
    noise = np.random.default_rng(seed).normal(0, 0.05, int(seconds * rate_hz))
    return np.clip(tone(rate_hz, seconds) + noise, -1, 1)


@cache
def by_libsndfile(
    container: str, subtype: str, rate_hz: int = 8000, seconds: float = SECONDS, channels: int = 1
) -> bytes:
    """Written by libsndfile."""
    sides = np.stack([sound(rate_hz, seconds, seed) for seed in range(1, channels + 1)], axis=1)
    return _written(lambda path: write_with_libsndfile(path, sides, rate_hz, container, subtype))


@cache
def by_ffmpeg(
    container: str,
    codec: str,
    rate_hz: int,
    seconds: float = SECONDS,
    bits_per_s: int = 64_000,
    **options: Any,
) -> bytes:
    """Written by FFmpeg."""
    samples = sound(rate_hz, seconds)
    return _written(
        lambda path: write_with_ffmpeg(path, samples, rate_hz, container, codec, b=str(bits_per_s), **options)
    )


@cache
def tracks(
    container: str = "mov", audio: int = 1, *, picture: bool = False, seconds: float = SECONDS
) -> bytes:
    """A file of several tracks: a black picture, and sound."""

    def write(path: Path) -> None:
        with av.open(str(path), "w", format=container) as output:
            video = output.add_stream("mpeg4", rate=5) if picture else None
            if video:
                video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            streams = [output.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(audio)]
            for number in range(int(seconds * 5) if video else 0):
                image = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
                image.pts, image.time_base = number, Fraction(1, 5)
                output.mux(video.encode(image))
            for stream in streams:
                pcm = (sound(8000, seconds) * 32767).astype(np.int16)[None]
                frame = av.AudioFrame.from_ndarray(pcm, "s16", "mono")
                frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
                output.mux(stream.encode(frame))
            for stream in filter(None, [video, *streams]):
                output.mux(stream.encode(None))

    return _written(write)


def _written(write: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audio"
        write(path)
        return path.read_bytes()


def pcm() -> bytes:
    """A plain WAV, 44 bytes of header before its audio."""
    return by_libsndfile("WAV", "PCM_16")


def chunk(name: bytes, content: bytes) -> bytes:
    """Of a RIFF file."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def declaring(whole: bytes, length: int, riff: int | None = None) -> bytes:
    """A WAV whose chunk of audio declares another length, and the file another size."""
    at = whole.index(b"data") + 4
    changed = whole[:at] + struct.pack("<I", length) + whole[at + 4 :]
    return changed if riff is None else changed[:4] + struct.pack("<I", riff) + changed[8:]


def wav(tag: int, audio: bytes, *, rate_hz: int, byte_rate: int, block: int, bits: int = 0) -> bytes:
    """A WAV of any codec."""
    codec = struct.pack("<HHIIHHH", tag, 1, rate_hz, byte_rate, block, bits, 0)
    body = b"WAVE" + chunk(b"fmt ", codec) + chunk(b"data", audio)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def g722(tag: int, rate_hz: int) -> bytes:
    """G.722 in WAV; many write the 8 kHz of its RTP clock for its 16 kHz."""
    whole = by_ffmpeg("wav", "g722", 16_000)
    audio = whole[whole.index(b"data") + 8 :]
    return wav(tag, audio, rate_hz=rate_hz, byte_rate=8000, block=1, bits=8)


def two_chunks(whole: bytes, *between: bytes) -> bytes:
    """A WAV whose audio is in two chunks."""
    at = whole.index(b"data") + 8
    audio = whole[at:]
    half = len(audio) // 4 * 2
    parts = (
        whole[12 : at - 8] + chunk(b"data", audio[:half]) + b"".join(between) + chunk(b"data", audio[half:])
    )
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WAVE" + parts


def without_duration(webm: bytes) -> bytes:
    """As browsers record: they know no length when they write the header."""
    at = webm.index(b"\x44\x89\x88")
    return webm[:at] + b"\xec\x89" + bytes(9) + webm[at + 11 :]


def silent(whole: bytes, start: int, end: int) -> bytes:
    """A file with zeros in a part of it."""
    return whole[:start] + bytes(end - start) + whole[end:]


def without_length(flac: bytes) -> bytes:
    """A FLAC whose writer could not go back to its beginning, or was killed: it states no length."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def random_bytes(size: int, seed: int = 1) -> bytes:
    """What encryption makes of anything."""
    return random.Random(seed).randbytes(size)


def zipped() -> bytes:
    """An archive with a recording in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("call.wav", pcm())
    return file.getvalue()


def raw(subtype: str) -> bytes:
    """Samples without a header."""
    file = io.BytesIO()
    soundfile.write(file, sound(8000), 8000, format="RAW", subtype=subtype)
    return file.getvalue()


# What is audited whole, all of it of one length.
AUDITED: dict[str, Callable[[], bytes]] = {
    "voice memo.m4a": lambda: by_ffmpeg("mp4", "aac", 16_000),
    "screen recording.mov": lambda: tracks(picture=True),
    "moov first.m4a": lambda: by_ffmpeg("mp4", "aac", 16_000, movflags="faststart"),
    "aac named.wav": lambda: by_ffmpeg("adts", "aac", 16_000),
    "mp3 named.wav": lambda: by_ffmpeg("mp3", "mp3", 16_000),
    "wav named.mp3": pcm,
    "no ending": pcm,
    "phone.amr": lambda: by_ffmpeg("amr", "libopencore_amrnb", 8000, bits_per_s=12_200),
    "phone.3gp": lambda: by_ffmpeg("3gp", "libopencore_amrnb", 8000, bits_per_s=12_200),
    "browser.webm": lambda: by_ffmpeg("webm", "libopus", 48_000),
    "browser live.webm": lambda: without_duration(by_ffmpeg("webm", "libopus", 48_000)),
    "asterisk.gsm": lambda: by_libsndfile("RAW", "GSM610"),
    "asterisk.WAV": lambda: by_libsndfile("WAV", "GSM610"),
    "pbx a-law.wav": lambda: by_libsndfile("WAV", "ALAW"),
    "pbx u-law.wav": lambda: by_libsndfile("WAV", "ULAW"),
    "pbx g726.wav": lambda: by_ffmpeg("wav", "adpcm_g726", 8000, bits_per_s=32_000),
    "pbx g722.wav": lambda: g722(0x028F, 16_000),
    "pbx g722 by its clock.wav": lambda: g722(0x028F, 8000),
    "pbx g722 by its other tag.wav": lambda: g722(0x0065, 16_000),
    "pbx g729.wav": lambda: wav(
        0x83, random_bytes(1000 * int(SECONDS)), rate_hz=8000, byte_rate=1000, block=10
    ),
    "studio.wav": lambda: by_libsndfile("WAV", "PCM_24", 48_000),
    "softphone.wav": lambda: by_libsndfile("WAV", "FLOAT", 16_000),
    "old.wav": lambda: by_libsndfile("WAV", "PCM_U8"),
    "dictation ms.wav": lambda: by_libsndfile("WAV", "MS_ADPCM"),
    "lossless.m4a": lambda: by_ffmpeg("mov", "alac", 16_000),
    "archive.flac": lambda: by_libsndfile("FLAC", "PCM_16"),
    "vorbis.ogg": lambda: by_libsndfile("OGG", "VORBIS", 16_000),
    "call.opus": lambda: by_libsndfile("OGG", "OPUS"),
    "call.mp3": lambda: by_ffmpeg("mp3", "mp3", 16_000),
    "dictation ima.wav": lambda: by_ffmpeg("wav", "adpcm_ima_wav", 16_000),
    "sun.au": lambda: by_libsndfile("AU", "ULAW"),
    "mac.aiff": lambda: by_libsndfile("AIFF", "PCM_16"),
    "iphone.caf": lambda: by_libsndfile("CAF", "ALAW"),
    "flash.flv": lambda: by_ffmpeg("flv", "aac", 44_100),
    "camera.ts": lambda: by_ffmpeg("mpegts", "aac", 48_000),
    "windows media.wma": lambda: by_ffmpeg("asf", "wmav2", 44_100),
    "matroska.mka": lambda: by_ffmpeg("matroska", "pcm_s16le", 8000),
    "long.w64": lambda: by_libsndfile("W64", "PCM_16"),
    "broadcast.rf64": lambda: by_libsndfile("RF64", "PCM_16"),
    "killed recorder.wav": lambda: declaring(pcm(), 0),
    "killed recorder, old size.wav": lambda: declaring(pcm(), 0, riff=36),
    "killed recorder, old lengths.wav": lambda: declaring(pcm(), 32_000, riff=32_036),
    "killed recorder of g726.wav": lambda: declaring(
        by_ffmpeg("wav", "adpcm_g726", 8000, bits_per_s=32_000), 0
    ),
    "killed recorder of gsm.wav": lambda: declaring(by_libsndfile("WAV", "GSM610"), 0),
    "streamed.wav": lambda: declaring(pcm(), 0xFFFF_FFFF),
    "killed recorder, silent at first.wav": lambda: declaring(silent(pcm(), 44, 32_044), 0),
    "killed recorder, silent where it stopped.wav": lambda: declaring(silent(pcm(), 32_000, 64_000), 32_000),
    "streamed.flac": lambda: without_length(by_libsndfile("FLAC", "PCM_16")),
    "two chunks.wav": lambda: two_chunks(pcm()),
    "two chunks, notes between.wav": lambda: two_chunks(pcm(), chunk(b"LIST", b"INFOICMTxxx")),
    "two chunks of u-law.wav": lambda: two_chunks(by_libsndfile("WAV", "ULAW")),
    "two files in one.wav": lambda: by_libsndfile("WAV", "PCM_16", seconds=SECONDS / 2) * 2,
    "notes behind.wav": lambda: pcm() + chunk(b"LIST", b"INFOICMTnotes of the recorder"),
    "filled up.wav": lambda: pcm() + bytes(9000),
    "text behind.wav": lambda: pcm() + b"<call id='17' agent='Dana'/>" * 500,
    "tag behind.wav": lambda: pcm() + b"TAG" + bytes(125),
}
# What is quarantined: content, and what its reason tells: what it is or what is wrong, and the mend.
QUARANTINED: dict[str, tuple[Callable[[], bytes], str]] = {
    "contract.wav": (lambda: b"%PDF-1.7\n" + random_bytes(5000), "a PDF document; move it out of the day's"),
    "login.wav": (
        lambda: b"\n<!DOCTYPE html><html>Sign in</html>",
        "an HTML page.*download the recording again",
    ),
    "denied.wav": (
        lambda: b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        "an XML text; it may be an error.*download the recording again",
    ),
    "archive.wav": (zipped, "a ZIP archive.*unpack it here"),
    "packed.wav.gz": (lambda: gzip.compress(pcm()), "compressed by gzip; unpack it here"),
    "screenshot.wav": (lambda: b"\x89PNG\r\n\x1a\n" + random_bytes(900), "a PNG picture; move it out"),
    "photo.wav": (lambda: b"\xff\xd8\xff\xe0" + random_bytes(900), "a JPEG picture; move it out"),
    "details.wav": (lambda: b'{"agent": "Dana"}', "a JSON text; move it out"),
    "readme.wav": ("Grabaciones del día".encode, "a text; move it out"),
    "utf16.wav": (lambda: "Notes".encode("utf-16"), "a text; move it out"),
    "zeros.wav": (lambda: bytes(50_000), "nothing but zeros.*copy it again"),
    "empty.wav": (lambda: b"", "the file is empty: copy it again"),
    "secret.wav": (
        lambda: random_bytes(70_000),
        "encrypted, or compressed in a way that is not known; decrypt",
    ),
    "openssl.wav": (lambda: b"Salted__" + random_bytes(900), "encrypted by OpenSSL; decrypt it"),
    "pgp.wav": (lambda: b"\x85\x01\x0c\x03" + random_bytes(900), "encrypted by PGP; decrypt it"),
    "sip.pcap": (
        lambda: b"\xd4\xc3\xb2\xa1" + random_bytes(900),
        "a network capture.*export the call from it",
    ),
    "samples.ulaw": (lambda: raw("ULAW"), "in no format that is known.*or say what it holds"),
    "silent film.mov": (lambda: tracks(audio=0, picture=True), "holds video and no sound"),
    "two sides.mov": (
        lambda: tracks(audio=2),
        "holds 2 audio tracks, of which only one would be heard: export",
    ),
    "cut.flac": (
        lambda: by_libsndfile("FLAC", "PCM_16")[:20],
        "a FLAC file whose header is damaged.*copy it again",
    ),
    "cut.m4a": (
        lambda: by_ffmpeg("mp4", "aac", 16_000)[:30_000],
        "an MP4 or 3GP file whose header is damaged",
    ),
    "unheard of.wav": (
        lambda: wav(0x0133, random_bytes(12_000), rate_hz=8000, byte_rate=1000, block=10),
        "a WAV file that is damaged, or whose codec .format tag 0x0133. is not known; copy it again",
    ),
    "two formats.wav": (
        lambda: pcm() + by_libsndfile("WAV", "ULAW"),
        "two recordings of different formats.*split it into files",
    ),
    "playlist.wav": (lambda: b"#EXTM3U\ncall.wav\n", "a playlist"),
}
# Too short to be a call, but recordings.
SKIPPED: dict[str, Callable[[], bytes]] = {
    "header alone.wav": lambda: declaring(pcm()[:44], 0),
    "header and notes alone.wav": lambda: (
        declaring(pcm()[:44], 0) + chunk(b"LIST", b"INFOICMTnothing to hear")
    ),
    "beep.wav": lambda: by_libsndfile("WAV", "PCM_16", seconds=0.5),
    "beep.mp3": lambda: by_ffmpeg("mp3", "mp3", 16_000, 0.5),
    "beep.amr": lambda: by_ffmpeg("amr", "libopencore_amrnb", 8000, 0.5, 12_200),
}
