"""Where recordings may lie, when they do not lie where somebody pointed."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from include.calls.recorders.profile import HERE, Recorder
from include.probe.days import days_there, folders_in
from include.probe.place import Place

_DEEPEST = 4
# So many folders are opened in search of one with days.
_MOST_FOLDERS = 60
_MOST_TOLD = 3


def nearby(place: Place, recorders: Sequence[Recorder]) -> Iterator[str]:
    """Folders below a location in which a recorder finds days, the nearest first."""
    named = 0
    waiting = deque([("", 0)])
    for _ in range(_MOST_FOLDERS):
        if not waiting or named == _MOST_TOLD:
            return
        name, depth = waiting.popleft()
        root = f"{place.root}/{name}" if name else place.root
        if name and _has_days(replace(place, root=root), recorders):
            named += 1
            yield f"{place.uri}/{name}"
        elif depth < _DEEPEST:
            below = sorted(folders_in(place.filesystem, root))
            waiting.extend((f"{name}/{one}" if name else one, depth + 1) for one in below)


def _has_days(place: Place, recorders: Sequence[Recorder]) -> bool:
    for recorder in recorders:
        dated = tuple(layout for layout in recorder.days.folders if layout != HERE and "*" not in layout)
        if not dated:
            continue
        days = recorder.days.model_copy(update={"folders": dated})
        only_dated = recorder.model_copy(update={"days": days})
        if days_there(place.filesystem, place.root, only_dated, place.timezone, 1):
            return True
    return False
