"""Languages of clips that no tuning has heard: `python -m tests.benchmarks.spoken_languages`.

Each clip is told twice, in turns: filled up with silence to the 30 s that the model was trained on, as
Whisper tells languages, and as the LID stage does it, which listens to 8 s and fills up what is in doubt.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from faster_whisper.audio import pad_or_trim

from include.gpu.wire import IvrResult
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples
from include.gpu_host.engines.weights import find_whisper
from include.gpu_host.engines.whisper import Whisper, WhisperLanguages
from include.gpu_host.settings import PACKAGED_WHISPER
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.languages import Languages
from tests.benchmarks import held_out
from tests.benchmarks.findings import Table, percent
from tests.benchmarks.reporting import as_markdown, commit_of, machine
from tests.benchmarks.speech.material import RATE_HZ, resampled

ROOT = Path(__file__).parents[2]


@dataclass
class Told:
    """Clips, of them told right, of them told nothing; and the CPU seconds for them."""

    clips: int = 0
    right: int = 0
    unknown: int = 0
    cpu_s: float = 0.0

    def add(self, told: str | None, language: str, cpu_s: float) -> None:
        """Counts a clip."""
        self.clips += 1
        self.right += told == language
        self.unknown += told is None
        self.cpu_s += cpu_s


def main() -> None:
    """Measures, and prints the table."""
    options = _options()
    if not (options.recordings / "usr").is_dir():
        held_out.fetch(options.recordings)
    weights = find_whisper(PACKAGED_WHISPER, ROOT / "var" / "weights")
    whisper = Whisper(weights, "cpu", cpu_threads=1, workers=1, batch_size=1)
    stage = Languages(WhisperLanguages(whisper))
    found = {(code, how): Told() for code in held_out.LANGUAGES for how in ("filled up", "the stage")}
    seconds = dict.fromkeys(held_out.LANGUAGES, 0.0)
    for code in held_out.LANGUAGES:
        for sound in held_out.sounds_of(options.recordings, code, set())[: options.clips]:
            samples = resampled(sound.samples, RATE_HZ, SAMPLE_RATE_HZ)
            seconds[code] += len(samples) / SAMPLE_RATE_HZ
            for how, tell in (("filled up", _filled_up), ("the stage", _by_stage)):
                began_s = time.process_time()
                told = tell(whisper, stage, samples)
                found[code, how].add(told, code, time.process_time() - began_s)
    print(report(found, seconds))


def _filled_up(whisper: Whisper, _: Languages, samples: Samples) -> str | None:
    features = pad_or_trim(whisper.model.feature_extractor(samples), 3000)
    [best, *_], *_ = whisper.model.model.detect_language(whisper.model.encode(features[None]))
    return str(best[0][2:-2])


def _by_stage(_: Whisper, stage: Languages, samples: Samples) -> str | None:
    recording = Recording.of(samples[None])
    ivr = IvrResult(
        call_id="x",
        engine=stage.engine,
        seconds=0,
        audio_s=recording.duration_s,
        segments=[],
        kept=[recording.whole],
    )
    head = Head(call_id="x", engine=stage.engine, seconds=0, audio_s=recording.duration_s)
    return stage.run(head, recording, ivr, []).language


def report(found: dict[tuple[str, str], Told], seconds: dict[str, float]) -> str:
    """The table, as Markdown."""
    rows = []
    for how in ("filled up", "the stage"):
        told = [found[code, how] for code in seconds]
        clips, right = sum(one.clips for one in told), sum(one.right for one in told)
        rows.append(
            [
                how,
                f"{right} of {clips} ({percent(right / clips)})",
                *(f"{one.right} of {one.clips}" for one in told),
                str(sum(one.unknown for one in told)),
                f"{sum(one.cpu_s for one in told) / clips:.2f}",
            ]
        )
    minutes = sum(seconds.values()) / 60
    before = f"{minutes:.0f} minutes of clips, 99 languages; commit {commit_of(ROOT)}, {machine()}."
    columns = ["told", "right", *seconds, "unknown", "CPU-s per clip"]
    return as_markdown(Table(columns, rows, before=before)) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.spoken_languages", description=__doc__)
    parser.add_argument("--clips", type=int, default=50, help="so many of each language")
    parser.add_argument("--recordings", type=Path, default=ROOT / "var" / "held-out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
