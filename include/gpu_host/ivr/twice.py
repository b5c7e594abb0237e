"""When two calls suffice: what both play is a machine's, and they are no two recordings of one conversation.

Whoever hands a customer on is recorded twice while the two colleagues speak, and so is everybody in a
conference; a loud neighbour is heard in the calls around. Such recordings share people's words at the same
moment, as two calls share a prompt. Where each side has a channel they differ from it: who is on the near
channel of one is on the far channel of the other, there is more than one stretch of it, and it goes on until
one of the recordings ends.
"""

from collections.abc import Sequence

from include.gpu_host.ivr.hearings import MOST_CHANNELS, HeardChannel
from include.gpu_host.ivr.landmarks import HOP_MS
from include.gpu_host.ivr.repeats import Repeat, RepeatIndex

# In so many calls it is no conversation, whatever else they share: nobody is recorded so often.
SURE_CALLS = 3
# Channels that have nothing in common share up to 3 landmarks, those that play the same 3 s share 15 or more.
_LEAST_VOTES = 20
# Both calls are heard for so long after it.
_GOES_ON_FRAMES = round(10_000 / HOP_MS)
_SAME_OFFSET_FRAMES = 3


def is_a_machine(
    channel: int,
    repeat: Repeat,
    heard: Sequence[HeardChannel],
    repeats: Sequence[Sequence[Repeat]],
    index: RepeatIndex,
) -> bool:
    """Whether two calls are enough to say that what both play is no conversation.

    Args:
        channel: Of this call.
        repeat: What it repeats of another call.
        heard: This call, by channel.
        repeats: All that it repeats of others, by channel.
        index: Holds the other call.

    Returns:
        False where a side has no channel of its own: nobody can tell there.
    """
    other = repeat.other // MOST_CHANNELS
    at_once = sum(
        one.other // MOST_CHANNELS == other and abs(one.offset - repeat.offset) <= _SAME_OFFSET_FRAMES
        for found in repeats
        for one in found
    )
    lasts_there = [index.last_frame(other * MOST_CHANNELS + n) for n in range(MOST_CHANNELS)]
    lasts = [int(one.peaks.frames[-1]) if len(one.peaks.frames) else -1 for one in heard]
    return (
        repeat.votes >= _LEAST_VOTES
        and repeat.other % MOST_CHANNELS == channel
        and at_once == 1
        and _is_sided(lasts)
        and _is_sided(lasts_there)
        and max(lasts) - repeat.last >= _GOES_ON_FRAMES
        and max(lasts_there) - (repeat.last - repeat.offset) >= _GOES_ON_FRAMES
    )


def _is_sided(last_frames: Sequence[int]) -> bool:
    """Whether more than one channel sounds; -1 is a channel that does not."""
    return sum(frame >= 0 for frame in last_frames) > 1
