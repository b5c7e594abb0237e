"""`cofi prompts`: looks after a GPU host's library of known prompts and hold music."""

import os
import tempfile
from collections.abc import Callable, Sequence
from enum import StrEnum
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from include.command_line.cofi_database import DatabaseUrl, opened
from include.command_line.numbers import MOST, above_0
from include.command_line.output import AsJson, console, example, give, table, working
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
from include.outside.system_errors import sentence_of

if TYPE_CHECKING:
    from include.database.prompts import ListedPrompt


class Kind(StrEnum):
    """What a file of the library holds."""

    PROMPT = "prompt"
    HOLD_MUSIC = "hold_music"


_KINDS = {Kind.PROMPT: SegmentKind.PROMPT, Kind.HOLD_MUSIC: SegmentKind.HOLD_MUSIC}
_DEFAULTS = Settings(token="none")  # noqa: S106 - the token is the server's: these commands need none

_PROGRESS_S = 5.0

Library = Annotated[
    Path | None, Option("--prompts-dir", envvar=variable("prompts_dir"), help="The library's folder.")
]

program = typer.Typer(
    help="Look after the prompts and hold music that a GPU host knows, and cuts out of calls. A host reads "
    "them at its start: restart it after a change; results found with another library are made again.",
    no_args_is_help=True,
    epilog=example("cofi prompts add welcome.wav menu.wav --prompts-dir /srv/prompts"),
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(program, name="prompts", rich_help_panel="GPU hosts and LLM")


@program.command(epilog=example("cofi prompts add waiting.mp3 --kind hold_music --prompts-dir /srv/prompts"))
def add(
    files: Annotated[list[Path], Argument(metavar="FILE...", help="The prompt or the music alone.")],
    kind: Annotated[Kind, Option(help="What it is.")] = Kind.PROMPT,
    name: Annotated[
        str | None, Option(help="How results call it, of one file; without: the file's name.")
    ] = None,
    prompts_dir: Library = None,
    as_json: AsJson = False,
) -> None:
    """Add recordings of prompts or hold music."""
    if name and len(files) > 1:
        raise InvalidInput(f"--name {name} names one file, and {len(files)} are given.")
    folder, added, refused = _folder(prompts_dir), [], []
    for path in files:
        try:
            added.append(_entry(library.add(folder, path, _KINDS[kind], name)))
        except CofiError as error:
            refused.append(str(error))
        except OSError as error:
            refused.append(sentence_of(error))
    give(
        {"added": added, "refused": refused},
        lambda: "\n".join(f"added {one['kind']} {one['name']}: {one['file']}" for one in added),
        as_json,
    )
    if refused:
        console(errors=True).print("\n".join(refused))
        raise typer.Exit(1)


@program.command("list", epilog=example("cofi prompts list --prompts-dir /srv/prompts"))
def list_known(prompts_dir: Library = None, as_json: AsJson = False) -> None:
    """Show what is known."""
    rows = [_described(file) for file in library.files_of(_folder(prompts_dir))]
    give(rows, lambda: table(rows), as_json)


@program.command(epilog=example("cofi prompts check recording.wav --prompts-dir /srv/prompts"))
def check(
    recording: Annotated[Path, Argument(help="A call.")],
    dead_air_s: Annotated[
        float,
        Option(envvar=variable("dead_air_s"), parser=above_0, help="Silence of so many seconds is dead air."),
    ] = _DEFAULTS.dead_air_s,
    prompts_dir: Library = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be found in a recording."""
    finding = IvrFinding(library.load_library(prompts_dir), dead_air_s)
    with tempfile.TemporaryDirectory() as scratch:
        heard = decode(recording, Path(scratch), _longest_s())
        head = Head(call_id="check", engine=finding.engine, seconds=0.0, audio_s=heard.duration_s)
        result = finding.run(head, heard)
    kept_s = sum(span.end_ms - span.start_ms for span in result.kept) / 1000
    give(
        {"segments": result.segments, "kept_s": kept_s, "recording_s": heard.duration_s},
        lambda: f"{table(_found(result))}\nkept as conversation: {kept_s:.1f} s of {heard.duration_s:.1f} s",
        as_json,
    )


@program.command(
    epilog=example("cofi prompts learn --data-dir /srv/gpu_host --prompts-dir /srv/prompts --dry-run")
)
def learn(
    data_dir: Annotated[
        Path, Option(envvar=variable("data_dir"), help="The host's data folder.")
    ] = _DEFAULTS.data_dir,
    min_calls: Annotated[int, Option(min=2, max=MOST, help="Calls that must play it.")] = 5,
    calls: Annotated[int, Option(min=1, max=MOST, help="Listen to the newest so many calls.")] = 2000,
    dry_run: Annotated[bool, Option("--dry-run", help="Show what would be learned; write nothing.")] = False,
    prompts_dir: Library = None,
    as_json: AsJson = False,
) -> None:
    """Find audio that repeats in many calls of the host's data folder.

    Audio that is the same, to the sample, in many calls is a prompt or hold music. Each is written as a file
    under learned/ of the library: listen to them, remove what is none, move what is of the other kind. It
    must be heard twice within some 100 calls in a row to be noticed. Memory stays below 1 GB however many
    calls there are.
    """
    folder = _folder(prompts_dir)
    there = _calls(data_dir)[:calls]
    if not there:
        raise InvalidInput(f"{data_dir} holds no calls: name a host's data folder by --data-dir.")
    learner = Learner(library.load_library(folder if folder.is_dir() else None), min_calls)
    with tempfile.TemporaryDirectory() as scratch, working(every_s=_PROGRESS_S) as tell:

        def recording_of(call: int) -> Recording:
            return decode(there[call] / "audio", Path(scratch), _longest_s())

        unusable = _hear(learner, there, recording_of, tell)
        found = list(learner.learned(recording_of, lambda n, of: tell(f"compared {n} of {of} candidates")))
    for one in found if not dry_run else []:
        library.write_learned(folder, one.audio)
    rows = [_row(one, there) for one in found]
    verb = "would be written" if dry_run else "written"
    advice = (
        f"{len(found)} {verb} under {folder / library.LEARNED}; heard {len(there)} calls: {unusable} "
        f"cannot be decoded and {learner.copies} are copies of others."
    )
    value = {"learned": rows, "calls": len(there), "unusable": unusable, "copies": learner.copies}
    give(value, lambda: f"{table(rows)}\n{advice}", as_json)


@program.command(epilog=example("cofi prompts learned --all"))
def learned(
    everything: Annotated[
        bool, Option("--all", help="Also those that are the same audio as another one.")
    ] = False,
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show what hosts learned from what calls repeat, and where to listen to it.

    No sound is kept: `recording` and `at` say where to hear it, as long as that recording is there.
    """
    from include.database import prompts  # noqa: PLC0415 - a GPU host has no database

    with opened(db) as database:
        found = database.read(lambda connection: prompts.listed(connection, replaced=everything))
    rows = [_learned_row(one) for one in found]
    empty = "Nothing is learned yet: it takes some calls that play the same."
    give(rows, lambda: table(rows) if rows else empty, as_json)


@program.command(epilog=example("cofi prompts name 7098e628 recording-notice"))
def name(
    prompt_id: Annotated[str, Argument(help="Its id, or the beginning of it.")],
    name: Annotated[str, Argument(help="Letters, digits and . _ - /")],
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Name a learned prompt; results and scorecards know it by that from the next call on."""
    from include.database import prompts  # noqa: PLC0415

    with opened(db) as database:
        whole = database.write(lambda c: prompts.name_prompt(c, prompt_id, name, getuser()))
    give({"id": whole, "name": name}, lambda: f"{whole} is {name} from the next run on.", as_json)


@program.command(epilog=example("cofi prompts refuse 7098e628"))
def refuse(
    prompt_id: Annotated[str, Argument(help="Its id, or the beginning of it.")],
    undo: Annotated[bool, Option("--undo", help="Cut it out again.")] = False,
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Say that a learned prompt is none: no host cuts it out of calls any more, or learns it again."""
    from include.database import prompts  # noqa: PLC0415

    with opened(db) as database:
        whole = database.write(lambda c: prompts.refuse_prompt(c, prompt_id, getuser(), refused=not undo))
    message = f"{whole} is {'cut out of calls' if undo else 'left in calls'} from the next run on."
    give({"id": whole, "refused": not undo}, lambda: message, as_json)


def _learned_row(one: "ListedPrompt") -> dict[str, object]:
    prompt = one.prompt
    return {
        "id": prompt.prompt_id,
        "kind": str(prompt.kind),
        "name": prompt.name,
        "refused": "yes" if prompt.refused else "",
        "s": f"{prompt.duration_s:.1f}",
        "calls": prompt.calls,
        "recording": one.path or prompt.call_id,
        "channel": prompt.channel,
        "at": _clock(prompt.start_ms),
        "host": one.host,
        "same_as": one.same_as or "",
    }


def _hear(
    learner: Learner, calls: Sequence[Path], opened: Callable[[int], Recording], tell: Callable[[str], None]
) -> int:
    """First pass; returns how many calls could not be decoded."""
    unusable = 0
    for n in range(len(calls)):
        tell(f"heard {n} of {len(calls)} calls, {learner.candidates} candidates")
        try:
            learner.hear(n, opened(n))
        except (RecordingUnusable, FileNotFoundError):  # deleted meanwhile
            unusable += 1
    return unusable


def _entry(file: library.LibraryFile) -> dict[str, str]:
    return {"kind": str(file.kind), "name": file.name, "file": str(file.path)}


def _described(file: library.LibraryFile) -> dict[str, Any]:
    try:
        piece = file.read()
        seconds, landmarks = f"{len(piece.samples) / RATE_HZ:.1f}", str(len(piece.landmarks))
    except RecordingUnusable as error:
        seconds, landmarks = "-", f"unusable: {error}"
    return {
        "kind": str(file.kind),
        "name": file.name,
        "s": seconds,
        "landmarks": landmarks,
        "file": str(file.path),
    }


def _found(result: IvrResult) -> list[dict[str, object]]:
    return [
        {
            "from": _clock(segment.start_ms),
            "to": _clock(segment.end_ms),
            "channel": "all" if segment.channel is None else str(segment.channel),
            "kind": segment.kind,
            "confidence": f"{segment.confidence:.2f}",
            "label": segment.label,
        }
        for segment in result.segments
    ]


def _row(learned: Learned, calls: Sequence[Path]) -> dict[str, object]:
    return {
        "kind": str(learned.audio.kind),
        "name": learned.audio.name,
        "s": f"{len(learned.audio.samples) / RATE_HZ:.1f}",
        "calls": learned.calls,
        "heard_in": calls[learned.call].name,
        "at": _clock(learned.start_ms),
    }


def _calls(data_dir: Path) -> list[Path]:
    """Folders of calls, the newest first."""
    found = [path.parent for path in (data_dir / "calls").glob("*/audio")]
    return sorted(found, key=lambda call: (-(call / "audio").stat().st_mtime, call.name))


def _longest_s() -> float:
    """Of a recording, as the host is set up."""
    return Settings.from_env({**os.environ, variable("token"): "none"}).max_duration_s


def _folder(named: Path | None) -> Path:
    if named is None:
        raise InvalidInput(f"No library is named: set {variable('prompts_dir')}, or give --prompts-dir.")
    return named


def _clock(time_ms: int) -> str:
    minutes, seconds = divmod(time_ms / 1000, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{seconds:04.1f}"
