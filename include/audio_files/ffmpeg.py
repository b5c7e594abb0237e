"""What FFmpeg may open, and how: containers of sound, from a file that is open already."""

from typing import Any

import av
from av.container import InputContainer

# FFmpeg also opens playlists, which would have it read other files or fetch from the network, and pictures.
_CONTAINERS = (
    "aac,ac3,eac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dss,flac,flv,gsm,matroska,webm,mov,mp4,m4a,3gp,"
    "mp3,mpeg,mpegts,ogg,tta,wav,w64,wv"
)
# Formats that are frames and nothing else: FFmpeg guesses their length from the bit rate of their beginning,
# and they may be cut and joined anywhere, with tags left in between.
_BARE_FRAMES = frozenset({"aac", "ac3", "eac3", "amr", "amrnb", "amrwb", "gsm", "mp3", "mpeg", "mpegts"})


def opened(file: Any, probe_bytes: int = 5_000_000) -> InputContainer:
    """Opens a file.

    Args:
        file: Binary and seekable.
        probe_bytes: How much of it FFmpeg reads at most to find out what it holds.

    Raises:
        av.FFmpegError: It is nothing that FFmpeg knows.
    """
    options = {
        "format_whitelist": _CONTAINERS,
        # The file is handed over open; there is nothing else to be opened.
        "protocol_whitelist": "none",
        "probesize": str(probe_bytes),
        "analyzeduration": "5000000",
    }
    # Tags in the wild are in any encoding.
    container: InputContainer = av.open(file, mode="r", options=options, metadata_errors="replace")
    return container


def is_bare(container: InputContainer) -> bool:
    """Whether it is frames and nothing else."""
    return bool(_BARE_FRAMES.intersection(container.format.name.split(",")))


def several_tracks(count: int) -> str:
    """Why a file with several audio tracks is refused: all but the first would go unheard."""
    return (
        f"It holds {count} audio tracks, of which only one would be heard: export it with one track that has "
        "a channel for each side"
    )
