from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from include.errors import InvalidInput
from include.gpu.wire import SegmentKind
from include.gpu_host.ivr import library
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, known, melody, silence

PROMPT, MUSIC = SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC


@pytest.fixture
def sound(tmp_path: Path) -> Callable[..., Path]:
    """Writes a sound to a file outside of the library."""

    def write(name: str, samples: Sound, rate_hz: int = 16_000) -> Path:
        soundfile.write(tmp_path / name, samples, rate_hz)
        return tmp_path / name

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.mark.long
def test_what_is_added_is_known_by_kind_and_name(folder: Path, sound: Callable[..., Path]) -> None:
    library.add(folder, sound("menu.wav", melody(1)), PROMPT)
    library.add(folder, sound("waltz.flac", melody(2)), MUSIC, "vienna/waltz-1")
    (folder / "prompts" / "README.md").write_text("not audio")
    assert [(file.name, file.kind) for file in library.files_of(folder)] == [
        ("menu", PROMPT),
        ("vienna/waltz-1", MUSIC),
    ]
    loaded = library.load_library(folder)
    assert [(piece.name, len(piece.samples)) for piece in loaded.pieces] == [
        ("menu", 48_000),
        ("vienna/waltz-1", 48_000),
    ]
    assert library.load_library(None).pieces == []


@pytest.mark.long
def test_channels_of_a_prompt_are_averaged(folder: Path, sound: Callable[..., Path]) -> None:
    both = np.stack([melody(1), silence(6)], axis=1)
    library.add(folder, sound("menu.wav", both), PROMPT)
    [piece] = library.load_library(folder).pieces
    half = known("menu", PROMPT, melody(1) / 2).samples
    assert np.abs(piece.samples.astype(int) - half.astype(int))[100:-100].max() < 4


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "samples", "called", "message"),
    [
        ("again.wav", as_on_the_phone(melody(1))[16_000:], None, "again is known already, as menu"),
        ("short.wav", melody(2)[:8000], None, "short cannot be fingerprinted: its 0.5 s"),
        ("quiet.wav", silence(5), None, "quiet cannot be fingerprinted"),
        ("other.wav", melody(3), "menu", "menu is taken"),
        ("other.wav", melody(3), "../menu", "'../menu' cannot be a name"),
        ("other.wav", melody(3), "a/../../menu", "cannot be a name"),
    ],
)
def test_what_cannot_be_found_or_is_known_is_refused(
    folder: Path,
    sound: Callable[..., Path],
    *,
    name: str,
    samples: Sound,
    called: str | None,
    message: str,
) -> None:
    library.add(folder, sound("menu.wav", melody(1)), PROMPT)
    with pytest.raises(InvalidInput, match=message):
        library.add(folder, sound(name, samples), PROMPT, called)
    assert len(list(library.files_of(folder))) == 1


def test_what_is_no_audio_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "menu.wav").write_bytes(b"no audio")
    with pytest.raises(InvalidInput, match=r"menu\.wav cannot be a known piece"):
        library.add(folder, tmp_path / "menu.wav", PROMPT)
    (tmp_path / "menu.txt").write_bytes(b"no audio")
    with pytest.raises(InvalidInput, match=r"menu\.txt has no suffix of audio"):
        library.add(folder, tmp_path / "menu.txt", PROMPT)
    with pytest.raises(InvalidInput, match="is not there"):
        library.load_library(tmp_path / "nowhere")


@pytest.mark.long
def test_what_is_learned_is_part_of_the_library(folder: Path) -> None:
    library.write_learned(folder, known("heard-1", MUSIC, melody(1)))
    [piece] = library.load_library(folder).pieces
    assert (piece.name, piece.kind) == ("heard-1", MUSIC)
    assert library.known_as(known("x", PROMPT, melody(1)), library.load_library(folder)) == "heard-1"
    assert library.known_as(known("x", PROMPT, melody(2)), library.load_library(folder)) is None
