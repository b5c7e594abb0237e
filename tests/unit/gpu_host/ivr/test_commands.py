from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.command_line.main import main
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, melody

pytestmark = pytest.mark.long

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on a library in the test's folder; returns its exit code, lines and errors."""

    def command(*arguments: object) -> tuple[int, list[str], str]:
        code = main(["prompts", *map(str, arguments), "--prompts-dir", str(tmp_path / "library")])
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err

    return command


def write(path: Path, sound: Sound) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, 16_000, format="WAV")
    return path


def test_add_list_and_check(run: Run, tmp_path: Path) -> None:
    first, second = write(tmp_path / "menu.wav", melody(1)), write(tmp_path / "waltz.wav", melody(2))
    assert run("add", first)[0] == 0
    assert run("add", second, "--kind", "hold_music", "--name", "vienna")[0] == 0
    code, added, error = run("add", second, first)
    assert (code, added) == (1, [])
    assert "waltz is known already, as vienna" in error and "menu is taken" in error
    _, listed, _ = run("list")
    assert [line.split()[:3] for line in listed[1:]] == [
        ["prompt", "menu", "6.0"],
        ["hold_music", "vienna", "6.0"],
    ]
    call = write(tmp_path / "call.wav", np.concatenate([melody(3, 4), melody(2), melody(4, 4)]))
    code, found, _ = run("check", call)
    [line] = [line.split() for line in found if "vienna" in line]
    assert code == 0
    assert line[2:4] == ["0", "hold_music"] and line[0].startswith(("0:00:03.9", "0:00:04.0"))
    assert found[-1].startswith("kept as conversation: 8.0 s of 14.0 s")


def test_learn_writes_what_repeats_and_finds_nothing_the_second_time(run: Run, tmp_path: Path) -> None:
    for n in range(4):
        sound = np.concatenate([melody(10 + n, 4), melody(1), melody(20 + n, 4)])
        write(tmp_path / f"data/calls/c{n}/audio", as_on_the_phone(sound, n))
    (tmp_path / "data/calls/c9").mkdir()
    (tmp_path / "data/calls/c9/audio").write_bytes(b"no audio")
    learn = ["learn", "--data-dir", tmp_path / "data", "--min-calls", "3"]
    _, dry, _ = run(*learn, "--dry-run")
    assert not (tmp_path / "library").exists()
    code, printed, _ = run(*learn)
    assert code == 0 and printed[:2] == dry[:2]
    kind, name, seconds, calls, call, at = printed[1].split()
    assert (kind, calls) == ("hold_music", "4")
    assert float(seconds) == pytest.approx(6, abs=0.3)
    assert call in {"c0", "c1", "c2", "c3"} and at.startswith(("0:00:03.9", "0:00:04"))
    assert (tmp_path / f"library/learned/hold-music/{name}.flac").exists()
    assert printed[-1].startswith("1 written") and "5 calls: 1 cannot be decoded" in printed[-1]
    assert run(*learn)[1][-1].startswith("0 written")


def test_errors_name_what_to_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no calls" in run("learn", "--data-dir", tmp_path)[2]
    assert "is not there" in run("list")[2]
    assert "names one file" in run("add", "a.wav", "b.wav", "--name", "x")[2]
    assert run("check", tmp_path / "none.wav")[0] == 1
    monkeypatch.delenv("COFI_GPU_HOST_PROMPTS_DIR", raising=False)
    assert main(["prompts", "list"]) == 1
    assert "COFI_GPU_HOST_PROMPTS_DIR" in capsys.readouterr().err
