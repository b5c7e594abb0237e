"""Human review, from settings: who is which agent, which rules a scorecard has, and the queue after a run."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cofi.settings import Settings
from include.database.batches import Batch
from include.database.engine import Database
from include.errors import InvalidInput
from include.review.people import People, load_people

if TYPE_CHECKING:
    from include.review.rules import ReviewRules

log = logging.getLogger(__name__)


def people_of(settings: Settings) -> People:
    """Users and the agents that they are.

    Raises:
        InvalidInput: The file is wrong.
    """
    return load_people(Path(settings.review_agents_file) if settings.review_agents_file else None)


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
