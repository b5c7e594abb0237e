"""Which scorecard a run uses."""

import logging
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from cofi.settings import Settings
from include.calls.discovery_rules import Redo
from include.database.engine import Database
from include.errors import InvalidInput

if TYPE_CHECKING:
    from include.scorecards.schema import Scorecard

log = logging.getLogger(__name__)

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


def check_audited(database: Database, day: date, scorecard: "Scorecard", params: Mapping[str, Any]) -> None:
    """Refuses another scorecard for a day whose audited calls are skipped: its report would show old scores.

    Nightly runs and whoever leaves the choice to promotion mean the calls that are not audited yet: they are
    told how many stay as they are.

    Raises:
        InvalidInput: It says what to choose instead.
    """
    from include.database import scorecards  # noqa: PLC0415

    if params["redo"] != Redo.SKIP:
        return
    others = database.read(lambda c: scorecards.used_by_others(c, day, scorecard.sha256))
    if not others:
        return
    stay = (
        f"{sum(others.values())} calls of {day} are audited by {' and '.join(sorted(others))}, and 'redo' "
        f"skip leaves them so, whatever 'scorecard' says. For scores by {scorecard.id} {scorecard.version}: "
        "trigger rescore_calls for the day, which needs no GPU host; or choose 'redo' all with 'first_stage' "
        "llm2."
    )
    if params["scorecard"] == PROMOTED:
        log.warning(stay)
        return
    raise InvalidInput(f"{stay} For the calls that are not audited yet: leave 'scorecard' at promoted.")
