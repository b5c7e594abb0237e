"""Calls composed of prompts, hold music and clips whose words are known, and where each of them begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.speech.composing import Codec, through
from tests.benchmarks.speech.material import RATE_HZ, Clip, Material, Samples

_HOLD_S = (8.0, 14.0)
_PAUSE_S = (0.35, 0.9)
_PROMPTS = 3
# Digital silence is rare on a line.
_FLOOR_DB = -75


@dataclass(frozen=True)
class Piece:
    """A prompt or a clip in a call.

    Attributes:
        name: `folder/file`.
        spoken: Whether a person speaks; False for a prompt.
    """

    name: str
    start_ms: int
    end_ms: int
    channel: int
    spoken: bool


@dataclass(frozen=True)
class SpokenCall:
    """A call at 8 kHz.

    Attributes:
        samples: Shape (channels, frames).
        pieces: What has words, in order.
    """

    samples: Samples
    pieces: list[Piece]


class _Tape:
    """Two sides of a line while sounds are laid on them, one after the other."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self._laid: list[tuple[int, int, Samples]] = []
        self._now = 0
        self.pieces: list[Piece] = []
        self.pause()

    def pause(self) -> None:
        self._now += round(self._chance.uniform(*_PAUSE_S) * RATE_HZ)

    def lay(self, samples: Samples, channel: int) -> None:
        self._laid.append((channel, self._now, samples))
        self._now += len(samples)
        self.pause()

    def piece(self, clip: Clip, channel: int, *, spoken: bool) -> None:
        start_ms = self._now * 1000 // RATE_HZ
        length_ms = len(clip.samples) * 1000 // RATE_HZ
        self.pieces.append(Piece(clip.name, start_ms, start_ms + length_ms, channel, spoken))
        self.lay(clip.samples, channel)

    def sides(self) -> Samples:
        sides = np.zeros((2, self._now), dtype=np.float32)
        for channel, start, samples in self._laid:
            sides[channel, start : start + len(samples)] += samples
        return sides


def spoken_call(
    material: Material,
    clips: Sequence[Clip],
    seed: int,
    *,
    channels: int,
    noise_snr_db: float | None = None,
    codec: Codec | None = None,
) -> SpokenCall:
    """Two prompts, hold music, half of the clips, hold music, the other half, a prompt.

    The prompts and the music are on channel 0; the clips are spoken by both sides in turn.

    Args:
        material: Where prompts, music and noise come from.
        clips: What is spoken.
        seed: The same seed makes the same call.
        channels: 2, or 1 for the sum of both sides.
        noise_snr_db: Noise of the line against the usual level of speech.
        codec: What the line does to it.
    """
    chance = np.random.default_rng(seed)
    tape = _Tape(chance)
    short = [clip for clip in material.prompts if len(clip.samples) < 12 * RATE_HZ]
    prompts = [short[n] for n in chance.choice(len(short), _PROMPTS, replace=False)]
    order = [clips[n] for n in chance.permutation(len(clips))]
    half = (len(order) + 1) // 2
    for prompt in prompts[:-1]:
        tape.piece(prompt, 0, spoken=False)
    for part in (order[:half], order[half:]):
        tape.lay(_music(material, chance), 0)
        for n, clip in enumerate(part):
            tape.piece(clip, n % 2, spoken=True)
    tape.piece(prompts[-1], 0, spoken=False)
    heard = _on_the_line(
        tape.sides(), material, chance, channels=channels, noise_snr_db=noise_snr_db, codec=codec
    )
    pieces = tape.pieces if channels == 2 else [_on_one_channel(piece) for piece in tape.pieces]
    return SpokenCall(heard, pieces)


def _on_the_line(
    sides: Samples,
    material: Material,
    chance: np.random.Generator,
    *,
    channels: int,
    noise_snr_db: float | None,
    codec: Codec | None,
) -> Samples:
    mixed = sides if channels == 2 else sides.sum(axis=0, keepdims=True)
    mixed = mixed + chance.normal(0, 10 ** (_FLOOR_DB / 20), mixed.shape).astype(np.float32)
    if noise_snr_db is not None:
        noise = material.noise[int(chance.integers(len(material.noise)))].samples
        mixed = mixed + np.resize(noise, mixed.shape[1]) * np.float32(10 ** (-noise_snr_db / 20))
    clipped = np.clip(mixed, -1, 1)
    return np.stack([through(channel, codec) for channel in clipped]) if codec else clipped


def _music(material: Material, chance: np.random.Generator) -> Samples:
    piece = material.hold_music[int(chance.integers(len(material.hold_music)))].samples
    length = round(chance.uniform(*_HOLD_S) * RATE_HZ)
    first = int(chance.integers(len(piece) - length))
    return piece[first : first + length]


def _on_one_channel(piece: Piece) -> Piece:
    return Piece(piece.name, piece.start_ms, piece.end_ms, 0, piece.spoken)
