"""Where weights are taken from, and what is said when there are none or others."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.errors import InvalidInput
from include.gpu_host.engines import weights
from include.gpu_host.engines.weights import find_onnx, find_whisper
from include.gpu_host.settings import PACKAGED_WHISPER

MODEL = b"a whisper, of a kind"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small data packages in place of the real ones."""
    files = {"model.bin": MODEL, "config.json": b"{}"}
    folder = tmp_path / "packages"
    for package, held in {
        "part_one": {"model.bin.part1": MODEL[:9], "config.json": b"{}"},
        "part_two": {"model.bin.part2": MODEL[9:]},
    }.items():
        (folder / package / "data").mkdir(parents=True)
        (folder / package / "__init__.py").touch()
        for name, content in held.items():
            (folder / package / "data" / name).write_bytes(content)
    official = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(weights, "_PACKAGES", ("part_one", "part_two"))
    monkeypatch.setattr(weights, "PACKAGED_SHA256", official)
    return folder


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "my-whisper"
    folder.mkdir()
    (folder / "model.bin").write_bytes(MODEL)
    found = find_whisper(str(folder), tmp_path / "weights")
    assert (found.name, found.folder) == ("my-whisper", folder)
    assert found.sha256 == hashlib.sha256(MODEL).hexdigest()
    assert find_whisper(str(folder), tmp_path, sha256=found.sha256.upper()) == found
    assert not (tmp_path / "weights").exists()


def test_other_weights_than_those_asked_for_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(MODEL)
    with pytest.raises(InvalidInput, match=r"COFI_GPU_HOST_STT_MODEL_SHA256 asks for 0{64}"):
        find_whisper(str(tmp_path), tmp_path, sha256="0" * 64)
    (tmp_path / "model.onnx").write_bytes(MODEL)
    with pytest.raises(InvalidInput, match=r"asks for 0{64}"):
        find_onnx(str(tmp_path), tmp_path, sha256="0" * 64)


def test_what_to_copy_where_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"COFI_GPU_HOST_LID_MODEL is .*nowhere.* copy a CTranslate2"):
        find_whisper(str(tmp_path / "nowhere"), tmp_path, setting="lid_model")
    with pytest.raises(InvalidInput, match=r"no model.bin: copy a CTranslate2"):
        find_whisper(str(tmp_path), tmp_path)
    with pytest.raises(InvalidInput, match=r"no .onnx file: copy a model that onnx-asr"):
        find_onnx(str(tmp_path), tmp_path)


def test_servers_that_assemble_at_once_get_the_same_folder(packages: Path, tmp_path: Path) -> None:
    kept = tmp_path / "weights"
    with ThreadPoolExecutor(8) as servers:
        found = list(servers.map(lambda _: find_whisper(PACKAGED_WHISPER, kept), range(8)))
    assert len(set(found)) == 1
    assert (found[0].name, found[0].sha256) == ("whisper-base", hashlib.sha256(MODEL).hexdigest())
    assert (found[0].folder / "model.bin").read_bytes() == MODEL
    assert [path.name for path in kept.iterdir()] == ["whisper-base"]


def test_tampered_packages_leave_nothing(packages: Path, tmp_path: Path) -> None:
    (packages / "part_two" / "data" / "model.bin.part2").write_bytes(b"something else")
    with pytest.raises(InvalidInput, match="do not use these packages"):
        find_whisper(PACKAGED_WHISPER, tmp_path / "weights")
    assert not list((tmp_path / "weights").iterdir())


def test_assembled_weights_that_were_damaged_since_are_not_loaded(packages: Path, tmp_path: Path) -> None:
    folder = find_whisper(PACKAGED_WHISPER, tmp_path / "weights").folder
    (folder / "model.bin").write_bytes(MODEL[:-1])
    with pytest.raises(InvalidInput, match=r"damaged: delete .*whisper-base"):
        find_whisper(PACKAGED_WHISPER, tmp_path / "weights")


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PACKAGES", ("no_such_package",))
    with pytest.raises(InvalidInput, match=r"no_such_package is missing.*install include/demo"):
        find_whisper(PACKAGED_WHISPER, tmp_path / "weights", setting="lid_model")


def test_a_name_that_the_hub_does_not_give_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InvalidInput, match=r"COFI_GPU_HOST_STT_MODEL no-such could not be had"):
        find_whisper("no-such", tmp_path)
    with pytest.raises(InvalidInput, match=r"COFI_GPU_HOST_STT_MODEL no-such could not be had"):
        find_onnx("no-such", tmp_path)
    assert not list((tmp_path / "onnx-asr").iterdir())
