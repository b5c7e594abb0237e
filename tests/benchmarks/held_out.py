"""Calls of four languages from recordings that no tuning has used: Asterisk's sounds as Debian packs them.

Prompts are a part of each language's sounds; what people say is another part, each sound once in all calls,
the agent's a little faster and the customer's a little slower than they were read, which makes two voices of
one reader. Hold music is two pieces that the material of tuning lacks. Sounds of that material are left out.
"""

import gzip
import io
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from include.gpu.wire import SegmentKind, Span
from tests.benchmarks.speech.material import RATE_HZ, Samples, resampled

LANGUAGES = ("en", "es", "fr", "it")
PACKAGES = [f"asterisk-core-sounds-{code}{part}" for code in LANGUAGES for part in ("", "-wav")]
PACKAGES.append("asterisk-moh-opsound-wav")
MUSIC_OF_TUNING = ("macroform-cold_day", "manolo_camp-morning_coffee", "reno_project-system")
# All that the sounds of each language suffice for, each said once.
CALLS_OF_LANGUAGE = 8
_SHORTEST_S, _LONGEST_S = 1.6, 9.0
_PROMPTS = 4
_AGENT, _CUSTOMER = 1.1, 0.87
_SAID = 14
_LEVEL = 0.05


@dataclass(frozen=True)
class Said:
    """Something that a person says, in ms of the call."""

    channel: int
    start_ms: int
    end_ms: int
    text: str


@dataclass
class HeldOutCall:
    """A call in stereo at 8 kHz: the other side of the line on channel 0, the customer on channel 1.

    Attributes:
        prompts: Where prompts play, on channel 0.
        music: Where hold music plays, on channel 0.
        played: The files of both.
    """

    name: str
    language: str
    samples: Samples
    prompts: list[Span] = field(default_factory=list)
    music: list[Span] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    played: list[tuple[Path, SegmentKind]] = field(default_factory=list)


@dataclass(frozen=True)
class Sound:
    """A recording with its words."""

    path: Path
    text: str

    @property
    def samples(self) -> Samples:
        """At 8 kHz, at a usual level."""
        return levelled(self.path)


def fetch(folder: Path) -> None:
    """Downloads the packages with apt, and unpacks them; nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, check=True)
    for package in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
        package.unlink()


def calls(
    folder: Path, tuning: Path, languages: Sequence[str] = LANGUAGES, of_language: int = CALLS_OF_LANGUAGE
) -> Iterator[HeldOutCall]:
    """Composes all calls, language by language in turn; the same every time.

    Args:
        folder: Where `fetch` put the recordings.
        tuning: The material of tuning: what is in it is left out.
        languages: Which.
        of_language: How many calls of each.
    """
    used = {path.stem for path in tuning.rglob("*.wav")}
    sounds = {code: sounds_of(folder, code, used) for code in languages}
    music = [
        path
        for path in sorted(folder.glob("usr/share/asterisk/moh/*.wav"))
        if path.stem not in MUSIC_OF_TUNING
    ]
    for number in range(of_language):
        for code in languages:
            yield _composed(code, number, sounds[code], music)


def sounds_of(folder: Path, code: str, used: set[str]) -> list[Sound]:
    """Of one language, in an order that is chance and always the same; the longest are its prompts."""
    lines = gzip.decompress(
        (folder / f"usr/share/doc/asterisk-core-sounds-{code}/core-sounds-{code}.txt.gz").read_bytes()
    )
    split = (line.partition(":") for line in lines.decode("utf-8", "replace").splitlines())
    texts = {name.strip(): text.strip() for name, _, text in split if text and not name.startswith(";")}
    [voice] = folder.glob(f"usr/share/asterisk/sounds/{code}_*")
    found = []
    for name, text in sorted(texts.items()):
        path = voice / f"{name}.wav"
        spoken = not any(mark in text for mark in "([<*#") and len(text.split()) > 2
        if not spoken or path.stem in used or not path.is_file():
            continue
        if _SHORTEST_S <= soundfile.info(path).duration <= _LONGEST_S:
            found.append(Sound(path, text))
    order = np.random.default_rng(len(code) + sum(map(ord, code))).permutation(len(found))
    mixed = [found[n] for n in order]
    prompts = sorted(mixed, key=lambda one: -soundfile.info(one.path).duration)[: 2 * _PROMPTS]
    return [*prompts[::2], *(one for one in mixed if one not in prompts)]


def _composed(code: str, number: int, sounds: list[Sound], music: list[Path]) -> HeldOutCall:
    chance = np.random.default_rng(1000 * LANGUAGES.index(code) + number)
    said = sounds[_PROMPTS + number * _SAID : _PROMPTS + (number + 1) * _SAID]
    call = HeldOutCall(f"{code}-{number}", code, np.zeros((2, 0), np.float32))
    laid: list[tuple[int, int, Samples]] = []
    now = int(0.4 * RATE_HZ)

    def lay(channel: int, samples: Samples, pause_s: float) -> Span:
        nonlocal now
        start = now
        laid.append((channel, start, samples))
        now += len(samples) + int(pause_s * RATE_HZ)
        return Span(start_ms=start * 1000 // RATE_HZ, end_ms=(start + len(samples)) * 1000 // RATE_HZ)

    def hold(seconds: float) -> None:
        path = music[int(chance.integers(len(music)))]
        call.played.append((path, SegmentKind.HOLD_MUSIC))
        piece = levelled(path)
        first = int(chance.integers(max(1, len(piece) - int(seconds * RATE_HZ))))
        part = piece[first : first + int(seconds * RATE_HZ)]
        call.music.append(lay(0, part, chance.uniform(0.1, 0.5)))

    def talk(lines: Sequence[Sound], first: int) -> None:
        for n, one in enumerate(lines):
            channel = (first + n) % 2
            samples = resampled(one.samples, RATE_HZ, RATE_HZ / (_CUSTOMER if channel else _AGENT))
            span = lay(channel, samples, chance.uniform(0.15, 0.7))
            call.said.append(Said(channel, span.start_ms, span.end_ms, one.text))

    def announce(prompt: Sound) -> None:
        call.played.append((prompt.path, SegmentKind.PROMPT))
        call.prompts.append(lay(0, prompt.samples, chance.uniform(0.2, 0.9)))

    for n in chance.permutation(_PROMPTS)[:2]:
        announce(sounds[n])
    hold(chance.uniform(14, 24))
    talk(said[:8], 0)
    if number % 2:
        hold(chance.uniform(12, 18))
    talk(said[8:], number % 2)
    announce(sounds[int(chance.integers(_PROMPTS))])
    sides = chance.normal(0, 10 ** (-70 / 20), (2, now)).astype(np.float32)
    for channel, start, samples in laid:
        sides[channel, start : start + len(samples)] += samples[: now - start]
    codec = {"subtype": "GSM610"} if number % 3 == 2 else {"subtype": "ULAW"}
    call.samples = np.stack([_coded(side, **codec) for side in sides])
    return call


@cache
def _read(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return resampled(samples.mean(axis=1), rate_hz, RATE_HZ)


@cache
def levelled(path: Path) -> Samples:
    """A recording at 8 kHz, at a usual level."""
    samples = _read(path)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    loud = np.sort(np.square(frames).mean(axis=1))[len(frames) // 2 :].mean()
    return np.asarray(np.clip(samples * np.float32(_LEVEL / np.sqrt(loud + 1e-12)), -1, 1), dtype=np.float32)


def _coded(samples: Samples, subtype: str) -> Samples:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="WAV", subtype=subtype)
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="float32")
    return np.asarray(np.pad(heard, (0, max(0, len(samples) - len(heard))))[: len(samples)], dtype=np.float32)
