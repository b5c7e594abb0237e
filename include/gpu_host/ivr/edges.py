"""Moves the edges of learned pieces to the pause beside them.

A piece is learned from what calls have in common, so its fingerprint may begin after its sound does, or end
before: what is left of it beside the cut would be taken for speech.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.ivr.known import Heard

# How far the pause may be: what goes on for longer is not the rest of a piece.
_REACH_MS = 320
_FRAME_MS = 16
_FRAME = SAMPLE_RATE_HZ * _FRAME_MS // 1000
# So much softer than the piece beside it is a pause. Somebody who speaks right after it leaves none before.
_PAUSE_BELOW_DB = 15.0


def to_pauses(recording: Recording, pieces: Sequence[Heard]) -> list[Heard]:
    """The same pieces of a channel, in order; where one goes on for less than a third of a second, longer."""
    starts_ms = [heard.play.start_ms for heard in pieces]
    ends_ms = [heard.play.end_ms for heard in pieces]
    found = []
    for n, heard in enumerate(pieces):
        before_ms = max(ends_ms[:n], default=0)
        after_ms = min(starts_ms[n + 1 :], default=recording.whole.end_ms)
        start_ms = heard.play.start_ms - _rest_ms(recording, heard, before_ms, forward=False)
        end_ms = heard.play.end_ms + _rest_ms(recording, heard, after_ms, forward=True)
        found.append(replace(heard, play=replace(heard.play, start_ms=start_ms, end_ms=end_ms)))
    return found


def _rest_ms(recording: Recording, heard: Heard, limit_ms: int, *, forward: bool) -> int:
    """How long a piece goes on beyond its edge until a pause; 0 where there is none near."""
    edge_ms = heard.play.end_ms if forward else heard.play.start_ms
    beyond = _beside(edge_ms, limit_ms, forward=forward)
    within = _beside(edge_ms, heard.play.start_ms if forward else heard.play.end_ms, forward=not forward)
    is_talked_over = any(
        over.start_ms < within.end_ms and within.start_ms < over.end_ms for over in heard.play.spoken_over
    )
    outside, inside = (_powers(recording, heard.channel, span) for span in (beyond, within))
    if is_talked_over or not len(outside) or not len(inside):
        return 0
    is_pause = outside < np.median(inside) / 10 ** (_PAUSE_BELOW_DB / 10)
    if not is_pause.any():
        return 0
    frames = int(np.argmax(is_pause if forward else is_pause[::-1]))
    return frames * _FRAME_MS


def _beside(edge_ms: int, limit_ms: int, *, forward: bool) -> Span:
    """Up to `_REACH_MS` on one side of an edge."""
    if forward:
        return Span(start_ms=edge_ms, end_ms=max(edge_ms, min(limit_ms, edge_ms + _REACH_MS)))
    return Span(start_ms=min(edge_ms, max(limit_ms, edge_ms - _REACH_MS)), end_ms=edge_ms)


def _powers(recording: Recording, channel: int, span: Span) -> NDArray[np.float64]:
    """Mean power of each frame of a span, shape (frames,)."""
    samples = recording.heard(channel, [span]).astype(np.float64)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    return np.asarray(np.square(frames).mean(axis=1))
