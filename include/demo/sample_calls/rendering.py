"""From a script to sound: every event laid on its channel, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from include.demo.sample_calls import sounds
from include.demo.sample_calls.script import Beep, CallScript, Event, Keys, Music, Pause, Prompt, Turn
from include.demo.sample_calls.voices import RATE_HZ, VOICES, Samples, Studio

_SPEECH_DBFS = {"agent": -20.0, "customer": -23.0}
# A line that carries nothing still hisses a little.
_COMFORT_NOISE_DBFS = -66.0
# How long people take to answer each other.
_SHORTEST_GAP_S, _LONGEST_GAP_S = 0.3, 0.95


@dataclass
class _Tape:
    """The channels of a recording while it is made."""

    script: CallScript
    pieces: list[tuple[int, int, Samples]] = field(default_factory=list)
    spoken: list[tuple[int, Samples]] = field(default_factory=list)
    length: int = 0

    def channel(self, role: str) -> int:
        """The channel on which somebody is heard; announcements and music come from the agent's side."""
        return self.script.channels.index(role) if role in self.script.channels else 0

    def lay(self, role: str, samples: Samples) -> None:
        """Appends to one channel; the others are silent meanwhile."""
        self.pieces.append((self.channel(role), self.length, samples))
        self.length += len(samples)

    def mixed(self) -> Samples:
        """All pieces at their places, shape (channels, frames)."""
        mix = np.zeros((len(self.script.channels), self.length), dtype=np.float32)
        for channel, start, samples in self.pieces:
            mix[channel, start : start + len(samples)] += samples
        return mix


def rendered(script: CallScript, known: Mapping[str, Samples]) -> NDArray[np.float32]:
    """Makes the recording of a call, float32, shape (channels, frames), at `RATE_HZ`.

    Args:
        script: The call.
        known: Announcements and music tracks by name.
    """
    # The file's name is the seed: a call stays as it is when another is added.
    seed = crc32(script.file.encode())
    rng = np.random.default_rng(seed)
    studio = Studio(seed % 2**31)
    tape = _Tape(script)
    tape.lay("agent", sounds.silence(0.4))
    for event in script.events:
        _lay(tape, event, known, studio)
        tape.lay("agent", sounds.silence(rng.uniform(_SHORTEST_GAP_S, _LONGEST_GAP_S)))
    noisy = tape.mixed() + _background(tape, rng)
    return np.stack([sounds.over_the_phone(channel) for channel in noisy])


def _lay(tape: _Tape, event: Event, known: Mapping[str, Samples], studio: Studio) -> None:
    match event:
        case Turn(speaker=speaker, text=text):
            said = studio.speak(VOICES[tape.script.voices[speaker]], text)
            said = sounds.levelled(said, _SPEECH_DBFS[speaker])
            tape.spoken.append((tape.channel(speaker), said))
            tape.lay(speaker, said)
        case Prompt(prompt=name):
            tape.lay("agent", known[name])
        case Music(music=piece):
            start = round(piece.from_s * RATE_HZ)
            tape.lay("agent", known[piece.track][start : start + round(piece.length_s * RATE_HZ)])
        case Keys(keys=digits):
            tape.lay("customer", sounds.keys(digits))
        case Pause(pause_s=length_s):
            tape.lay("agent", sounds.silence(length_s))
        case Beep(beep_s=length_s):
            tape.lay("customer", 0.1 * sounds.tone(1000, length_s))


def _background(tape: _Tape, rng: np.random.Generator) -> Samples:
    """Noise of every channel, shape (channels, frames)."""
    shape = (len(tape.script.channels), tape.length)
    background = np.stack([sounds.levelled(row, _COMFORT_NOISE_DBFS) for row in rng.standard_normal(shape)])
    wanted = tape.script.noise
    if wanted is not None:
        channel = tape.channel(wanted.behind) if wanted.behind else 0
        speech = np.concatenate([said for on, said in tape.spoken if on == channel])
        speech_dbfs = 10 * np.log10(np.mean(np.square(speech, dtype=np.float64)))
        spoken = [said for _, said in tape.spoken]
        noise = sounds.noise(wanted.kind, tape.length, spoken, rng)
        background[channel] += sounds.levelled(noise, speech_dbfs - wanted.snr_db)
    return background.astype(np.float32)
