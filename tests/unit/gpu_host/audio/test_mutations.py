"""Damaged files end as a recording or as `RecordingUnusable`: no other exception, crash, hang or leak."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.gpu_host.audio.mutations import mutated
from tests.unit.gpu_host.audio.recordings import in_every_format

pytestmark = pytest.mark.long

# Another range finds other things: COFI_MUTATIONS=3000:15000 takes some minutes.
_FIRST, _END = map(int, os.environ.get("COFI_MUTATIONS", "0:300").split(":"))
_SECONDS_PER_FILE = 20
_MOST_MB = 400
_ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return in_every_format(tmp_path_factory.mktemp("recordings"))


def test_damaged_files_are_read_or_refused(tmp_path: Path, recordings: list[bytes]) -> None:
    folder, scratch = tmp_path / "damaged", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    made = {}
    for seed in range(_FIRST, _END):
        made[f"{seed:06}"], data = mutated(seed, recordings)
        (folder / f"{seed:06}").write_bytes(data)
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.unit.gpu_host.audio.decode_all"]
    process = subprocess.run(
        [*command, str(folder), str(scratch), str(_SECONDS_PER_FILE)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = {}
    for line in process.stdout.splitlines():
        name, peak_mb, outcome = line.split("\t")
        outcomes[name] = outcome
        assert int(peak_mb) < _MOST_MB, (made[name], outcome)
    unfinished = [how for name, how in made.items() if name not in outcomes][:1]
    assert process.returncode == 0 and not unfinished, (
        process.returncode,
        unfinished,
        process.stderr[-2000:],
    )
    wrong = {
        made[name]: o for name, o in outcomes.items() if o != "recording" and not o.startswith("unusable: ")
    }
    assert wrong == {}
    # Both happen, or the mutations are too mild or too wild to say anything.
    read = sum(outcome == "recording" for outcome in outcomes.values())
    assert 0.2 < read / len(outcomes) < 0.8
    assert list(scratch.iterdir()) == []
