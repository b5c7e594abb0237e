"""Which scorecard a run uses."""

from typing import TYPE_CHECKING

from cofi.settings import Settings
from include.database.engine import Database

if TYPE_CHECKING:
    from include.scorecards.schema import Scorecard

# What the form calls the version that was promoted last.
PROMOTED = "promoted"


def chosen(settings: Settings, database: Database, name: str) -> "Scorecard":
    """The scorecard that a Param names, recorded.

    Raises:
        InvalidInput: Its file is wrong, or its version was used with another content.
    """
    # Only the task that opens a run pays for loading it.
    from include.database import scorecards  # noqa: PLC0415
    from include.scorecards.loading import load_scorecard  # noqa: PLC0415

    scorecard = database.read(scorecards.promoted) if name == PROMOTED else None
    if scorecard is None:
        file = settings.scorecard if name == PROMOTED else name
        scorecard = load_scorecard(settings.scorecards_folder / f"{file}.yaml")
    found = scorecard
    database.write(lambda connection: scorecards.record(connection, found))
    return found
