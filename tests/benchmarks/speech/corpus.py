"""What the benchmark listens to: the project's sample calls, and a folder of real recordings."""

import csv
from dataclasses import dataclass
from pathlib import Path

from include.calls.call import ChannelRole
from include.demo.evaluation import reference_text
from include.demo.sample_calls.script import load_scripts

SAMPLES = Path("include") / "demo" / "sample_calls"
_NO_SPEECH = "seconds of silence"
# Longer music without speech takes long to hear, and says no more.
_LONGEST_SILENT_S = 90


@dataclass(frozen=True)
class Clip:
    """A recording with what is said in it.

    Attributes:
        name: `folder/file`, as the manifest calls it.
        set_name: The row of the tables that it counts for.
        language: ISO 639-1 code; None when nobody speaks.
        transcript: Empty when nobody speaks.
        roles: Who is on each channel; empty when it is not known.
    """

    name: str
    path: Path
    set_name: str
    language: str | None
    transcript: str
    roles: tuple[ChannelRole, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """All material.

    Attributes:
        clips: Real recordings with a transcript.
        silent: Real recordings of silence, noise and music, up to 90 s, without a language.
        untranscribed: Real conversations of which only the language is known.
        calls: The sample calls.
        audio: The folder of real recordings; None when there is none.
        missing: What was looked for and not found, a sentence each.
    """

    clips: list[Clip]
    silent: list[Clip]
    untranscribed: list[Clip]
    calls: list[Clip]
    audio: Path | None
    missing: list[str]


def load_corpus(root: Path, audio: Path) -> Corpus:
    """Reads what is there and says what is not.

    Args:
        root: The checkout, with its sample calls.
        audio: Folder of real recordings with a `manifest.csv`.

    Raises:
        InvalidInput: A script of a sample call is wrong.
    """
    calls = _sample_calls(root / SAMPLES)
    missing = [
        f"{call.name} of the sample calls has no recording." for call in calls if not call.path.exists()
    ]
    calls = [call for call in calls if call.path.exists()]
    manifest = audio / "manifest.csv"
    if not manifest.is_file():
        return Corpus([], [], [], calls, None, [*missing, _no_audio(manifest)])
    rows = list(csv.DictReader(manifest.read_text("utf-8").splitlines()))
    here = [row for row in rows if (audio / row["file"]).is_file()]
    missing += [f"{row['file']} is in the manifest and not in the folder." for row in rows if row not in here]
    real = [
        _clip(audio, row) for row in here if float(row["duration_s"]) <= _LONGEST_SILENT_S or row["language"]
    ]
    return Corpus(
        clips=[clip for clip in real if clip.transcript],
        silent=[clip for clip in real if clip.language is None],
        untranscribed=[clip for clip in real if clip.language and not clip.transcript],
        calls=calls,
        audio=audio,
        missing=missing,
    )


def _no_audio(manifest: Path) -> str:
    return (
        f"{manifest} does not exist: no real recordings, composed calls and noise "
        "were measured. Pass AUDIO=… with a folder that has a manifest.csv: file, language, duration_s, "
        "transcript."
    )


def _clip(folder: Path, row: dict[str, str]) -> Clip:
    name, set_name = row["file"], row["file"].split("/")[0]
    if _NO_SPEECH in row["transcript"]:
        return Clip(name, folder / name, set_name, None, "")
    if set_name == "speech":
        set_name = "speech en" if row["language"] == "en" else "speech, other languages"
    return Clip(name, folder / name, set_name, row["language"] or None, row["transcript"].strip())


def _sample_calls(folder: Path) -> list[Clip]:
    return [
        Clip(
            name=f"{script.day}/{script.file}",
            path=folder / "recordings" / str(script.day) / script.file,
            set_name=f"sample calls {script.language}",
            language=script.language,
            transcript=reference_text(script),
            roles=()
            if script.channels == ["mixed"]
            else tuple(ChannelRole(role) for role in script.channels),
        )
        for script in load_scripts(folder / "scripts")
    ]
