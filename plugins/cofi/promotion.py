"""Promotion: a scorecard version whose answers agree with the gold labels becomes what audits use.

Compares what is stored: rescore the labelled calls with the scorecard first. `cofi agreement` runs it as a
process of its own, because the settings are Airflow's to read.
"""

import argparse
import logging
import sys
from pathlib import Path

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from cofi.scorecards import chosen
from cofi.settings import Settings
from include.database import scorecards
from include.database.engine import Database
from include.database.models import AuditRow
from include.delivery.agreement import agreement_lines
from include.errors import BelowTheBar, CofiError, InvalidInput
from include.review.labels import has_labels, reviewed_labels, together
from include.scorecards.agreement import Agreements, Bar, measure
from include.scorecards.gold import Labels, load_labels
from include.scorecards.schema import Scorecard

log = logging.getLogger(__name__)


def labels_of(settings: Settings) -> Labels:
    """The deployment's gold labels; empty when it has none.

    Raises:
        InvalidInput: The file is wrong.
    """
    return load_labels(Path(settings.gold_labels)) if settings.gold_labels else {}


def is_any_labelled(settings: Settings, database: Database, scorecard: Scorecard, *, unbiased: bool) -> bool:
    """Whether there is a gold label, or an answer of a review to a question that a scorecard asks too.

    Args:
        settings: The deployment's.
        database: With the reviews.
        scorecard: Whose answers are to be measured.
        unbiased: Of the reviews only random calls that were answered blind.

    Raises:
        InvalidInput: The file is wrong.
    """
    if labels_of(settings):
        return True
    return database.read(lambda connection: has_labels(connection, scorecard, unbiased=unbiased))


def agreement(
    settings: Settings, database: Database, scorecard: Scorecard, batch_id: str | None = None
) -> Agreements:
    """How far what a version answered agrees with the labels: in one batch, or last.

    Labels are the file's, and those of reviews: of random calls, answered blind, for shares are estimated
    from them.

    Raises:
        InvalidInput: There are no labels, no labelled call was audited with it, or a label is none of
            its answers.
    """
    if not is_any_labelled(settings, database, scorecard, unbiased=True):
        raise InvalidInput(
            "There are no gold labels: name the CSV in [cofi] gold_labels, or review random calls blind."
        )
    which = [AuditRow.scorecard_sha256 == scorecard.sha256]
    which += [AuditRow.batch_id == batch_id] if batch_id else []
    compared = select(AuditRow.call_id).where(*which)
    reviewed = database.read(lambda c: reviewed_labels(c, scorecard, unbiased=True, calls=compared))
    labels = together(labels_of(settings), reviewed)
    answers = database.read(lambda connection: scorecards.given_answers(connection, labels, *which))
    found = measure(labels, answers, scorecard)
    if not found.calls:
        raise InvalidInput(
            f"No labelled call was audited with {scorecard.id} {scorecard.version}: trigger rescore_calls "
            "for their days with it."
        )
    return found


def promote(settings: Settings, database: Database, scorecard: Scorecard, found: Agreements) -> None:
    """Makes a version the one that audits use.

    Raises:
        BelowTheBar: It does not agree with the labels as far as it should.
    """
    missed = bar_of(settings).missed(found)
    if missed:
        raise BelowTheBar(
            f"{scorecard.id} {scorecard.version} is not promoted: {'; '.join(missed)} "
            "([cofi] promotion_…). Mend the criteria that agree least, and rescore the labelled calls."
        )
    database.write(lambda connection: scorecards.promote(connection, scorecard.sha256))
    log.info("Promoted: audits use %s %s from now on", scorecard.id, scorecard.version)


def bar_of(settings: Settings) -> Bar:
    """What a promotion asks for."""
    most = settings.promotion_max_false_auto_fails
    return Bar(
        calls=settings.promotion_min_calls,
        accuracy=settings.promotion_min_accuracy,
        kappa=settings.promotion_min_kappa,
        fail_recall=settings.promotion_min_fail_recall,
        auto_fail_recall=settings.promotion_min_auto_fail_recall,
        false_auto_fails=most if most >= 0 else None,
    )


def main(arguments: list[str] | None = None) -> int:
    """Prints the agreement, and promotes when asked to; returns the exit code."""
    parser = argparse.ArgumentParser(prog="cofi agreement", description=__doc__)
    parser.add_argument("url", help="cofi's database, such as sqlite:////folder/cofi.db")
    parser.add_argument("scorecard", help="name of a file in [cofi] scorecards_folder, without .yaml")
    parser.add_argument("--promote", action="store_true", help="make it what audits use, if it may be")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    try:
        _compare(asked)
    except CofiError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except DBAPIError as error:
        cause = " ".join(str(error.orig).split())
        print(
            f"\ncofi's database cannot be read ({cause}): start it, bring its tables to this version with "
            "`cofi db migrate`, or name another one with --db.",
            file=sys.stderr,
        )
        return 1
    return 0


def _compare(asked: argparse.Namespace) -> None:
    settings, database = Settings.load(), Database(asked.url)
    try:
        scorecard = chosen(settings, database, asked.scorecard)
        found = agreement(settings, database, scorecard)
        missed = bar_of(settings).missed(found)
        print(_json(scorecard, found, missed) if asked.json else "\n".join(agreement_lines(found)))
        if asked.promote:
            promote(settings, database, scorecard, found)
            if not asked.json:
                print(f"Promoted: audits use {scorecard.id} {scorecard.version} from now on.")
    finally:
        database.close()


def _json(scorecard: Scorecard, found: Agreements, missed: list[str]) -> str:
    values = {"scorecard": scorecard.id, "version": scorecard.version, "missed": missed, "agreement": found}
    return to_json(values, indent=2).decode()


if __name__ == "__main__":
    sys.exit(main())
