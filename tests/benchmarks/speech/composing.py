"""Calls composed of real material, with exact truth: which sample is prompt, hold music, a key or speech.

A folder of material holds `speech/` (single clips), `prompts*/`, `hold-music/`, `noise/` and `calls/` (of one
acted call, `NAME_agent.wav` and `NAME_caller.wav`). A call runs as in a contact centre: prompts, some broken
off by a key, hold music, a conversation, perhaps another hold. The other side of the line, with the
prompts and the music, is channel 0; the caller is channel 1. The same seed composes the same call.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from include.gpu.wire import Span
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.audio.speech import speech_spans

Samples = NDArray[np.float32]
Codec = Literal["alaw", "mulaw", "gsm", "opus", "mp3"]
Place = Literal["same side", "other side"]

RATE_HZ = 8_000
CODECS: dict[Codec, dict[str, str]] = {
    "alaw": {"format": "WAV", "subtype": "ALAW"},
    "mulaw": {"format": "WAV", "subtype": "ULAW"},
    "gsm": {"format": "WAV", "subtype": "GSM610"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
}
_TONES_HZ = {
    key: (low, high)
    for low, keys in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip((1209, 1336, 1477, 1633), keys, strict=True)
}
# Loudness of what is active, in dB of full scale: a usual level on the phone.
_LEVEL_DB = -26.0
# Quieter than this is silence: Asterisk's "prompts" 5.wav … 9.wav hold nothing.
_SILENT_DB = -60.0
# Speeds at which one acted conversation is other audio to a fingerprint: landmarks survive no such change.
_SPEEDS = (1.0, 0.94, 1.06, 0.97, 1.03, 0.91, 1.09, 0.88, 1.12, 0.85)


@dataclass(frozen=True)
class Truth:
    """What sounds when on one channel; `label` is the file, like `speech/jfk.flac`, or the keys."""

    kind: Literal["prompt", "hold_music", "dtmf", "speech"]
    start_ms: int
    end_ms: int
    channel: int
    label: str

    @property
    def span(self) -> Span:
        """Its time alone."""
        return Span(start_ms=self.start_ms, end_ms=self.end_ms)


@dataclass(frozen=True)
class ComposedCall:
    """A call at 8 kHz.

    Attributes:
        samples: Shape (channels, frames).
        truth: Prompts, hold music and keys, in order of start.
        speech: Stretches in which a person speaks, by the voice activity of the clean source.
    """

    samples: Samples
    truth: list[Truth]
    speech: list[Truth]

    @property
    def duration_ms(self) -> int:
        """Length."""
        return int(self.samples.shape[1]) * 1000 // RATE_HZ

    def recording(self) -> Recording:
        """The call as the stages hear it."""
        return Recording.of(np.stack([_at(channel, RATE_HZ, SAMPLE_RATE_HZ) for channel in self.samples]))

    def write(self, path: Path) -> None:
        """Writes the call as 16-bit WAV."""
        soundfile.write(path, self.samples.T, RATE_HZ, subtype="PCM_16")


@dataclass(frozen=True)
class Clip:
    """One file of the material: samples of one channel at 8 kHz, at a usual level."""

    path: Path

    @property
    def name(self) -> str:
        """How truth and manifest call it: `folder/file`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @cached_property
    def samples(self) -> Samples:
        """Shape (frames,)."""
        heard, rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        return _levelled(_at(heard.mean(axis=1), rate_hz, RATE_HZ))

    @cached_property
    def speech(self) -> list[Span]:
        """Where somebody speaks in it, without margin."""
        return speech_spans(Recording.of(_at(self.samples, RATE_HZ, SAMPLE_RATE_HZ)[None]), 0, margin_ms=0)


class Material:
    """The files of a folder, sorted by name; what is silent is left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.speech = self._clips("speech")
        self.prompts = self._clips("prompts*")
        self.hold_music = self._clips("hold-music")
        self.noise = self._clips("noise")
        self.calls = [
            (Clip(agent), Clip(caller))
            for agent in sorted((folder / "calls").glob("*_agent.wav"))
            if (caller := agent.with_name(agent.name.replace("_agent", "_caller"))).exists()
        ]

    def transcripts(self) -> dict[str, str]:
        """Text by file, like `speech/jfk.flac`, from `manifest.csv`."""
        with (self._folder / "manifest.csv").open(newline="") as file:
            return {row["file"]: row["transcript"] for row in csv.DictReader(file)}

    def _clips(self, pattern: str) -> list[Clip]:
        files = [
            path for path in sorted(self._folder.glob(f"{pattern}/*")) if path.suffix in {".wav", ".flac"}
        ]
        return [Clip(path) for path in files if _loudest_db(path) > _SILENT_DB]


def compose(
    material: Material,
    seed: int,
    *,
    channels: int = 2,
    codec: Codec | None = None,
    talk_over: Place | None = None,
    noise_snr_db: float | None = None,
    music: Literal["start", "anywhere"] = "anywhere",
    prompts: Sequence[Clip] | None = None,
    hold_music: Sequence[Clip] | None = None,
) -> ComposedCall:
    """Composes one call of about two minutes.

    Seeds from 0 to 59 hear conversations that no fingerprint takes for the same audio.

    Args:
        material: What it is made of.
        seed: Which call.
        channels: 2, or 1 for the sum of both sides.
        codec: What the line does to it.
        talk_over: A person speaks over prompts and hold music: on their channel, or on the other.
        noise_snr_db: Noise of the line against the usual level of speech.
        music: Where in a piece a hold begins.
        prompts: What may be played; None for every prompt.
        hold_music: What may be played; None for every piece.
    """
    chance = np.random.default_rng(seed)
    call = _Call(material, chance, seed, music, list(hold_music or material.hold_music))
    said = list(prompts or material.prompts)
    for n in chance.choice(len(said), size=min(3, len(said)), replace=False):
        call.prompt(said[n], talk_over if n % 2 else None)
    call.hold(talk_over)
    call.conversation(0)
    if chance.random() < 0.5:
        call.hold(None)
        call.conversation(1)
    call.prompt(said[int(chance.integers(len(said)))], talk_over)
    mixed = call.mixed(channels, noise_snr_db)
    if channels == 1:
        call.truth = [replace(t, channel=0) for t in call.truth]
        call.speech = [replace(t, channel=0) for t in call.speech]
    coded = np.stack([through(channel, codec) for channel in mixed]) if codec else mixed
    in_order = sorted(call.truth, key=lambda t: t.start_ms)
    return ComposedCall(coded, in_order, sorted(call.speech, key=lambda t: t.start_ms))


def through(samples: Samples, codec: Codec) -> Samples:
    """One channel at 8 kHz, coded and decoded; the codec's delay is taken off."""
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, **CODECS[codec])
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="float32")
    delay = _delay(samples, heard)
    aligned = heard[delay:] if delay >= 0 else np.pad(heard, (-delay, 0))
    return np.asarray(
        np.pad(aligned, (0, max(0, len(samples) - len(aligned))))[: len(samples)], dtype=np.float32
    )


class _Call:
    """A call under way: sounds laid on two sides of a line, one after the other."""

    def __init__(
        self,
        material: Material,
        chance: np.random.Generator,
        seed: int,
        music: str,
        hold_music: list[Clip],
    ) -> None:
        self._material = material
        self._chance = chance
        self._seed = seed
        self._music = music
        self._hold_music = hold_music
        self._laid: list[tuple[int, int, Samples]] = []
        self._now = self._pause(0.2, 1.5)
        self.truth: list[Truth] = []
        self.speech: list[Truth] = []

    def prompt(self, clip: Clip, talk_over: Place | None) -> None:
        """A prompt, one in four broken off by keys; a person speaks over it, perhaps."""
        samples = clip.samples
        breaks_off = self._chance.random() < 0.25 and talk_over is None and len(samples) > 4 * RATE_HZ
        if breaks_off:
            samples = _faded(samples[: int(len(samples) * self._chance.uniform(0.5, 0.9))])
        start = self._now
        self._play(samples, self._gain(3.0), "prompt", clip.name)
        if breaks_off:
            self._keys()
        if talk_over:
            self._talk_over(start, self._now, talk_over)
        self._now += self._pause(0.1, 1.0)

    def hold(self, talk_over: Place | None) -> None:
        """Hold music of 12 to 40 s; the person who speaks after it does so at once."""
        piece = self._hold_music[int(self._chance.integers(len(self._hold_music)))]
        length = min(int(self._chance.uniform(12, 40) * RATE_HZ), len(piece.samples))
        first = 0 if self._music == "start" else int(self._chance.integers(len(piece.samples) - length + 1))
        start = self._now
        self._play(_faded(piece.samples[first : first + length]), self._gain(3.0), "hold_music", piece.name)
        if talk_over:
            self._talk_over(start, self._now, talk_over)
        self._now += self._pause(0.0, 0.3)

    def conversation(self, part: int) -> None:
        """15 to 20 s of an acted call, which no other seed and part hears at this speed."""
        agent, caller = self._material.calls[0]
        speed, window = divmod(2 * self._seed + part, 12)
        for channel, clip in enumerate((agent, caller)):
            samples, speech = _at_speed(clip, _SPEEDS[speed % len(_SPEEDS)])
            length = len(samples) // 12
            first, last = window * length, (window + 1) * length
            self._lay(_faded(samples[first:last]), channel, self._now)
            self._spoken(speech, clip.name, channel, self._now - first, (self._now, self._now + length))
        self._now += length + self._pause(0.0, 0.3)

    def mixed(self, channels: int, noise_snr_db: float | None) -> Samples:
        """Everything that was laid, shape (channels, frames)."""
        frames = self._now + RATE_HZ // 2
        sides = np.zeros((2, frames), dtype=np.float32)
        for channel, start, samples in self._laid:
            sides[channel, start : start + len(samples)] += samples[: frames - start]
        if noise_snr_db is not None:
            noises = self._material.noise
            for n in range(len(sides)):
                noise = noises[int(self._chance.integers(len(noises)))].samples
                sides[n] += np.resize(noise, frames) * np.float32(10 ** (-noise_snr_db / 20))
        # Digital silence is rare on a line: a floor at -75 dBFS.
        sides += self._chance.normal(0, 10 ** (-75 / 20), sides.shape).astype(np.float32)
        return np.clip(sides if channels == 2 else sides.sum(axis=0, keepdims=True), -1, 1)

    def _play(self, samples: Samples, gain: float, kind: Literal["prompt", "hold_music"], label: str) -> None:
        self._lay(samples * np.float32(gain), 0, self._now)
        self.truth.append(Truth(kind, _ms(self._now), _ms(self._now + len(samples)), 0, label))
        self._now += len(samples)

    def _keys(self) -> None:
        keys = "".join(self._chance.choice(list("0123456789"), size=int(self._chance.integers(1, 5))))
        tones = [_tone(key) for key in keys]
        sound = np.concatenate(tones)
        # The last pause is none.
        end = self._now + len(sound) - len(tones[-1]) // 2
        self._lay(sound, 1, self._now)
        self.truth.append(Truth("dtmf", _ms(self._now), _ms(end), 1, keys))
        self._now += len(sound)

    def _talk_over(self, start: int, end: int, place: Place) -> None:
        """A clip begins somewhere in the first half, and may last longer than what it is spoken over."""
        clip = self._material.speech[int(self._chance.integers(len(self._material.speech)))]
        at = start + int(self._chance.uniform(0.1, 0.5) * (end - start))
        channel = 0 if place == "same side" else 1
        self._lay(clip.samples * np.float32(self._gain(3.0)), channel, at)
        self._spoken(clip.speech, clip.name, channel, at, (at, at + len(clip.samples)))
        self._now = max(self._now, at + len(clip.samples))

    def _spoken(
        self, spans: Sequence[Span], label: str, channel: int, at: int, within: tuple[int, int]
    ) -> None:
        for span in spans:
            start = max(at + span.start_ms * RATE_HZ // 1000, within[0])
            end = min(at + span.end_ms * RATE_HZ // 1000, within[1])
            if start < end:
                self.speech.append(Truth("speech", _ms(start), _ms(end), channel, label))

    def _lay(self, samples: Samples, channel: int, start: int) -> None:
        self._laid.append((channel, start, samples))

    def _gain(self, up_to_db: float) -> float:
        return float(10 ** (self._chance.uniform(-up_to_db, up_to_db) / 20))

    def _pause(self, least_s: float, most_s: float) -> int:
        return int(self._chance.uniform(least_s, most_s) * RATE_HZ)


@lru_cache(maxsize=4)
def _at_speed(clip: Clip, speed: float) -> tuple[Samples, list[Span]]:
    """A clip played faster or slower, and its speech."""
    spans = [Span(start_ms=round(s.start_ms / speed), end_ms=round(s.end_ms / speed)) for s in clip.speech]
    return _at(clip.samples, RATE_HZ, RATE_HZ / speed), spans


def _tone(key: str) -> Samples:
    """80 ms of a key and 80 ms of silence."""
    time_s = np.arange(RATE_HZ * 80 // 1000) / RATE_HZ
    low, high = (0.1 * np.sin(2 * np.pi * hz * time_s) for hz in _TONES_HZ[key])
    return np.pad(low + high, (0, len(time_s))).astype(np.float32)


def _levelled(samples: Samples) -> Samples:
    """At the usual level, measured over the louder half of its 20 ms frames."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = np.sort(np.square(frames).mean(axis=1))[len(frames) // 2 :].mean()
    return np.asarray(samples * np.float32(10 ** (_LEVEL_DB / 20) / np.sqrt(power + 1e-12)), dtype=np.float32)


def _loudest_db(path: Path) -> float:
    samples, _ = soundfile.read(path, dtype="float32")
    return float(20 * np.log10(np.abs(samples).max() + 1e-9))


def _faded(samples: Samples) -> Samples:
    """With 5 ms at both ends, so that a cut does not click."""
    ramp = np.linspace(0, 1, RATE_HZ * 5 // 1000, dtype=np.float32)
    faded = samples.copy()
    faded[: len(ramp)] *= ramp
    faded[-len(ramp) :] *= ramp[::-1]
    return faded


def _delay(sent: Samples, heard: Samples) -> int:
    """Samples by which `heard` is late, from the first 10 s."""
    a, b = sent[: 10 * RATE_HZ], heard[: 10 * RATE_HZ]
    return int(np.argmax(fftconvolve(b, a[::-1]))) - (len(a) - 1)


def _at(samples: Samples, from_hz: float, to_hz: float) -> Samples:
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.float32)


def _ms(sample: int) -> int:
    return round(sample * 1000 / RATE_HZ)
