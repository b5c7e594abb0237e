"""Measures the GPU host and writes `docs/speech.md`: words, languages, IVR, noise, times, speed and memory.

    python -m tests.benchmarks.speech [--quick] [--audio FOLDER]

Exit code 1 and the names of the lines when an acceptance line does not hold.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from include.errors import CofiError
from tests.benchmarks.findings import Section
from tests.benchmarks.reporting import commit_of
from tests.benchmarks.speech import conversations, cost, cuts, noise, recognition
from tests.benchmarks.speech.bare import BareModel, folder_of
from tests.benchmarks.speech.bench import FULL, QUICK, Bench
from tests.benchmarks.speech.corpus import SAMPLES, Corpus, load_corpus
from tests.benchmarks.speech.hosts import Hosts
from tests.benchmarks.speech.material import Material
from tests.benchmarks.speech.report import Run, written

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Runs the benchmark; returns the process's exit code."""
    options = _options()
    # Ended from outside, it still ends the hosts that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say = _clock()
    corpus = load_corpus(ROOT, options.audio.resolve())
    for sentence in corpus.missing:
        say(f"missing: {sentence}")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-speech-") as scratch:
            hosts = Hosts(options.checkout.resolve(), Path(scratch), (ROOT / "var" / "weights").resolve())
            run, sections = _measured(options, hosts, corpus, Path(scratch), say)
    except CofiError as error:
        print(f"bench-speech: {error}", file=sys.stderr)
        return 2
    failed = written(run, sections, options.report)
    say(f"{options.report} is written.")
    for line in failed:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failed else 0


def _measured(
    options: argparse.Namespace, hosts: Hosts, corpus: Corpus, scratch: Path, say: Callable[[str], None]
) -> tuple[Run, list[Section]]:
    began_s = time.monotonic()
    run = Run(
        datetime.now(UTC),
        _command(),
        options.quick,
        commit_of(options.checkout.resolve()),
        missing=corpus.missing,
    )
    say("Starting a host")
    with hosts.running() as host:
        engines = host.status.engines
    bare = BareModel(folder_of(hosts.weights_dir, engines["stt"].weights_sha256))
    bench = Bench(
        size=QUICK if options.quick else FULL,
        corpus=corpus,
        hosts=hosts,
        bare=bare,
        known=ROOT / SAMPLES / "prompts",
        scratch=scratch,
        pictures=options.report.resolve().parent,
        say=say,
    )
    sections = [
        section
        for name, part in _PARTS.items()
        if name in options.parts
        for section in _part(bench, name, part)
    ]
    run.engines |= {f"{stage} {engine.name}": engine for stage, engine in engines.items()}
    run.engines |= {f"{stage} {engine.name}": engine for stage, engine in bench.engines}
    run.took_s, run.failures = time.monotonic() - began_s, bench.failures
    return run, sections


def _part(bench: Bench, name: str, part: Callable[[Bench], list[Section]]) -> list[Section]:
    bench.say(name)
    return part(bench)


def _recognition(bench: Bench) -> list[Section]:
    listened = recognition.listen(bench)
    return [recognition.words(listened, bench.pictures), recognition.languages(listened)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speech", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few recordings of each set: about 3 minutes")
    parser.add_argument(
        "--audio",
        type=Path,
        default=Path(os.environ.get("AUDIO") or ROOT.parent / "shared" / "audio"),
        help="folder of real recordings with manifest.csv [default: $AUDIO, or ../shared/audio]",
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="Markdown file to write, with pictures beside it [default: docs/speech.md; a quick run: "
        "var/speech/speech.md]",
    )
    parser.add_argument("--checkout", type=Path, default=ROOT, help="checkout whose GPU host is measured")
    parser.add_argument(
        "--parts", nargs="+", choices=list(_PARTS), default=list(_PARTS), help="measure only these"
    )
    options = parser.parse_args()
    options.report = options.report or ROOT / ("var/speech" if options.quick else "docs") / "speech.md"
    return options


def _command() -> str:
    return " ".join(["python -m tests.benchmarks.speech", *sys.argv[1:]])


def _clock() -> Callable[[str], None]:
    began_s = time.monotonic()

    def say(text: str) -> None:
        minutes, seconds = divmod(round(time.monotonic() - began_s), 60)
        print(f"[{minutes:2d}:{seconds:02d}] {text}", flush=True)

    return say


def _composed(bench: Bench) -> list[Section]:
    if bench.corpus.audio is None:
        return []
    material = Material(bench.corpus.audio)
    known = cuts.library(material, bench.scratch / "known")
    return [cuts.chapter(bench, material, known), *conversations.chapters(bench, material, known)]


def _noise(bench: Bench) -> list[Section]:
    return [noise.chapter(bench, Material(bench.corpus.audio))] if bench.corpus.audio else []


_PARTS: dict[str, Callable[[Bench], list[Section]]] = {
    "recognition": _recognition,
    "composed": _composed,
    "noise": _noise,
    "cost": cost.chapters,
}


if __name__ == "__main__":
    sys.exit(main())
