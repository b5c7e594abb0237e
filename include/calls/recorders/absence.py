"""What there is where a recorder's folders of a day are not."""

from datetime import date

from fsspec import AbstractFileSystem

from include.calls.day_folder import day_folder_name
from include.calls.recorders.checks import SITE
from include.calls.recorders.days import folder_dates, folder_of_day
from include.calls.recorders.loading import PLAIN
from include.calls.recorders.profile import Recorder
from include.calls.surroundings import Surroundings, folders_and_files, is_there, look_around


def absence_of(
    filesystem: AbstractFileSystem, location: str, day: date, *, recorder: Recorder, timezone: str
) -> Surroundings | None:
    """Looks what is there instead of a recorder's folders of a day.

    Args:
        filesystem: fsspec's.
        location: The folder on it that the recorder writes to.
        day: A day of the site.
        recorder: Whose layout.
        timezone: Of the site.

    Returns:
        None when one of the day's folders is there. Where a recorder does not lay days apart, the location is
        the folder of all of them.

    Raises:
        FileNotFoundError: There is no such location either.
        Exception: What the store's library raises when it cannot tell.
    """
    if not recorder.days.are_folders:
        filesystem.info(location.rstrip("/") or "/")
        return None
    missing = []
    for layout in recorder.days.folders:
        for one in folder_dates(recorder, day, timezone):
            around = _absent(filesystem, location, one, layout, recorder)
            if around is None:
                return None
            missing.append(around)
    # The folders of a day in another zone are two; what lies beside either is named.
    return max(missing, key=lambda around: (len(around.names), around.files))


def _absent(
    filesystem: AbstractFileSystem, location: str, one: date, layout: str, recorder: Recorder
) -> Surroundings | None:
    """What is there instead of the folder of one date, in whichever zone it is one."""
    said_in = f"days.folders of recorder {recorder.id}"
    if recorder.id == PLAIN:
        said_in = "[cofi] recordings_layout"
    if "*" not in layout:
        return look_around(filesystem, location, one, layout, said_in)
    filesystem.invalidate_cache()
    if not is_there(filesystem, location.rstrip("/") or "/"):
        raise FileNotFoundError(location)
    days = recorder.days.model_copy(update={"folders": (layout,), "timezone": SITE})
    only = recorder.model_copy(update={"days": days})
    if folder_of_day(filesystem, location, location, one, recorder=only, timezone="UTC").names:
        return None
    names, files = folders_and_files(filesystem, location)
    return Surroundings(day_folder_name(one, layout), layout, names, files, said_in=said_in)
