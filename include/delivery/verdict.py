"""The verdict on a run whose books are closed: whether it may pass as done, and if not, why."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.calls.days import JudgedDay, Verdict
from include.calls.ledger import Ledger
from include.errors import CofiError, DayIncomplete, LedgerOpen, NearlyAllFailed, RunStopped

_NAMED = 20


@dataclass(frozen=True)
class Books:
    """How many calls of a run are in which state, and how it ended: all that its verdict rests on.

    Attributes:
        ledger: All that it accounts for.
        unaccounted: Paths of calls in no final state.
        worked_on: Only what it planned.
        waiting_for_money: Calls that the LLM budget has stopped; they are among the failed ones.
        failed_tries: Calls that were to be audited again and could not be: their old audit stands.
        day: How it found its own day; None of a rescore, and before its discovery.
        planned: Whether it came to a plan.
        trouble: What its first tasks failed of.
        stopped: How it was ended from outside, as a sentence; None when it came to its own end.
        by_ledger: It is done if its ledger closes, however it was ended.
    """

    ledger: Ledger
    unaccounted: Sequence[str]
    worked_on: Ledger
    waiting_for_money: int = 0
    failed_tries: int = 0
    day: JudgedDay | None = None
    planned: bool = True
    trouble: str | None = None
    stopped: str | None = None
    by_ledger: bool = False


def judged(books: Books, alarm_failed_share: float) -> CofiError | None:
    """Why a run fails by its books; None when it does not.

    Args:
        books: Closed.
        alarm_failed_share: More lost calls than this share of those that were worked on are no longer the
            calls' own fault.
    """
    if not books.planned:
        return LedgerOpen(_never_planned(books))
    if not books.ledger.closed:
        return LedgerOpen(_joined(books.stopped, _open(books)))
    if books.stopped and not books.by_ledger:
        return RunStopped(_joined(books.stopped, f"Every call is accounted for: {books.ledger}."))
    if books.day and books.day.verdict is Verdict.FAIL:
        return DayIncomplete(_absent(books.day))
    return _nearly_all_failed(books, alarm_failed_share)


def _nearly_all_failed(books: Books, alarm_failed_share: float) -> CofiError | None:
    worked_on = books.worked_on
    tries = books.failed_tries
    lost = worked_on.failed + worked_on.quarantined + tries - books.waiting_for_money
    if lost <= alarm_failed_share * (lost + worked_on.audited - tries):
        return None
    return NearlyAllFailed(
        f"Worked on: {worked_on}.{_tried(tries)} More than {alarm_failed_share:.0%} were lost. The report "
        "groups the reasons; mend the first, and trigger the day again: only what is missing is done."
    )


def _tried(tries: int) -> str:
    """Calls that were audited before and should have been audited again."""
    if not tries:
        return ""
    return f" Of the audited ones {tries} could not be audited again: their old audit stands."


def _never_planned(books: Books) -> str:
    trouble = books.trouble or books.stopped or "See the log of the task that is red."
    return (
        f"The run failed before its shards were planned: {_sentence(trouble)} Until then: {books.ledger}. "
        "When that is mended, clear the red task with its downstream tasks, or trigger the run again."
    )


def _open(books: Books) -> str:
    paths = books.unaccounted
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return (
        f"The ledger does not close: {books.ledger}. Unaccounted for: {', '.join(paths[:_NAMED])}{more}. "
        "Clear the task plan with its downstream tasks: only what is missing is done again."
    )


def _absent(day: JudgedDay) -> str:
    return (
        f"{day.problem} When they are there, trigger the day again; nightly runs take up what comes late, as "
        "far back as [cofi] lookback_days says. [cofi] empty_day decides what fails a run."
    )


def _joined(first: str | None, then: str) -> str:
    return f"{_sentence(first)} {then}" if first else then


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
