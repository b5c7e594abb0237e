"""A site's first day on calls that no tuning has heard: `make bench-first-day`, into docs/first-day-calls.md.

    python -m tests.benchmarks.first_day_calls [--quick] [--calls N] [--heard N] [--recordings FOLDER]

The calls of four languages come in one after the other, a few minutes apart, with no library; what the host
learns of them it cuts from the next call on. Beside that: the same calls with all prompts and music given,
and with neither.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from include.gpu.wire import IvrResult, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr.doubled import HeardCall
from include.gpu_host.ivr.finding import IvrFinding, Learning
from include.gpu_host.ivr.fingerprints import FingerprintLibrary, KnownAudio
from include.gpu_host.ivr.gathering import Gathering, library_of
from include.gpu_host.ivr.hearings import read_hearing
from include.gpu_host.ivr.landmarks import as_pcm
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import Head
from tests.benchmarks import heard_words, held_out
from tests.benchmarks.findings import Check, Table, percent
from tests.benchmarks.held_out import HeldOutCall
from tests.benchmarks.reporting import acceptance, as_markdown, commit_of, machine
from tests.benchmarks.speech.material import RATE_HZ, resampled

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "first-day-calls.md"
# As a host is set up by itself.
MIN_CALLS = Settings(token="0" * 32).learn_min_calls
# One fewer, where they are known to be of different times, as names of recordings tell it.
ENOUGH_CALLS = MIN_CALLS - 1
BEGAN_AT, BETWEEN = datetime(2026, 11, 30, 8, tzinfo=UTC), timedelta(minutes=7, seconds=12)
_BREATH_MS = 250


@dataclass
class Cut:
    """Milliseconds over calls: of prompts and music, how much of each is cut, of speech, and what is lost."""

    prompt_ms: int = 0
    prompt_cut_ms: int = 0
    music_ms: int = 0
    music_cut_ms: int = 0
    speech_ms: int = 0
    lost_ms: int = 0
    calls: int = 0

    def add(self, call: HeldOutCall, ivr: IvrResult, speech: Sequence[Sequence[Span]]) -> None:
        """Counts a call; `speech` is where people speak, by channel."""
        gone = timeline.without([Span(start_ms=0, end_ms=10**7)], ivr.kept)
        plays = [s for s in ivr.segments if s.kind in (SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC)]
        own = [timeline.joined([*gone, *(p for p in plays if p.channel == n)]) for n in (0, 1)]
        near = timeline.widened(speech[0], _BREATH_MS, 10**7)
        prompts, music = (timeline.without(spans, near) for spans in (call.prompts, call.music))
        self.prompt_ms += timeline.total_ms(prompts)
        self.prompt_cut_ms += timeline.total_ms(timeline.within(prompts, own[0]))
        self.music_ms += timeline.total_ms(music)
        self.music_cut_ms += timeline.total_ms(timeline.within(music, own[0]))
        self.speech_ms += sum(timeline.total_ms(spans) for spans in speech)
        self.lost_ms += sum(
            timeline.total_ms(timeline.within(s, o)) for s, o in zip(speech, own, strict=True)
        )
        self.calls += 1

    @property
    def cut(self) -> float:
        """Share of prompts and music that recognition does not hear."""
        return (self.prompt_cut_ms + self.music_cut_ms) / (self.prompt_ms + self.music_ms)

    @property
    def lost(self) -> float:
        """Share of people's speech that it does not hear."""
        return self.lost_ms / self.speech_ms

    def row(self, name: str) -> list[str]:
        """As a row."""
        prompts, music = self.prompt_cut_ms / self.prompt_ms, self.music_cut_ms / self.music_ms
        shares = [percent(share, 1) for share in (self.cut, prompts, music)]
        return [name, str(self.calls), *shares, percent(self.lost, 2), f"{self.speech_ms / 1000:.0f}"]


@dataclass
class Day:
    """What became of the calls: IVR results by condition, in the order of the calls."""

    calls: list[HeldOutCall] = field(default_factory=list)
    found: dict[str, list[IvrResult]] = field(default_factory=dict)
    cuts: dict[str, Cut] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    learned: int = 0
    wrong: int = 0

    @property
    def minutes(self) -> float:
        """Of recordings."""
        return sum(call.samples.shape[1] for call in self.calls) / RATE_HZ / 60


def main() -> None:
    """Measures, and writes the report."""
    options = _options()
    if not (options.recordings / "usr").is_dir():
        held_out.fetch(options.recordings)
    languages = ("en", "es") if options.quick else held_out.LANGUAGES
    day = Day(calls=list(held_out.calls(options.recordings, options.tuning, languages, options.calls)))
    with tempfile.TemporaryDirectory() as scratch:
        _ivr(day, Path(scratch), options.heard)
        _written(options, day, None)
        weights = ROOT / "var" / "weights"
        for heard in heard_words.of(day.calls, day.found, Path(scratch), options.heard, weights):
            heard.rare = {name for names in rare(day.calls).values() for name in names}
            heard.ivr_rtf = (day.cpu_s["learned"] + day.cpu_s["heard again"]) / day.minutes / 60
            _written(options, day, heard)


def _written(options: argparse.Namespace, day: Day, heard: heard_words.Heard | None) -> None:
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(report(day, heard), encoding="utf-8")
    print(f"{options.report} is written.", flush=True)


def _ivr(day: Day, scratch: Path, heard: int) -> None:
    empty, given = IvrFinding(FingerprintLibrary([]), 5.0), IvrFinding(_given(day.calls), 5.0)
    gathering = Gathering(MIN_CALLS)
    recordings = [recording_of(call) for call in day.calls]
    speech = [list(_speech(call)) for call in day.calls]
    half = len(day.calls) // 2
    for number, (call, recording) in enumerate(zip(day.calls, recordings, strict=True)):
        _find(day, "empty", empty, recording)
        _find(day, "given", given, recording)
        learning = Learning(library_of(gathering.entries), number, MIN_CALLS, scratch / "hearing.npz")
        _find(day, "learned", empty, recording, learning)
        heard_call = HeardCall(call.name, BEGAN_AT + number * BETWEEN)
        gathering.hear(number, heard_call, read_hearing(learning.hand_over), datetime.now(UTC))
        print(f"{call.name}: {number + 1} of {len(day.calls)} are searched", flush=True)
    learning = Learning(library_of(gathering.entries), len(day.calls), MIN_CALLS, scratch / "hearing.npz")
    for recording in recordings:
        _find(day, "heard again", empty, recording, learning)
    for call in day.calls[len(day.calls) - heard :]:
        mono = Recording.of(resampled(call.samples.mean(axis=0), RATE_HZ, SAMPLE_RATE_HZ)[None])
        _find(day, "mono", empty, mono, learning)
    day.learned = len(gathering.learned)
    day.wrong = sum(_is_wrong(day, entry.call_id, entry.start_ms) for entry in gathering.learned)
    for name, results in ((name, found) for name, found in day.found.items() if name != "mono"):
        for part, chosen in (("first half", range(half)), ("second half", range(half, len(day.calls)))):
            cut = day.cuts.setdefault(f"{name}, {part}", Cut())
            for n in chosen:
                if n < len(results):
                    cut.add(day.calls[n], results[n], speech[n])
    day.cuts = {name: cut for name, cut in day.cuts.items() if cut.calls}


def _find(
    day: Day, name: str, finding: IvrFinding, recording: Recording, learning: Learning | None = None
) -> None:
    head = Head(call_id="x", engine=finding.engine, seconds=0, audio_s=recording.duration_s)
    began_s = time.process_time()
    day.found.setdefault(name, []).append(finding.run(head, recording, learning))
    day.cpu_s[name] = day.cpu_s.get(name, 0.0) + time.process_time() - began_s


def _is_wrong(day: Day, name: str, start_ms: int) -> bool:
    """Whether what was learned is something that a person says."""
    call = next(call for call in day.calls if call.name == name)
    return any(s.channel == 0 and s.start_ms <= start_ms + 500 < s.end_ms for s in call.said)


def _given(calls: Sequence[HeldOutCall]) -> FingerprintLibrary:
    """All prompts and music of the calls, as files that a site would load: before any codec."""
    pieces = {}
    for call in calls:
        for path, kind in call.played:
            pieces[path] = KnownAudio(path.stem, kind, as_pcm(held_out.levelled(path)))
    return FingerprintLibrary(list(pieces.values()))


def recording_of(call: HeldOutCall) -> Recording:
    """As the stages hear it."""
    return Recording.of(np.stack([resampled(side, RATE_HZ, SAMPLE_RATE_HZ) for side in call.samples]))


def _speech(call: HeldOutCall) -> Iterator[list[Span]]:
    """Where people speak, by channel: voice activity of each utterance alone."""
    recording = recording_of(call)
    for channel in (0, 1):
        spans = [Span(start_ms=s.start_ms, end_ms=s.end_ms) for s in call.said if s.channel == channel]
        yield [part for span in spans for part in speech_spans(recording, channel, [span], margin_ms=0)]


def report(day: Day, heard: heard_words.Heard | None) -> str:
    """The page, as Markdown."""
    halves = [day.cuts[f"heard again, {half} half"] for half in ("first", "second")]
    known_ms = sum(one.prompt_ms + one.music_ms for one in halves)
    cut = sum(one.prompt_cut_ms + one.music_cut_ms for one in halves) / known_ms
    alone = day.cuts["empty, second half"]
    music = alone.music_cut_ms / alone.music_ms
    lost = sum(day.cuts[f"learned, {half} half"].lost_ms for half in ("first", "second"))
    speech = sum(day.cuts[f"learned, {half} half"].speech_ms for half in ("first", "second"))
    checks = [
        Check("prompts and music cut after learning within the run", cut >= 0.8, percent(cut)),
        Check("hold music cut by its sound alone", music >= 0.4, percent(music)),
        Check("speech lost, learned, all calls", lost / speech <= 0.002, percent(lost / speech, 2)),
        Check("people's words learned as a prompt", day.wrong == 0, f"{day.wrong} of {day.learned}"),
        *(heard.checks() if heard else []),
    ]
    columns = ["library", "calls", "cut", "prompts cut", "music cut", "speech lost", "speech, s"]
    cuts = Table(
        columns,
        [cut.row(name) for name, cut in day.cuts.items()],
        before="## What is cut, and what is lost",
        after="*Heard again*: all calls once more with all that was learned, as a shard's IVR stage does it. "
        "IVR CPU seconds per second of recording: "
        + ", ".join(f"{name} {cpu / day.minutes / 60:.4f}" for name, cpu in day.cpu_s.items())
        + f".\n\n{_rare_in_words(day.calls)}",
    )
    languages = ", ".join(dict.fromkeys(call.language for call in day.calls))
    head = [
        "# The first day on calls that no tuning has heard",
        (__doc__ or "").rpartition("\n\n")[2].strip(),
        f"**Split.** {len(day.calls)} calls, {day.minutes:.1f} minutes, in {languages}. "
        f"{(held_out.__doc__ or '').strip()}",
        f"Written by `python -m tests.benchmarks.first_day_calls` on {datetime.now(UTC):%Y-%m-%d}, commit "
        f"{commit_of(ROOT)}, {machine()}.",
    ]
    tables = [cuts, *(heard.tables() if heard else [])]
    return "\n\n".join([*head, acceptance(checks), *map(as_markdown, tables)]) + "\n"


def rare(calls: Sequence[HeldOutCall]) -> dict[str, set[str]]:
    """The prompts that play in too few calls to be learned, and the names of these calls."""
    plays: dict[str, set[str]] = {}
    for call in calls:
        for path, kind in call.played:
            if kind is SegmentKind.PROMPT:
                plays.setdefault(f"{path.parent.name} {path.stem}", set()).add(call.name)
    return {prompt: names for prompt, names in plays.items() if len(names) < ENOUGH_CALLS}


def _rare_in_words(calls: Sequence[HeldOutCall]) -> str:
    prompts = {path for call in calls for path, kind in call.played if kind is SegmentKind.PROMPT}
    few = [f"{prompt} ({', '.join(sorted(names))})" for prompt, names in rare(calls).items()]
    return (
        f"Of {len(prompts)} prompts {len(few)} play in fewer than the {ENOUGH_CALLS} calls of different "
        f"times that learning takes{': ' if few else ''}{'; '.join(few)}. What is not learned is transcribed."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.first_day_calls", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="English and Spanish alone, into var/speech")
    parser.add_argument(
        "--calls", type=int, default=held_out.CALLS_OF_LANGUAGE, help="so many of each language"
    )
    parser.add_argument("--recordings", type=Path, default=ROOT / "var" / "held-out")
    parser.add_argument("--tuning", type=Path, default=ROOT.parent / "shared" / "audio")
    parser.add_argument(
        "--heard", type=int, default=sys.maxsize, help="so many of the last calls are recognised too [all]"
    )
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    options.heard = min(options.heard, options.calls * (2 if options.quick else len(held_out.LANGUAGES)))
    quick = ROOT / "var" / "speech" / "first-day-calls.md"
    options.report = options.report or (quick if options.quick else REPORT)
    return options


if __name__ == "__main__":
    main()
