"""In which formats recordings are, as far as libsndfile knows them."""

from collections import Counter
from collections.abc import Iterable

from fsspec import AbstractFileSystem

from include.calls.call import Call
from include.calls.day_folder import DayFolder

_BLOCK_BYTES = 64 * 1024


def formats_of(folder: DayFolder, calls: Iterable[Call]) -> dict[str, int]:
    """Counts calls by format, codec, rate and channels; the most frequent first."""
    return dict(Counter(_format(folder, call) for call in calls if call.duration_s).most_common())


def _format(folder: DayFolder, call: Call) -> str:
    channels = {1: "mono", 2: "stereo"}.get(call.channels or 0, f"{call.channels} channels")
    measured = f"{(call.sample_rate_hz or 0) / 1000:g} kHz {channels}"
    if call.parts:
        kind = "without a header" if call.parts[0].raw else "two files"
        return f"{_codec(folder.filesystem, folder.paths_of(call)[0]) or kind} ({kind}) {measured}"
    return f"{_codec(folder.filesystem, folder.path_of(call)) or 'other'} {measured}"


def _codec(filesystem: AbstractFileSystem, path: str) -> str:
    import soundfile  # noqa: PLC0415 - the commands that print no formats do not pay for it

    try:
        with filesystem.open(path, "rb", block_size=_BLOCK_BYTES) as file:
            header = soundfile.info(file)
    except (soundfile.LibsndfileError, OSError):
        return path.rpartition(".")[2].upper() if "." in path else ""
    return header.format if header.subtype.startswith("PCM") else f"{header.format} {header.subtype}"
