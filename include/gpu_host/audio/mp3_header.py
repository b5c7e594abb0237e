"""How long an MP3 file says that it is: the Xing or Info frame that encoders write first.

The frames that follow are heard to the end of the file, wherever that is: without this nothing tells that
half of them are gone.
"""

from pathlib import Path

from include.audio_files.behind import tag_bytes

_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_LAYER_3 = 1
_MONO = 3
_HAS_FRAMES = 1
_SEARCHED_BYTES = 64 * 1024
# Encoders count what they put before and after the sound; decoders take it off again.
_PADDING_FRAMES = 4


def promised_s(path: Path) -> float | None:
    """The length in seconds that the first frame states; None where it states none, or this is no MP3."""
    with path.open("rb") as file:
        begin = file.read(10)
        file.seek(tag_bytes(begin))
        head = file.read(_SEARCHED_BYTES)
    at = head.find(b"\xff")
    if at < 0 or len(head) < at + 4 or head[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = head[at + 1] >> 3 & 3, head[at + 1] >> 1 & 3
    rate = head[at + 2] >> 2 & 3
    if layer != _LAYER_3 or version not in _RATES_HZ or rate > 2:
        return None
    return _stated_s(head[at:], version, _RATES_HZ[version][rate])


def _stated_s(frame: bytes, version: int, rate_hz: int) -> float | None:
    """The length in seconds that a Xing or Info frame states; `frame` holds its bytes."""
    is_mpeg_1, is_mono = version == 3, frame[3] >> 6 == _MONO
    side_info = (17 if is_mono else 32) if is_mpeg_1 else (9 if is_mono else 17)
    found = frame[4 + side_info : 4 + side_info + 12]
    if found[:4] not in (b"Xing", b"Info") or len(found) < 12 or not found[7] & _HAS_FRAMES:
        return None
    frames = int.from_bytes(found[8:12], "big") - _PADDING_FRAMES
    return max(0, frames) * (1152 if is_mpeg_1 else 576) / rate_hz
