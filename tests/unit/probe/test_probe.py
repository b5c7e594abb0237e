"""From "here is our folder" to the settings: which recorder fits, what a run would find, what to mend."""

import io
import logging
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.calls.call import ChannelRole
from include.calls.recorders.loading import SHIPPED, load_recorder
from include.command_line.main import main
from include.errors import InvalidInput
from include.probe.days import days_there
from include.probe.looking import Probed, look
from include.probe.place import Place, place_of
from include.probe.printing import page
from tests.unit.calls.recorders.platforms import PLATFORMS
from tests.unit.calls.site import recording

DAY = date(2026, 11, 16)
each_platform = pytest.mark.parametrize("name", PLATFORMS)


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "calls"


def lay(location: Path, name: str) -> Place:
    for path, content in PLATFORMS[name].files.items():
        file = location / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return place_of(str(location), PLATFORMS[name].timezone)


@each_platform
def test_the_platform_is_recognised_by_its_files(location: Path, name: str) -> None:
    probed = look(lay(location, name), day=DAY)
    assert probed.recorder.id == name
    best, second = probed.fits[0].score, probed.fits[1].score
    assert best > 1.15 * second, [(fit.recorder.id, fit.score) for fit in probed.fits[:3]]


@each_platform
def test_it_shows_what_a_run_would_find(location: Path, name: str) -> None:
    probed = look(lay(location, name), day=DAY)
    told = PLATFORMS[name].calls
    assert [call.path for call in probed.calls] == sorted(told)
    for field in ("agent", "agent_id", "queue", "direction", "interaction_id"):
        known = sum(bool(call.get(field)) for call in told.values())
        assert probed.fields.get(field, (0, ""))[0] >= known, field
    text = page(probed)
    assert f"    recorder = {name}\n" in text
    assert f"    recordings_location = file://{location}\n" in text
    assert "the day 2026-11-16" in text
    assert max(len(line) for line in text.splitlines() if str(location) not in line) <= 110


@each_platform
def test_the_newest_day_is_found_where_none_is_asked_for(location: Path, name: str) -> None:
    place = lay(location, name)
    probed = look(place, recorder=name)
    newest = {"amazon_connect": 17, "freepbx": 17, "five9": 17}.get(name, 16)
    if name == "twilio":  # its paths tell no time
        assert probed.day is None
        return
    assert probed.day == date(2026, 11, newest)
    assert probed.calls


@pytest.mark.parametrize(
    ("layout", "folder"),
    [
        ("YYYY-MM-DD", "2026-11-16"),
        ("YYYY/MM/DD", "2026/11/16"),
        ("YYYYMMDD", "20261116"),
        ("DD.MM.YYYY", "16.11.2026"),
        ("YYYY/MM/YYYY-MM-DD", "2026/11/2026-11-16"),
    ],
)
def test_of_plain_folders_the_layout_is_found(location: Path, layout: str, folder: str) -> None:
    for older in ("2026-11-09", folder):
        (location / older).mkdir(parents=True, exist_ok=True)
    (location / folder / "a.mp3").write_bytes(recording(3, container="MP3"))
    probed = look(place_of(str(location), "UTC"))
    assert (probed.recorder.id, probed.recorder.days.folders, probed.day) == ("plain", (layout,), DAY)
    assert f"recordings_layout = {layout}\n" in page(probed)


def test_days_are_those_that_folders_are_named_by(location: Path) -> None:
    for name in ("2026/11/16", "2026/11/15", "2025/12/31", "2026/13/40", "notes", ".hidden"):
        (location / name).mkdir(parents=True)
    place = place_of(str(location), "UTC")
    found = days_there(place.filesystem, place.root, load_recorder("freepbx"), "UTC", 2)
    assert found == [DAY, date(2026, 11, 15)]
    assert days_there(place.filesystem, f"{place.root}/nowhere", load_recorder("freepbx"), "UTC", 2) == []


def test_a_folder_above_or_beside_says_where_the_days_are(location: Path) -> None:
    lay(location / "pbx" / "monitor", "freepbx")
    probed = look(place_of(str(location), "UTC"))
    assert not probed.calls
    assert probed.nearby == (f"file://{location}/pbx/monitor",)
    assert f"  file://{location}/pbx/monitor" in page(probed)


def test_an_empty_place_says_what_to_try(location: Path) -> None:
    location.mkdir()
    text = page(look(place_of(str(location), "UTC"), day=DAY))
    assert "No recorder finds a recording there on 2026-11-16." in text
    assert "Name the folder with a folder per day, another --day" in text


def test_lengths_formats_duplicates_and_trouble_are_told(location: Path) -> None:
    day = location / "2026-11-16"
    day.mkdir(parents=True)
    (day / "a.wav").write_bytes(recording(3, seed=1))
    (day / "copy.wav").write_bytes(recording(3, seed=1))
    (day / "b.flac").write_bytes(recording(90, seed=2, channels=2, container="FLAC"))
    (day / "short.wav").write_bytes(recording(1, seed=3))
    (day / "empty.wav").touch()
    (day / "x.json").write_text("{}")
    probed = look(place_of(str(location), "UTC"))
    assert probed.duplicates == (("copy.wav", "a.wav"),)
    assert probed.formats == {"WAV 8 kHz mono": 3, "FLAC 8 kHz stereo": 1}
    text = page(probed)
    assert "lengths     0:01 to 1:30" in text
    assert "a run       would audit 2 of these; 1 duplicate, 1 skipped, 1 quarantined" in text
    assert "copies      1: copy.wav is the same as a.wav" in text
    assert "  - 1 recording: the file is empty: copy it again" in text
    assert "no recording for 1 sidecar x.json" in text
    assert "agent and customer, in calls of several channels: 1 unknown: found out by what is said" in text
    assert "--hear 5" in text


def test_only_so_many_are_opened_and_all_are_counted(location: Path) -> None:
    day = location / "2026-11-16"
    day.mkdir(parents=True)
    for number in range(5):
        (day / f"{number}.wav").write_bytes(recording(3, seed=number))
    probed = look(place_of(str(location), "UTC"), limit=2)
    assert (len(probed.calls), probed.files.recordings) == (2, 5)
    assert "5 recordings (opened: the first 2)" in page(probed)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/no/such/folder", "There is no folder /no/such/folder: correct the location"),
        ("nosuch://bucket/calls", "nosuch"),
    ],
)
def test_a_place_that_is_not_there_is_told(
    location: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", location]) == 1
    assert told in capsys.readouterr().err


def test_an_airflow_connection_in_a_location_is_kept_for_the_settings_only(tmp_path: Path) -> None:
    (tmp_path / "2026-11-16").mkdir()
    (tmp_path / "2026-11-16" / "a.wav").write_bytes(recording())
    place = place_of(f"file://{tmp_path}", "UTC")
    with_connection = Place("s3://our_s3@bucket/calls", place.filesystem, place.root)
    probed = look(with_connection)
    assert probed.calls[0].uri == "s3://our_s3@bucket/calls/2026-11-16/a.wav"
    assert with_connection.open(probed.calls[0].uri).read(4) == b"RIFF"
    assert "recordings_location = s3://our_s3@bucket/calls\n" in page(probed)


def test_a_wrong_recorder_is_told(location: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no recorder 'nobodys'"):
        look(lay(location, "plain"), recorder="nobodys")


@pytest.mark.process
def test_the_command_prints_the_page(location: Path) -> None:
    lay(location, "freepbx")
    options = ["--day", "2026-11-16", "--timezone", "Europe/Madrid"]
    command = [sys.executable, "-m", "include.command_line", "probe", str(location), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "    recorder = freepbx\n" in done.stdout


@pytest.mark.usefixtures("capsys")
def test_what_it_keeps_quiet_about_is_told_again_afterwards(
    location: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lay(location, "freepbx")
    assert main(["probe", str(location), "--day", "2026-11-16"]) == 0
    assert not caplog.messages
    logging.getLogger("include.calls").warning("a folder is missing")
    assert caplog.messages == ["a folder is missing"]


@pytest.mark.parametrize(
    "wrong",
    [["--day", "16.11."], ["--timezone", "Madrid"], ["--hear", "0"], ["--option", "anon"], ["--limit", "x"]],
)
def test_wrong_arguments_are_refused(wrong: list[str]) -> None:
    assert main(["probe", "/tmp", *wrong]) == 2


def test_hearing_needs_a_host(location: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(location, "plain")
    assert main(["probe", str(location), "--hear", "2"]) == 1
    assert "Which GPU host shall hear them? Name it: --host http://gpu-1:9001" in capsys.readouterr().err


def two_sides(seed: int, seconds: float = 3) -> bytes:
    """A stereo call."""
    file = io.BytesIO()
    noise = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * 8000), 2))
    soundfile.write(file, noise, 8000, format="WAV")
    return file.getvalue()


def probed_stereo(location: Path, count: int) -> Probed:
    day = location / "2026-11-16"
    day.mkdir(parents=True)
    for number in range(count):
        (day / f"{number}.wav").write_bytes(two_sides(number))
    return look(place_of(str(location), "UTC"))


def test_the_manifest_is_read_too(location: Path) -> None:
    probed = probed_stereo(location, 1)
    assert probed.roles == {"unknown: found out by what is said": 1}
    (location / "2026-11-16" / "manifest.csv").write_text(
        "file,agent,channel_roles\n0.wav,Dana,agent|customer\n"
    )
    again = look(place_of(str(location), "UTC"))
    assert again.roles == {"manifest": 1}
    assert again.calls[0].metadata.channel_roles == (ChannelRole.AGENT, ChannelRole.CUSTOMER)
    assert again.fields["agent"] == (1, "Dana")


def test_a_file_of_one_s_own_is_named_as_it_is_and_set_with_its_folder(
    location: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(location, "amazon_connect")
    own = tmp_path / "recorders" / "our_connect.yaml"
    own.parent.mkdir()
    shipped = (SHIPPED / "amazon_connect.yaml").read_text()
    own.write_text(shipped.replace("id: amazon_connect", "id: our_connect"))
    arguments = ["probe", str(location), "--day", str(DAY), "--timezone", "Europe/Berlin"]
    assert main([*arguments, "--recorder", str(own)]) == 0
    told = capsys.readouterr().out
    assert "    recorder = our_connect\n" in told
    assert f"    recorders_folder = {own.parent}\n" in told


def test_times_are_shown_by_the_clock_of_the_recordings(location: Path) -> None:
    lay(location, "amazon_connect")
    probed = look(place_of(str(location), "Europe/Berlin"), day=DAY)
    assert probed.fields["started_at"][1].endswith(" CET")
