"""The committed recordings are what their scripts say, and the days hold the trouble that they promise."""

import csv
from collections import Counter
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest
import soundfile

from include.calls.call import ChannelRole
from include.demo.sample_calls.script import MANIFEST_COLUMNS, CallScript, Music, Pause, Prompt, load_scripts
from include.errors import InvalidInput
from include.gpu_host.audio.decoding import decode, probe
from include.plain_yaml import read_yaml
from include.scorecards.gold import load_labels
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard

FOLDER = Path("include/demo/sample_calls")
SCRIPTS = load_scripts(FOLDER / "scripts")
BAD_FILES = read_yaml((FOLDER / "bad_files.yaml").read_text("utf-8"))
MAX_S = 600.0

each_call = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.file)


def recording(day: object, file: str) -> Path:
    return FOLDER / "recordings" / str(day) / file


def criteria() -> dict[str, set[str]]:
    """Allowed answers of every criterion of the scorecard that the demo uses."""
    card = load_scorecard(SHIPPED_SCORECARD)
    return {
        criterion.id: {option.key for option in criterion.options}
        | ({"NA"} if criterion.na_allowed else set())
        for criterion in card.criteria
    }


def manifest(day: str) -> list[dict[str, str]]:
    with recording(day, "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@each_call
def test_the_recording_is_as_its_script_says(script: CallScript) -> None:
    info = soundfile.info(recording(script.day, script.file))
    assert info.channels == len(script.channels)
    assert info.samplerate == 8_000
    silent_s = sum(event.pause_s for event in script.events if isinstance(event, Pause))
    music_s = sum(event.music.length_s for event in script.events if isinstance(event, Music))
    words = sum(len(turn.text.split()) for turn in script.turns)
    # People speak two to three and a half words a second; the gaps between events are below a second.
    prompts_s = 10 * sum(isinstance(event, Prompt) for event in script.events)
    shortest_s = silent_s + music_s + words / 3.5
    assert shortest_s <= info.duration <= shortest_s + words / 4 + prompts_s + len(script.events) + 2


def test_the_gold_labels_are_what_the_scripts_say() -> None:
    labels = {key: dict(answers) for key, answers in load_labels(FOLDER / "gold.csv").items()}
    assert labels == {(script.day, script.file): script.gold for script in SCRIPTS if script.gold}


@each_call
def test_the_gold_answers_every_criterion_of_a_conversation(script: CallScript) -> None:
    allowed = criteria()
    if not script.turns:
        assert script.gold == {}
        return
    assert list(script.gold) == list(allowed)
    assert {c: a for c, a in script.gold.items() if a not in allowed[c]} == {}


def test_every_criterion_tells_calls_apart() -> None:
    answered = {criterion: {script.gold.get(criterion) for script in SCRIPTS} for criterion in criteria()}
    same = {criterion: found - {None} for criterion, found in answered.items() if len(found - {None}) < 2}
    assert same == {"transfer_handled": {"NA"}}, "nobody is transferred in a sample call"


def test_the_days_are_small_and_mixed() -> None:
    durations = {s.file: soundfile.info(recording(s.day, s.file)).duration for s in SCRIPTS}
    assert Counter(str(s.day) for s in SCRIPTS) == {"2026-11-16": 12, "2026-11-17": 12}
    assert sum(durations.values()) <= 34 * 60
    assert Counter(s.language for s in SCRIPTS) == {"en": 18, "es": 5, None: 1}
    stereo = sum(len(s.channels) == 2 for s in SCRIPTS)
    assert 0.5 <= stereo / len(SCRIPTS) <= 0.7
    assert {Path(s.file).suffix for s in SCRIPTS} == {".ogg", ".opus", ".flac", ".mp3", ".wav"}
    sound = [p for p in FOLDER.rglob("*") if p.is_file() and "scripts" not in p.parts and p.suffix != ".py"]
    assert sum(path.stat().st_size for path in sound) <= 10_000_000


@pytest.mark.parametrize("day", ["2026-11-16", "2026-11-17"])
def test_the_manifest_is_what_the_scripts_know(day: str) -> None:
    rows = {row["file"]: row for row in manifest(day)}
    listed = {s.file for s in SCRIPTS if str(s.day) == day and s.in_manifest}
    missing = {e["file"] for e in BAD_FILES if str(e["day"]) == day and e["kind"] == "missing"}
    assert set(rows) == listed | missing
    assert not any(recording(day, file).exists() for file in missing)
    for script in (s for s in SCRIPTS if s.file in listed):
        row = rows[script.file]
        assert list(row) == list(MANIFEST_COLUMNS)
        roles = [ChannelRole(role) for role in row["channel_roles"].split("|") if role]
        assert len(roles) == (len(script.channels) if len(script.channels) > 1 else 0)
        assert datetime.fromisoformat(row["started_at"]).date() == script.day
        assert datetime.fromisoformat(row["started_at"]).tzinfo is not None


def test_no_recording_lies_beside_what_is_declared() -> None:
    declared = {recording(s.day, s.file) for s in SCRIPTS}
    declared |= {recording(e["day"], e["file"]) for e in BAD_FILES if e["kind"] != "missing"}
    found = {p for p in (FOLDER / "recordings").rglob("*") if p.is_file() and p.name != "manifest.csv"}
    assert found == declared


@pytest.mark.parametrize("entry", BAD_FILES, ids=lambda entry: entry["file"])
def test_bad_files_are_bad_in_their_way(entry: dict[str, str], tmp_path: Path) -> None:
    path = recording(entry["day"], entry["file"])
    match entry["kind"]:
        case "copy":
            original = next(s for s in SCRIPTS if s.file == entry["of"])
            content = recording(original.day, original.file).read_bytes()
            assert sha256(path.read_bytes()).digest() == sha256(content).digest()
        case "missing":
            assert not path.exists()
        case "empty":
            assert path.stat().st_size == 0
        case "too_short":
            assert 0.5 < decode(path, tmp_path, MAX_S).duration_s < 1.0
        case "truncated" | "text":
            with pytest.raises(Exception, match=r"breaks off|no audio format"):
                probe(path, MAX_S)


def test_every_announcement_and_track_is_in_the_library() -> None:
    library = {path.stem for path in (FOLDER / "prompts").rglob("*.ogg")}
    played = {event.prompt for s in SCRIPTS for event in s.events if isinstance(event, Prompt)}
    played |= {event.music.track for s in SCRIPTS for event in s.events if isinstance(event, Music)}
    assert played
    assert played <= library


def test_a_script_with_a_wrong_event_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "scripts" / "1008-not-verified.yaml").read_text("utf-8")
    (tmp_path / "wrong.yaml").write_text(
        text.replace("- agent: Peter", "- operator: Peter"), encoding="utf-8"
    )
    with pytest.raises(InvalidInput, match=r"wrong\.yaml"):
        load_scripts(tmp_path)
    with pytest.raises(InvalidInput, match="no scripts"):
        load_scripts(tmp_path / "nothing")
