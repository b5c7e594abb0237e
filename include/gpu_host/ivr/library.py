"""The library of known audio: a folder of files, and the index that is made of it.

    {prompts_dir}/prompts/       announcements and menus
    {prompts_dir}/hold-music/    music on hold
    {prompts_dir}/learned/       what `learn` found, in prompts/ and hold-music/

A file's path below these, without suffix, is its name. Formats are those that the host decodes.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from include.errors import InvalidInput, RecordingUnusable
from include.gpu.wire import SegmentKind
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Pcm, Recording
from include.gpu_host.ivr.fingerprints import MIN_VOTES, FingerprintLibrary, KnownAudio
from include.gpu_host.ivr.landmarks import RATE_HZ, as_pcm, narrow, peaks_of_piece

LEARNED = "learned"
FOLDER_OF_KIND = {SegmentKind.PROMPT: "prompts", SegmentKind.HOLD_MUSIC: "hold-music"}
_KIND_OF_FOLDER = {folder: kind for kind, folder in FOLDER_OF_KIND.items()}
_AUDIO_SUFFIXES = {".wav", ".mp3", ".ogg", ".opus", ".flac", ".gsm", ".m4a", ".wma"}
_SHORTEST_KNOWN_S, _LONGEST_KNOWN_S = 1.0, 1800.0
# Through the worst codec a quarter of the landmarks is left.
_LEAST_LANDMARKS = 4 * MIN_VOTES
# So much of a file in one known piece: it is that piece.
_SAME_SHARE = 0.8
_BLOCK = 30 * RATE_HZ
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")


@dataclass(frozen=True)
class LibraryFile:
    """A file of the library."""

    path: Path
    name: str
    kind: SegmentKind

    def read(self) -> KnownAudio:
        """Decodes the file.

        Raises:
            RecordingUnusable: It cannot be decoded.
        """
        return KnownAudio(self.name, self.kind, samples_of(self.path))


def files_of(folder: Path) -> Iterator[LibraryFile]:
    """Every file of a library, in order of name.

    Raises:
        InvalidInput: There is no such folder.
    """
    if not folder.is_dir():
        raise InvalidInput(f"The folder of prompts {folder} is not there: make it, or unset the setting.")
    for parent in ("", LEARNED):
        for name, kind in _KIND_OF_FOLDER.items():
            below = folder / parent / name
            for path in sorted(below.rglob("*")):
                if path.suffix.lower() in _AUDIO_SUFFIXES and path.is_file():
                    yield LibraryFile(path, str(path.relative_to(below).with_suffix("")), kind)


def load_library(folder: Path | None) -> FingerprintLibrary:
    """Reads all known audio of a library.

    Args:
        folder: None when no audio is known.

    Raises:
        InvalidInput: There is no such folder, or a file in it is unusable.
    """
    return FingerprintLibrary([_readable(file) for file in files_of(folder)] if folder else [])


def add(folder: Path, source: Path, kind: SegmentKind, name: str | None = None) -> LibraryFile:
    """Copies a file into a library.

    Args:
        folder: The library; created when it is not there.
        source: A recording of the prompt or the music alone.
        kind: Prompt or hold music.
        name: How results call it; None for the file's name.

    Raises:
        InvalidInput: The file cannot be fingerprinted, is known already, or the name is taken.
    """
    name = name or source.stem
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} cannot be a name: take letters, digits, and any of . _ - /.")
    below = folder / FOLDER_OF_KIND[kind]
    below.mkdir(parents=True, exist_ok=True)
    target = below / f"{name}{source.suffix.lower()}"
    if source.suffix.lower() not in _AUDIO_SUFFIXES:
        suffixes = ", ".join(sorted(_AUDIO_SUFFIXES))
        raise InvalidInput(f"{source} has no suffix of audio: give it one of {suffixes}.")
    if any(file.name == name and file.kind is kind for file in files_of(folder)):
        raise InvalidInput(f"{name} is taken in {below}: choose another by --name, or remove that file.")
    piece = _readable(LibraryFile(source, name, kind))
    check_new(piece, load_library(folder))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return LibraryFile(target, name, kind)


def write_learned(folder: Path, piece: KnownAudio) -> Path:
    """Writes a piece that was learned as FLAC at 8 kHz."""
    path = folder / LEARNED / FOLDER_OF_KIND[piece.kind] / f"{piece.name}.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, piece.samples, RATE_HZ, subtype="PCM_16")
    return path


def check_new(piece: KnownAudio, library: FingerprintLibrary) -> None:
    """Checks that a piece can be found, and is not known.

    Raises:
        InvalidInput: It cannot, or it is.
    """
    if not is_fingerprinted(piece):
        raise InvalidInput(
            f"{piece.name} cannot be fingerprinted: its {len(piece.samples) / RATE_HZ:.1f} s hold too little "
            "sound. Take a recording of 1.5 s or more, of ordinary loudness."
        )
    if known := known_as(piece, library):
        raise InvalidInput(f"{piece.name} is known already, as {known}: remove that first to replace it.")


def is_fingerprinted(piece: KnownAudio) -> bool:
    """Whether a piece is so long, and has so many landmarks, that it will be found."""
    return len(piece.samples) >= _SHORTEST_KNOWN_S * RATE_HZ and len(piece.landmarks) >= _LEAST_LANDMARKS


def known_as(piece: KnownAudio, library: FingerprintLibrary) -> str | None:
    """The name of the known piece that holds most of this one."""
    frames = piece.landmarks.frames
    for match in library.matches(peaks_of_piece(piece.samples)):
        if match.last - match.first >= _SAME_SHARE * (frames.max() - frames.min()):
            return library.pieces[match.piece].name
    return None


def samples_of(path: Path) -> Pcm:
    """Decodes a piece; its channels are averaged, because a prompt is the same on all.

    Raises:
        RecordingUnusable: It cannot be decoded.
    """
    recording = decode(path, Path(tempfile.gettempdir()), _LONGEST_KNOWN_S)
    frames = recording.frames * RATE_HZ // SAMPLE_RATE_HZ
    return np.concatenate(
        [_mean(recording, start, min(frames, start + _BLOCK)) for start in range(0, frames, _BLOCK)]
    )


def _mean(recording: Recording, start: int, end: int) -> Pcm:
    channels = [narrow(recording, channel, start, end) for channel in recording.channels]
    return as_pcm(np.mean(channels, axis=0))


def _readable(file: LibraryFile) -> KnownAudio:
    try:
        return file.read()
    except RecordingUnusable as error:
        raise InvalidInput(f"{file.path} cannot be a known piece. {error}") from error
