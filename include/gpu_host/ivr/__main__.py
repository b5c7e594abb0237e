"""`python -m include.gpu_host.ivr`: looks after the library of known prompts and hold music."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from include.errors import CofiError, InvalidInput, RecordingUnusable
from include.gpu.wire import IvrResult, SegmentKind
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr import library
from include.gpu_host.ivr.finding import IvrFinding
from include.gpu_host.ivr.landmarks import RATE_HZ
from include.gpu_host.ivr.learning import Learned, Learner
from include.gpu_host.settings import Settings, variable
from include.gpu_host.stages.job import Head

_PROGRESS_S = 5.0
_KINDS = {"prompt": SegmentKind.PROMPT, "hold_music": SegmentKind.HOLD_MUSIC}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one sub-command; returns the process's exit code."""
    args = _parser().parse_args(arguments)
    try:
        code: int = args.run(args)
    except (CofiError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    # The token is the server's: these commands need none.
    settings = Settings.from_env({**os.environ, variable("token"): "none"})
    parser = argparse.ArgumentParser(
        prog="python -m include.gpu_host.ivr",
        description="Known prompts and hold music, which the IVR stage cuts out of calls. A host reads the "
        "library at its start: restart it after a change; results found with another library are made again.",
    )
    parser.add_argument(
        "--prompts-dir",
        type=Path,
        default=settings.prompts_dir,
        help=f"the library [{variable('prompts_dir')}: {settings.prompts_dir or 'unset'}]",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    add = commands.add_parser("add", help="add recordings of prompts or hold music")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the prompt or the music alone")
    add.add_argument("--kind", choices=_KINDS, default="prompt", help="what it is [prompt]")
    add.add_argument("--name", help="how results call it, of one FILE [the file's name without suffix]")
    add.set_defaults(run=_add)

    listing = commands.add_parser("list", help="show what is known")
    listing.set_defaults(run=_list)

    check = commands.add_parser("check", help="show what would be found in a recording")
    check.add_argument("recording", type=Path, metavar="RECORDING")
    check.add_argument("--dead-air-s", type=float, default=settings.dead_air_s, help="[%(default)s]")
    check.set_defaults(run=_check, max_duration_s=settings.max_duration_s)

    learn = commands.add_parser(
        "learn",
        help="find audio that repeats in many calls of the host's data folder",
        description="Audio that is the same, to the sample, in many calls is a prompt or hold music. Each is "
        "written as a file under learned/ of the library: listen to them, remove what is none, move what is "
        "of the other kind. It must be heard twice within some 100 calls in a row to be noticed. Memory "
        "stays below 1 GB however many calls there are.",
    )
    learn.add_argument(
        "--data-dir",
        type=Path,
        default=settings.data_dir,
        help=f"the host's data folder [{variable('data_dir')}: {settings.data_dir}]",
    )
    learn.add_argument(
        "--min-calls", type=int, default=5, help="calls that must play it; at least 2 [%(default)s]"
    )
    learn.add_argument(
        "--calls", type=int, default=2000, help="listen to the newest so many calls [%(default)s]"
    )
    learn.add_argument("--dry-run", action="store_true", help="show what would be learned; write nothing")
    learn.set_defaults(run=_learn, max_duration_s=settings.max_duration_s)
    return parser


def _add(args: argparse.Namespace) -> int:
    if args.name and len(args.files) > 1:
        raise InvalidInput(f"--name {args.name} names one file, and {len(args.files)} are given.")
    failed = 0
    for path in args.files:
        try:
            added = library.add(_folder(args), path, _KINDS[args.kind], args.name)
            print(f"added {added.kind} {added.name}: {added.path}")
        except (CofiError, OSError) as error:
            print(error, file=sys.stderr)
            failed += 1
    return 1 if failed else 0


def _list(args: argparse.Namespace) -> int:
    rows = []
    for file in library.files_of(_folder(args)):
        try:
            piece = file.read()
            seconds, landmarks = f"{len(piece.samples) / RATE_HZ:.1f}", str(len(piece.landmarks))
        except RecordingUnusable as error:
            seconds, landmarks = "-", f"unusable: {error}"
        rows.append([file.kind, file.name, seconds, landmarks, str(file.path)])
    print(_table(["kind", "name", "s", "landmarks", "file"], rows))
    return 0


def _check(args: argparse.Namespace) -> int:
    finding = IvrFinding(library.load_library(args.prompts_dir), args.dead_air_s)
    with tempfile.TemporaryDirectory() as scratch:
        recording = decode(args.recording, Path(scratch), args.max_duration_s)
        head = Head(call_id="check", engine=finding.engine, seconds=0.0, audio_s=recording.duration_s)
        result = finding.run(head, recording)
    print(_table(["from", "to", "channel", "kind", "confidence", "label"], _found(result)))
    kept_s = sum(span.end_ms - span.start_ms for span in result.kept) / 1000
    print(f"kept as conversation: {kept_s:.1f} s of {recording.duration_s:.1f} s")
    return 0


def _found(result: IvrResult) -> list[list[str]]:
    return [
        [
            _clock(segment.start_ms),
            _clock(segment.end_ms),
            "all" if segment.channel is None else str(segment.channel),
            segment.kind,
            f"{segment.confidence:.2f}",
            segment.label,
        ]
        for segment in result.segments
    ]


def _learn(args: argparse.Namespace) -> int:
    folder = _folder(args)
    calls = _calls(args.data_dir)[: args.calls]
    if not calls:
        raise InvalidInput(f"{args.data_dir} holds no calls: name a host's data folder by --data-dir.")
    if args.min_calls < 2:
        raise InvalidInput(f"--min-calls is {args.min_calls}: enter 2 or more.")
    learner = Learner(library.load_library(folder if folder.is_dir() else None), args.min_calls)
    progress = _Progress()
    with tempfile.TemporaryDirectory() as scratch:

        def opened(call: int) -> Recording:
            return decode(calls[call] / "audio", Path(scratch), args.max_duration_s)

        unusable = _hear(learner, calls, opened, progress)
        found = list(learner.learned(opened, lambda n, of: progress(f"compared {n} of {of} candidates")))
    for learned in found if not args.dry_run else []:
        library.write_learned(folder, learned.audio)
    print(_table(["kind", "name", "s", "calls", "heard in", "at"], [_row(one, calls) for one in found]))
    verb = "would be written" if args.dry_run else "written"
    print(
        f"{len(found)} {verb} under {folder / library.LEARNED}; heard {len(calls)} calls: {unusable} "
        f"cannot be decoded and {learner.copies} are copies of others."
    )
    return 0


def _hear(
    learner: Learner, calls: Sequence[Path], opened: Callable[[int], Recording], progress: "_Progress"
) -> int:
    """First pass; returns how many calls could not be decoded."""
    unusable = 0
    for n in range(len(calls)):
        progress(f"heard {n} of {len(calls)} calls, {learner.candidates} candidates")
        try:
            learner.hear(n, opened(n))
        except (RecordingUnusable, FileNotFoundError):  # deleted meanwhile
            unusable += 1
    return unusable


def _row(learned: Learned, calls: Sequence[Path]) -> list[str]:
    return [
        learned.audio.kind,
        learned.audio.name,
        f"{len(learned.audio.samples) / RATE_HZ:.1f}",
        str(learned.calls),
        calls[learned.call].name,
        _clock(learned.start_ms),
    ]


def _calls(data_dir: Path) -> list[Path]:
    """Folders of calls, the newest first."""
    found = [path.parent for path in (data_dir / "calls").glob("*/audio")]
    return sorted(found, key=lambda call: (-(call / "audio").stat().st_mtime, call.name))


def _folder(args: argparse.Namespace) -> Path:
    if args.prompts_dir is None:
        raise InvalidInput(f"No library is named: set {variable('prompts_dir')}, or give --prompts-dir.")
    folder: Path = args.prompts_dir
    return folder


def _clock(time_ms: int) -> str:
    minutes, seconds = divmod(time_ms / 1000, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{seconds:04.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join(line.rstrip() for line in lines)


class _Progress:
    """Says on stderr, now and then, how far it is."""

    def __init__(self) -> None:
        self._said_s = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._said_s >= _PROGRESS_S:
            self._said_s = time.monotonic()
            print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
