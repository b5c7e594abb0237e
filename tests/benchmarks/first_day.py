"""What a site gets that has loaded nothing and records mono: `make bench-first-day`, into docs/first-day.md.

Truth comes from the sample calls in stereo: a word's speaker is its channel, a hold is where the known music
was found. The same calls are then heard mixed to one channel, and without a library.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from include.calls.call import ChannelRole
from include.calls.stage import GPU_STAGES, Stage
from include.calls.transcript import Word
from include.gpu.wire import IvrResult, SegmentKind, Span, StageOptions, SttResult
from include.gpu_host.audio import timeline
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.levelling import Levelled
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr.finding import IvrFinding
from include.gpu_host.ivr.library import load_library
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import Head, StageJob
from include.gpu_host.stages.listening import MARGIN_MS
from include.gpu_host.stages.loaded import loaded_stages
from include.gpu_host.stages.running import StageRunner
from tests.benchmarks.findings import Check, Table, percent
from tests.benchmarks.reporting import acceptance, as_markdown, commit_of, machine

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "include" / "demo" / "sample_calls"
REPORT = ROOT / "docs" / "first-day.md"
ROLES = [ChannelRole.AGENT, ChannelRole.CUSTOMER]
_LONGEST_S = 7200.0
_QUIET_DB = (0, -20, -30, -40)


@dataclass(frozen=True)
class Heard:
    """What the chain made of one recording, and its CPU seconds per second of audio."""

    ivr: IvrResult
    stt: SttResult
    rtf: float


@dataclass(frozen=True)
class Mono:
    """A call heard in stereo and mixed to mono: words, and how many of them have the right voice, or none."""

    name: str
    words: int
    right: int
    unsure: int
    rtf: float
    audio_s: float


@dataclass(frozen=True)
class Hold:
    """Seconds of hold music in a call, of them found by sound alone, and seconds that are none."""

    name: str
    music_s: float
    found_s: float
    wrong_s: float


@dataclass
class Quiet:
    """Milliseconds of the customers' own speech in mixes with them at a level, and what is made of it.

    Attributes:
        missed_ms: Of it not found, by plain voice activity and with levelling.
        wrong_ms: Taken for speech where nobody speaks or draws breath, of both.
    """

    level_db: int
    total_ms: int = 0
    missed_ms: list[int] = field(default_factory=lambda: [0, 0])
    wrong_ms: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, recording: Recording, kept: Sequence[Span]) -> None:
        """Counts a call in stereo: the agent on channel 0, the customer on channel 1."""
        agent, customer = (recording.samples(channel) for channel in (0, 1))
        mixed = Recording.of(((agent + 10 ** (self.level_db / 20) * customer) / 2)[None].astype(np.float32))
        near = speech_spans(recording, 0, margin_ms=0)
        far = timeline.within(speech_spans(Recording.of(customer[None]), 0, margin_ms=0), kept)
        own = timeline.without(far, near)
        somebody = timeline.widened([*near, *far], MARGIN_MS, recording.whole.end_ms)
        plain = speech_spans(mixed, 0, margin_ms=0)
        levelled = [*plain, *speech_spans(Levelled(mixed, 0), 0, margin_ms=0)]
        self.total_ms += timeline.total_ms(own)
        for n, found in enumerate((plain, levelled)):
            self.missed_ms[n] += timeline.total_ms(timeline.without(own, found))
            self.wrong_ms[n] += timeline.total_ms(timeline.without(timeline.within(found, kept), somebody))

    def row(self) -> list[str]:
        """As a row."""
        missed = [percent(ms / self.total_ms, 1) for ms in self.missed_ms]
        return [f"{self.level_db} dB", *missed, *(f"{ms / 1000:.1f}" for ms in self.wrong_ms)]


def main() -> None:
    """Measures, and writes the report."""
    runner = StageRunner(loaded_stages(_settings(), "cpu"), _LONGEST_S)
    with tempfile.TemporaryDirectory() as scratch:
        calls = [(path, _chain(runner, path, Path(scratch))) for path in _stereo()]
        mono = [_mono(runner, path, stereo, Path(scratch)) for path, stereo in calls]
        holds = [_hold(path, stereo, Path(scratch)) for path, stereo in calls]
        quiet = [_quiet(calls, level_db, Path(scratch)) for level_db in _QUIET_DB]
    REPORT.write_text(report(mono, holds, quiet), encoding="utf-8")
    print(f"{REPORT.relative_to(ROOT)} is written.")


def _settings() -> Settings:
    weights = ROOT / "var" / "weights"
    return Settings(token="bench", prompts_dir=SAMPLES / "prompts", weights_dir=weights)


def _stereo() -> list[Path]:
    found = sorted(path for path in (SAMPLES / "recordings").rglob("*") if path.suffix != ".csv")
    return [path for path in found if path.is_file() and _channels(path) == 2]


def _channels(path: Path) -> int:
    try:
        return int(soundfile.info(path).channels)
    except soundfile.LibsndfileError:
        return 0


def _chain(runner: StageRunner, path: Path, scratch: Path) -> Heard:
    """All stages of one recording, as a host does them."""
    began_s, enhanced = time.process_time(), None
    results: list[Any] = []
    for stage in GPU_STAGES:
        draft = scratch / f"{path.stem}-{stage}"
        options = StageOptions(channel_roles=ROLES, languages=["en", "es"])
        job = StageJob(path.stem, stage, options, path, enhanced, draft, scratch, tuple(results))
        results.append(runner(job))
        if stage is Stage.DENOISE and draft.exists():
            enhanced = draft
    _, ivr, _, stt = results
    assert isinstance(ivr, IvrResult) and isinstance(stt, SttResult)
    return Heard(ivr, stt, (time.process_time() - began_s) / stt.audio_s)


def _mono(runner: StageRunner, path: Path, stereo: Heard, scratch: Path) -> Mono:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    mixed = scratch / f"{path.stem}-mono.wav"
    soundfile.write(mixed, samples.mean(axis=1), rate_hz)
    heard = _chain(runner, mixed, scratch)
    truth = [(word, turn.channel) for turn in stereo.stt.turns for word in turn.words]
    told = [
        (turn.voice, channel)
        for turn in heard.stt.turns
        for word in turn.words
        if (channel := _spoken_on(word, truth)) is not None
    ]
    # Voices have no names: the better of the two ways to name them.
    right = max(sum(voice == (channel ^ swap) + 1 for voice, channel in told) for swap in (0, 1))
    unsure = sum(voice is None for voice, _ in told)
    return Mono(path.stem, len(told), right, unsure, heard.rtf, heard.stt.audio_s)


def _spoken_on(word: Word, truth: Iterable[tuple[Word, int]]) -> int | None:
    """The channel on which a word is heard; None where it is on both, or on none."""
    channels = {
        channel for other, channel in truth if word.start_ms < other.end_ms and other.start_ms < word.end_ms
    }
    return channels.pop() if len(channels) == 1 else None


def _hold(path: Path, stereo: Heard, scratch: Path) -> Hold:
    finding = IvrFinding(load_library(None), 5.0)
    recording = decode(path, scratch, _LONGEST_S)
    found = finding.run(Head(call_id="x", engine=finding.engine, seconds=0, audio_s=1), recording)
    known = list(_of_kind(stereo.ivr, SegmentKind.HOLD_MUSIC, SegmentKind.PROMPT))
    music = timeline.joined(_of_kind(stereo.ivr, SegmentKind.HOLD_MUSIC))
    heard = timeline.joined(_of_kind(found, SegmentKind.HOLD_MUSIC))
    return Hold(
        path.stem,
        timeline.total_ms(music) / 1000,
        timeline.total_ms(timeline.within(heard, music)) / 1000,
        timeline.total_ms(timeline.without(heard, known)) / 1000,
    )


def _of_kind(ivr: IvrResult, *kinds: SegmentKind) -> Iterator[Span]:
    segments = sorted(ivr.segments, key=lambda segment: segment.start_ms)
    return (Span(start_ms=s.start_ms, end_ms=s.end_ms) for s in segments if s.kind in kinds)


def _quiet(calls: list[tuple[Path, Heard]], level_db: int, scratch: Path) -> Quiet:
    """What voice activity makes of the mixes of all calls with the customers at a level."""
    quiet = Quiet(level_db)
    for path, stereo in calls:
        recording = decode(path, scratch, _LONGEST_S)
        if len(recording.channels) == 2:
            quiet.add(recording, stereo.ivr.kept)
    return quiet


def report(mono: list[Mono], holds: list[Hold], quiet: list[Quiet]) -> str:
    """The page, as Markdown."""
    words, right = sum(call.words for call in mono), sum(call.right for call in mono)
    music_s, found_s = sum(call.music_s for call in holds), sum(call.found_s for call in holds)
    wrong_s = sum(call.wrong_s for call in holds)
    slowest = max(call.rtf for call in mono)
    at_30_db = next(one.missed_ms[1] / one.total_ms for one in quiet if one.level_db == -30)
    music_found = found_s / music_s
    checks = [
        Check("words with the right voice", right / words >= 0.95, percent(right / words, 1)),
        Check("hold music that is found by its sound", music_found >= 0.4, percent(music_found, 1)),
        Check("a customer 30 dB below: speech missed", at_30_db <= 0.05, percent(at_30_db, 1)),
        Check("CPU seconds per second of mono audio, the slowest call", slowest <= 0.2, f"{slowest:.3f}"),
    ]
    of_mono = Table(
        ["call, mixed to mono", "words", "right voice", "nobody's", "CPU-s per s"],
        [[c.name, str(c.words), percent(c.right / c.words, 1), str(c.unsure), f"{c.rtf:.3f}"] for c in mono],
        before="## Two people on one channel",
        after="Words that both speak over are left out. A word is nobody's where its turn's voice is unsure.",
    )
    of_holds = Table(
        ["call without a library", "hold music, s", "found, s", "taken for music and none, s"],
        [
            [c.name, f"{c.music_s:.0f}", f"{c.found_s:.0f}", f"{c.wrong_s:.1f}"]
            for c in holds
            if c.music_s or c.wrong_s
        ],
        before="## Hold music that no library knows",
        after=f"{wrong_s:.1f} s in all are taken for music and are none: pauses beside it.",
    )
    of_quiet = Table(
        ["customer's level", "missed", "missed, levelled too", "none, s", "none, levelled too, s"],
        [one.row() for one in quiet],
        before="## A far side that is hardly heard",
        after="*Missed*: what voice activity detection finds when the customer is alone, and not in the "
        f"mix. *None*: what is taken for speech further than {MARGIN_MS} ms from anybody's, in "
        f"{sum(call.audio_s for call in mono) / 60:.0f} minutes.",
    )
    head = (
        f"# The first day: mono, and nothing loaded\n\n{__doc__.partition(chr(10) * 2)[2].strip()}\n\n"
        f"Written by `python -m tests.benchmarks.first_day` on {datetime.now(UTC):%Y-%m-%d}, commit "
        f"{commit_of(ROOT)}, {machine()}."
    )
    tables = [as_markdown(table) for table in (of_mono, of_holds, of_quiet)]
    return "\n\n".join([head, acceptance(checks), *tables]) + "\n"


if __name__ == "__main__":
    main()
