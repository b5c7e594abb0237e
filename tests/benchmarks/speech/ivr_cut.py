"""Measures the IVR stage on composed calls: `python -m tests.benchmarks.speech.ivr_cut MATERIAL`.

For each condition: the share of the seconds of prompts and hold music that are cut, where nobody speaks; the
share of the seconds of speech that are lost; the same for speech over prompts and music alone; keys that are
read right; and CPU seconds per minute of audio.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal, TypedDict

from include.command_line.main import main as commands
from include.gpu.wire import IvrResult, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.ivr.finding import IvrFinding
from include.gpu_host.ivr.fingerprints import FingerprintLibrary, KnownAudio
from include.gpu_host.ivr.library import load_library, samples_of
from include.gpu_host.stages.job import Head
from tests.benchmarks.speech.composing import CODECS, Codec, ComposedCall, Place, compose
from tests.benchmarks.speech.material import Clip, Material

# A word's first and last sounds are softer than what voice activity takes for speech.
_BESIDE_SPEECH_MS = 300


class Played(TypedDict):
    """What the calls of a contact centre play."""

    music: Literal["start", "anywhere"]
    prompts: list[Clip]


@dataclass
class Tally:
    """Sums over calls, in ms, and counts."""

    known_ms: int = 0
    cut_ms: int = 0
    speech_ms: int = 0
    lost_ms: int = 0
    over_ms: int = 0
    over_lost_ms: int = 0
    keys: int = 0
    keys_right: int = 0
    cpu_s: float = 0
    audio_s: float = 0

    def add(self, call: ComposedCall, result: IvrResult, cpu_s: float) -> None:
        """Compares what was found in a call with the truth."""
        known = [t.span for t in call.truth if t.kind != "dtmf"]
        speech = [t.span for t in call.speech]
        cut = timeline.without([Span(start_ms=0, end_ms=call.duration_ms)], result.kept)
        quiet = timeline.without(known, timeline.widened(speech, _BESIDE_SPEECH_MS, call.duration_ms))
        over = timeline.within(speech, known)
        self.known_ms += timeline.total_ms(quiet)
        self.cut_ms += timeline.total_ms(timeline.within(quiet, cut))
        self.speech_ms += timeline.total_ms(timeline.joined(speech))
        self.lost_ms += timeline.total_ms(timeline.within(speech, cut))
        self.over_ms += timeline.total_ms(over)
        self.over_lost_ms += timeline.total_ms(timeline.within(over, cut))
        keyed = [t.label for t in call.truth if t.kind == "dtmf"]
        read = [s.label for s in result.segments if s.kind is SegmentKind.DTMF]
        self.keys += len(keyed)
        self.keys_right += len(keyed) if keyed == read else sum(label in read for label in keyed)
        self.cpu_s += cpu_s
        self.audio_s += result.audio_s

    def row(self) -> str:
        """As a row of a table."""
        share = [
            f"{100 * part / whole:6.2f} %" if whole else "     -  "
            for part, whole in (
                (self.cut_ms, self.known_ms),
                (self.lost_ms, self.speech_ms),
                (self.over_lost_ms, self.over_ms),
            )
        ]
        seconds = [f"{ms / 1000:6.0f}" for ms in (self.known_ms, self.speech_ms, self.over_ms)]
        cells = [text for pair in zip(share, seconds, strict=True) for text in pair]
        return " | ".join([*cells, f"{self.keys_right}/{self.keys}", f"{self.cpu_s / self.audio_s * 60:.2f}"])


def library_of(material: Material) -> FingerprintLibrary:
    """Everything that composed calls play."""
    known = [(clip, SegmentKind.PROMPT) for clip in material.prompts]
    known += [(clip, SegmentKind.HOLD_MUSIC) for clip in material.hold_music]
    return FingerprintLibrary([KnownAudio(clip.name, kind, samples_of(clip.path)) for clip, kind in known])


def find(finding: IvrFinding, call: ComposedCall, tally: Tally) -> IvrResult:
    """Runs the stage on one call, and counts."""
    recording = call.recording()
    head = Head(call_id="c", engine=finding.engine, seconds=0, audio_s=recording.duration_s)
    began_s = time.process_time()
    result = finding.run(head, recording)
    tally.add(call, result, time.process_time() - began_s)
    return result


def learned_library(material: Material, calls: int, played: Played, folder: Path) -> FingerprintLibrary:
    """Lets the command learn from a day of calls, all through one recorder."""
    for seed in range(calls):
        call = folder / "data" / "calls" / f"day-{seed:03}"
        call.mkdir(parents=True)
        channels = 1 + seed % 2
        compose(material, seed, channels=channels, codec="mulaw", **played).write(call / "day.wav")
        (call / "day.wav").rename(call / "audio")
    learn = ["prompts", "learn", "--prompts-dir", str(folder / "prompts"), "--data-dir", str(folder / "data")]
    if commands([*learn, "--min-calls", "3"]):
        raise SystemExit("nothing was learned")
    return load_library(folder / "prompts")


def conditions() -> Iterator[tuple[int, Place | None, Codec | None, float | None]]:
    """Channels, talk-over, codec and SNR of what is measured."""
    talk_overs: list[tuple[int, Place | None]] = [
        (2, None),
        (2, "other side"),
        (2, "same side"),
        (1, None),
        (1, "same side"),
    ]
    codecs: list[Codec | None] = [None, *CODECS]
    for (channels, place), codec, noise in itertools.product(talk_overs, codecs, (None, 20.0)):
        yield channels, place, codec, noise


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("material", type=Path)
    parser.add_argument("--calls", type=int, default=8, help="calls of each condition")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--learn-from", type=int, default=0, help="learn from a day of so many calls")
    parser.add_argument("--prompts", type=int, default=0, help="play only so many prompts; 0 for all")
    parser.add_argument("--music", choices=("start", "anywhere"), default="anywhere")
    parser.add_argument("--verbose", action="store_true", help="show what went wrong, call by call")
    args = parser.parse_args()
    material = Material(args.material)
    step = len(material.prompts) // args.prompts if args.prompts else 1
    played: Played = {"music": args.music, "prompts": material.prompts[::step]}
    with tempfile.TemporaryDirectory() as folder:
        library = (
            learned_library(material, args.learn_from, played, Path(folder))
            if args.learn_from
            else library_of(material)
        )
    finding = IvrFinding(library, 5.0)
    heads = "channels talk-over codec noise cut of-s speech-lost of-s over-lost of-s keys CPU-s/min"
    print("| " + " | ".join(heads.split()) + " |")
    total = Tally()
    for channels, place, codec, noise in conditions():
        tally = Tally()
        for seed in range(args.first, args.first + args.calls):
            call = compose(
                material,
                seed,
                channels=channels,
                codec=codec,
                talk_over=place,
                noise_snr_db=noise,
                **played,
            )
            alone = Tally()
            result = find(finding, call, alone)
            if args.verbose and (alone.lost_ms > 300 or alone.cut_ms < 0.95 * alone.known_ms):
                show(seed, call, result)
            tally = added(tally, alone)
        print(f"| {channels} | {place} | {codec} | {noise} | {tally.row()} |", flush=True)
        total = added(total, tally)
    print(f"| all | | | | {total.row()} |")


def added(one: Tally, other: Tally) -> Tally:
    """Two tallies as one."""
    return Tally(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))


def show(seed: int, call: ComposedCall, result: IvrResult) -> None:
    """What was lost and what was left, of one call."""
    known = [t for t in call.truth if t.kind != "dtmf"]
    speech = [t.span for t in call.speech]
    cut = timeline.without([Span(start_ms=0, end_ms=call.duration_ms)], result.kept)
    for t in call.speech:
        for span in timeline.within([t.span], cut):
            print(f"    seed {seed}: lost  {span.start_ms}-{span.end_ms} of {t}")
    for t in known:
        quiet = timeline.without([t.span], timeline.widened(speech, _BESIDE_SPEECH_MS, call.duration_ms))
        for span in timeline.without(quiet, cut):
            if timeline.length_ms(span) > 50:
                print(f"    seed {seed}: left  {span.start_ms}-{span.end_ms} of {t}")


if __name__ == "__main__":
    main()
