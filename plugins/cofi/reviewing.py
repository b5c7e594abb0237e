"""Human review, from settings: which rules a scorecard has, and the queue after a run."""

import logging
from typing import TYPE_CHECKING

from cofi.settings import Settings
from include.database.batches import Batch
from include.database.engine import Database
from include.errors import InvalidInput

if TYPE_CHECKING:
    from include.review.rules import ReviewRules

log = logging.getLogger(__name__)


def rules_of(settings: Settings, scorecard_id: str) -> "ReviewRules":
    """What people listen to of calls under a scorecard.

    Raises:
        InvalidInput: The file is wrong.
    """
    from include.review.rules import load_rules  # noqa: PLC0415 - few tasks need it

    return load_rules(settings.scorecards_folder, scorecard_id)


def fill_queue(settings: Settings, database: Database, batch: Batch) -> None:
    """Puts the run's calls into the queue; wrong rules must not cost a run its report."""
    from include.database.scorecards import scorecard_id_of  # noqa: PLC0415
    from include.review.filling import fill  # noqa: PLC0415

    scorecard_id = database.read(lambda connection: scorecard_id_of(connection, batch.batch_id))
    if scorecard_id is None:
        return
    try:
        rules = rules_of(settings, scorecard_id)
        found = database.write(lambda connection: fill(connection, batch.batch_id, rules))
    except InvalidInput as error:
        log.warning("Nothing was put into the queue of reviews: %s", error)
        return
    log.info("Review: %s", found)
