"""What enhancement does: to words when it is used never, by the gate, or always; and to the signal."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import soundfile

from include.calls.stage import GPU_STAGES, Stage
from include.errors import CofiError
from include.gpu.wire import DenoiseResult, SttResult
from tests.benchmarks.findings import Check, Section, Table, percent, points
from tests.benchmarks.speech import plots, signal, wording
from tests.benchmarks.speech.bare import AT_ONCE
from tests.benchmarks.speech.bench import Bench
from tests.benchmarks.speech.hosts import Answered, Host, Request, as_wav, in_parallel
from tests.benchmarks.speech.material import RATE_HZ, Material
from tests.benchmarks.speech.noisy import CLIPS_EACH, Noisy, noisy_recordings
from tests.benchmarks.speech.scoring import Counted, difference, errors_by_unit, total, words_of

ENGINES = ("deepfilternet3", "rnnoise")
# Below this SNR a channel is enhanced: thresholds that no measurement reaches.
_ALWAYS_DB, _NEVER_DB = 1000, -1000


@dataclass(frozen=True)
class Way:
    """The chain with one engine, in one way to use it: errors of every clip, by noise level."""

    by_level: dict[str, list[Counted]]

    @property
    def everything(self) -> list[Counted]:
        """All levels together."""
        return [counted for counts in self.by_level.values() for counted in counts]

    def wer(self, level: str) -> float:
        """Of one level."""
        return total(self.by_level[level]).wer


@dataclass(frozen=True)
class Enhanced:
    """What one engine did.

    Attributes:
        ways: `never`, `gated` and `always`.
        gated: Recordings that the gate let through to enhancement, by noise level.
        left_alone: Recordings that were not enhanced though all should be: their noise could not be measured.
        signals: Quality of the enhanced copies by noise level.
    """

    ways: dict[str, Way]
    gated: dict[str, int]
    left_alone: int
    signals: dict[str, signal.Quality]


def chapter(bench: Bench, material: Material) -> Section:
    """The chapter about enhancement."""
    section = Section("Noise: what enhancement does")
    recordings = noisy_recordings(bench, material)
    if not recordings:
        section.missing.append(
            "Noise: there are no English clips, or no noises, to make noisy recordings of."
        )
        return section
    bare = _bare(bench, recordings)
    never = _through(bench, recordings, "never enhanced", denoise_below_snr_db=_NEVER_DB)
    by_engine = {}
    for engine in ENGINES:
        enhanced = _enhanced(bench, recordings, engine, never)
        if enhanced is None:
            section.missing.append(f"Denoise engine {engine}: the host does not offer it, or failed with it.")
        else:
            by_engine[engine] = enhanced
    return _filled(bench, section, recordings, bare, by_engine)


def _bare(bench: Bench, recordings: Sequence[Noisy]) -> Way:
    paths = []
    for one in recordings:
        paths.append(bench.scratch / f"noisy-{one.name}.wav")
        paths[-1].write_bytes(as_wav(one.heard[None], RATE_HZ))
    done = bench.progress("noisy recordings through the bare model", len(paths))
    heard = in_parallel(paths, bench.bare.transcribe, AT_ONCE, done)
    return _counted(recordings, [one.text for one in heard])


def _through(
    bench: Bench,
    recordings: Sequence[Noisy],
    what: str,
    stages: Sequence[Stage] = tuple(GPU_STAGES),
    **settings: Any,
) -> list[Answered | None]:
    with bench.hosts.running(prompts_dir=bench.known, **settings) as host:
        return bench.answers(host, _requests(recordings, stages), f"noisy recordings {what}")


def _requests(recordings: Sequence[Noisy], stages: Sequence[Stage]) -> list[Request]:
    return [
        Request(f"noisy-{one.name}", as_wav(one.heard[None], RATE_HZ), stages=stages) for one in recordings
    ]


def _enhanced(
    bench: Bench, recordings: Sequence[Noisy], engine: str, never: Sequence[Answered | None]
) -> Enhanced | None:
    """With one engine: always, and where the gate says so.

    A gate that leaves a recording alone lets recognition hear what `never` heard, and one that does not, what
    `always` heard: only its decision is asked for again.
    """
    try:
        gate = _through(
            bench,
            recordings,
            f"measured by the gate of {engine}",
            stages=(Stage.DENOISE,),
            denoise_engine=engine,
        )
        with bench.hosts.running(
            prompts_dir=bench.known, denoise_engine=engine, denoise_below_snr_db=_ALWAYS_DB
        ) as host:
            if host.status.engines["denoise"].name != engine:
                return None
            bench.engines.append(("denoise", host.status.engines["denoise"]))
            always = bench.answers(
                host, _requests(recordings, GPU_STAGES), f"noisy recordings enhanced by {engine}"
            )
            signals = _signals(host, recordings)
    except CofiError as error:
        bench.say(f"  {engine}: {error}")
        return None
    applied, applied_always = ([_applied(answer) for answer in answers] for answers in (gate, always))
    chosen = [a if on else n for on, a, n in zip(applied, always, never, strict=True)]
    ways = {
        "never": _counted(recordings, [_text(answer) for answer in never]),
        "gated": _counted(recordings, [_text(answer) for answer in chosen]),
        "always": _counted(recordings, [_text(answer) for answer in always]),
    }
    gated = {one.level: 0 for one in recordings}
    for one, on in zip(recordings, applied, strict=True):
        gated[one.level] += on
    return Enhanced(ways, gated, applied_always.count(False), signals)


def _signals(host: Host, recordings: Sequence[Noisy]) -> dict[str, signal.Quality]:
    """Mean quality of the enhanced copies, by noise level."""
    by_level: dict[str, list[signal.Quality]] = {}
    for one in recordings:
        samples, rate_hz = soundfile.read(io.BytesIO(host.enhanced(f"noisy-{one.name}")), dtype="float32")
        by_level.setdefault(one.level, []).append(signal.quality(one.clean, samples, rate_hz))
    return {level: signal.mean(qualities) for level, qualities in by_level.items()}


def _filled(
    bench: Bench, section: Section, recordings: Sequence[Noisy], bare: Way, by_engine: Mapping[str, Enhanced]
) -> Section:
    levels = list(bare.by_level)
    section.text.append(wording.NOISE)
    section.tables.append(_words_table(levels, bare, by_engine))
    section.tables.append(_signal_table(levels, recordings, by_engine))
    for engine, enhanced in by_engine.items():
        if enhanced.left_alone:
            section.text.append(
                f"{engine}: *always* left {enhanced.left_alone} of {len(recordings)} recordings as they "
                "were, because they have no pause to measure the noise in."
            )
        never, gated = enhanced.ways["never"].everything, enhanced.ways["gated"].everything
        interval = difference(never, gated)
        section.checks.append(
            Check(
                f"Noise: gated {engine} is not worse than never enhanced, all levels together",
                interval.low <= 0,
                f"{percent(total(gated).wer)} against {percent(total(never).wer)} "
                f"(difference {points(interval.low, interval.high)} points)",
            )
        )
    if by_engine:
        lines = {
            engine: {way: [counted.wer(level) for level in levels] for way, counted in enhanced.ways.items()}
            for engine, enhanced in by_engine.items()
        }
        plots.wer_by_snr(bench.pictures / "speech-noise.svg", levels, lines)
        section.pictures["Word error rate by noise level: never, gated and always enhanced"] = (
            "speech-noise.svg"
        )
    if not signal.PESQ_IS_THERE:
        section.missing.append("PESQ: the package `pesq` is not installed (it has to be built from source).")
    return section


def _words_table(levels: Sequence[str], bare: Way, by_engine: Mapping[str, Enhanced]) -> Table:
    columns = ["WER", "words", "alone", "chain, never"]
    for engine in by_engine:
        columns += [f"{engine}: gated", "always", "gate: enhanced"]
    rows = []
    for level in levels:
        row = [level, f"{total(bare.by_level[level]).words}", percent(bare.wer(level))]
        first = next(iter(by_engine.values()), None)
        row.append(percent(first.ways["never"].wer(level)) if first else "–")
        for enhanced in by_engine.values():
            row += [percent(enhanced.ways[way].wer(level)) for way in ("gated", "always")]
            row.append(f"{enhanced.gated[level]} of {_recordings_of(level, bare)}")
        rows.append(row)
    return Table(columns, rows)


def _recordings_of(level: str, bare: Way) -> int:
    return -(-len(bare.by_level[level]) // CLIPS_EACH)


def _signal_table(
    levels: Sequence[str], recordings: Sequence[Noisy], by_engine: Mapping[str, Enhanced]
) -> Table:
    def untouched(level: str) -> signal.Quality:
        return signal.mean(
            [signal.quality(one.clean, one.heard, RATE_HZ) for one in recordings if one.level == level]
        )

    rows = [
        [level, name, *quality.shown()]
        for level in levels
        for name, quality in [
            ("as recorded", untouched(level)),
            *((engine, enhanced.signals[level]) for engine, enhanced in by_engine.items()),
        ]
    ]
    return Table(["noise", "copy", "SI-SDR, dB", "STOI", "PESQ (narrow band)"], rows)


def _counted(recordings: Sequence[Noisy], texts: Sequence[str]) -> Way:
    by_level: dict[str, list[Counted]] = {}
    for one, text in zip(recordings, texts, strict=True):
        by_level.setdefault(one.level, []).extend(errors_by_unit(one.words, words_of(text, "en")))
    return Way(by_level)


def _applied(answer: Answered | None) -> bool:
    return answer is not None and answer.of(DenoiseResult).applied


def _text(answer: Answered | None) -> str:
    return " ".join(turn.text for turn in answer.of(SttResult).turns) if answer else ""
