"""What a vocabulary gains on the sample calls: `python -m tests.benchmarks.vocabulary`.

Each call is heard with nothing told, with the terms of the site, and with what its manifest says before them.
"""

import argparse
import csv
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from include.calls.stage import GPU_STAGES, Stage
from include.calls.terms import Terms
from include.demo.evaluation import normalise
from include.gpu.wire import StageOptions, StageResult, SttResult
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import StageJob
from include.gpu_host.stages.loaded import loaded_stages
from include.gpu_host.stages.running import StageRunner
from tests.benchmarks.findings import Table, percent
from tests.benchmarks.reporting import as_markdown, commit_of, machine
from tests.benchmarks.speech.bench import spread
from tests.benchmarks.speech.corpus import SAMPLES, Clip, load_corpus
from tests.benchmarks.speech.scoring import Counted, difference, errors_by_unit, total, words_of

ROOT = Path(__file__).parents[2]
# What the made-up company of the sample calls is called, and what it sells.
OF_SITE = ("Riverside Telecom", "Fibre Three Hundred", "Mobile Unlimited", "Complete Package")
CONDITIONS = ("nothing", "the site's terms", "agent, and these", "agent, queue, and these")
_LONGEST_S = 7200.0


@dataclass
class Condition:
    """Counts over calls, with the same told.

    Attributes:
        counted: Words and word errors of each call.
        named: How often a term of the largest vocabulary is said, and how often it was heard there.
        invented: Terms that were heard more often than said.
    """

    counted: list[Counted] = field(default_factory=list)
    named: list[int] = field(default_factory=lambda: [0, 0])
    invented: int = 0
    cpu_s: float = 0.0
    audio_s: float = 0.0

    def add(self, call: Clip, stt: SttResult, terms: Sequence[str]) -> None:
        """Compares a transcript with what is said."""
        heard = words_of(" ".join(turn.text for turn in stt.turns), call.language)
        said = words_of(call.transcript, call.language)
        self.counted.append(total(errors_by_unit([said], heard)))
        of_said, of_heard = (_occurrences(words, terms, call.language) for words in (said, heard))
        self.named[0] += sum(of_said.values())
        self.named[1] += (of_said & of_heard).total()
        self.invented += (of_heard - of_said).total()
        self.audio_s += stt.audio_s


def main() -> None:
    """Measures, and prints or writes the table."""
    options = _options()
    weights = ROOT / "var" / "weights"
    settings = Settings(token="bench", prompts_dir=ROOT / SAMPLES / "prompts", weights_dir=weights)
    runner = StageRunner(loaded_stages(settings, "cpu"), _LONGEST_S)
    calls = [call for call in load_corpus(ROOT, ROOT / "none").calls if call.transcript]
    chosen = spread(calls, options.calls or len(calls))
    measured = {name: Condition() for name in CONDITIONS}
    with tempfile.TemporaryDirectory() as scratch:
        for n, call in enumerate(chosen, 1):
            _measure(runner, call, measured, Path(scratch))
            told = ", ".join(
                f"{total(one.counted).errors} errors {one.named[1]}/{one.named[0]} names"
                for one in measured.values()
            )
            print(f"{n} of {len(chosen)}: {call.name}: so far {told}", flush=True)
    text = report(measured)
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")


def _measure(runner: StageRunner, call: Clip, measured: dict[str, Condition], scratch: Path) -> None:
    manifest = _manifest(call)
    lists = [
        [],
        *(Terms(OF_SITE, columns).of_call(manifest) for columns in ((), ("agent",), ("agent", "queue"))),
    ]
    earlier = _before_stt(runner, call, scratch)
    # In turns, so that what else the machine does hits all of them.
    for name, told in zip(CONDITIONS, lists, strict=True):
        options = StageOptions(channel_roles=list(call.roles), languages=["en", "es"], vocabulary=told)
        began_s = time.process_time()
        stt = runner(_job(call, Stage.STT, options, scratch, earlier))
        measured[name].cpu_s += time.process_time() - began_s
        assert isinstance(stt, SttResult)
        measured[name].add(call, stt, lists[-1])


def _before_stt(runner: StageRunner, call: Clip, scratch: Path) -> tuple[StageResult, ...]:
    results: tuple[StageResult, ...] = ()
    options = StageOptions(channel_roles=list(call.roles), languages=["en", "es"])
    for stage in GPU_STAGES[:-1]:
        result = runner(_job(call, stage, options, scratch, results))
        assert result is not None
        results += (result,)
    return results


def _job(
    call: Clip, stage: Stage, options: StageOptions, scratch: Path, earlier: tuple[StageResult, ...]
) -> StageJob:
    name, draft = call.path.stem, scratch / f"{call.path.stem}.flac"
    enhanced = draft if stage in (Stage.LID, Stage.STT) and draft.exists() else None
    return StageJob(name, stage, options, call.path, enhanced, draft, scratch, earlier)


def _manifest(call: Clip) -> dict[str, str]:
    with (call.path.parent / "manifest.csv").open(encoding="utf-8") as file:
        return next((row for row in csv.DictReader(file) if row["file"] == call.path.name), {})


def _occurrences(words: Sequence[str], terms: Sequence[str], language: str | None) -> Counter[str]:
    """How often each word of a name is there: people say parts of it."""
    parts = {part for term in terms for part in normalise(term, language or "").split()}
    return Counter(word for word in words if word in parts and not word.isdigit())


def report(measured: dict[str, Condition]) -> str:
    """The table, as Markdown."""
    bare = measured[CONDITIONS[0]]
    rows = []
    for name, one in measured.items():
        low_high = difference(bare.counted, one.counted)
        named, heard = one.named
        rows.append(
            [
                name,
                percent(total(one.counted).wer, 2),
                "–" if one is bare else f"{100 * low_high.low:+.2f} … {100 * low_high.high:+.2f}",
                f"{heard} of {named} ({percent(heard / named)})",
                str(one.invented),
                f"{one.cpu_s / one.audio_s:.3f}",
            ]
        )
    columns = ["told", "WER", "difference, 95 %", "words of names heard", "too often", "CPU-s per s"]
    words = total(bare.counted).words
    before = (
        f"{len(bare.counted)} sample calls, {bare.audio_s / 60:.0f} minutes, {words:,} words; "
        f"commit {commit_of(ROOT)}, {machine()}."
    )
    return as_markdown(Table(columns, rows, before=before)) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.vocabulary", description=__doc__)
    parser.add_argument("--calls", type=int, help="so many of the sample calls, spread over them")
    parser.add_argument("--report", type=Path, help="file for the table; it is printed in any case")
    return parser.parse_args()


if __name__ == "__main__":
    main()
