"""Announcements that settle a criterion: they are cut out before the transcript, so no model can see them."""

from collections.abc import Sequence

from include.calls.transcript import Turn
from include.scorecards.metrics import Announcement
from include.scorecards.parts import Window
from include.scorecards.schema import Criterion


def in_window(window: Window, start_ms: int, end_ms: int, turns: Sequence[Turn]) -> bool:
    """Whether a stretch of the recording lies in a part of the call.

    Args:
        window: Counted from the first turn, or back from the last one.
        start_ms: In the original recording.
        end_ms: Likewise.
        turns: Of the call; without one, everything lies in the window.
    """
    if not turns:
        return True
    if window.first_s is not None and start_ms > turns[0].start_ms + window.first_s * 1000:
        return False
    last_ms = max(turn.end_ms for turn in turns)
    return window.last_s is None or end_ms >= last_ms - window.last_s * 1000


def settling(
    criterion: Criterion,
    announcements: Sequence[Announcement],
    turns: Sequence[Turn],
    least_confidence: float,
) -> Announcement | None:
    """The announcement that settles a criterion: one of its prompts, in its window, surely recognised.

    Args:
        criterion: With `settled_by_prompt`, or None is settled.
        announcements: What was played in the call.
        turns: Of the call.
        least_confidence: Below it an announcement settles nothing, 0..1.
    """
    rule = criterion.settled_by_prompt
    if rule is None:
        return None
    window = criterion.evidence.window if rule.window is None else rule.window
    return next(
        (
            played
            for played in announcements
            if played.name in rule.prompts
            and played.confidence >= least_confidence
            and in_window(window, played.start_ms, played.end_ms, turns)
        ),
        None,
    )
