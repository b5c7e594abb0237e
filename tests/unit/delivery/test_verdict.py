"""What a run's books say of it."""

from datetime import date

import pytest

from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.ledger import Ledger
from include.delivery.verdict import Books, judged
from include.errors import CofiError, DayIncomplete, LedgerOpen, NearlyAllFailed, RunStopped

DONE, OPEN, LOST = Ledger(audited=3), Ledger(audited=1, pending=2), Ledger(audited=1, failed=9)
FEW = JudgedDay(date(2026, 11, 16), DayState.FEW, Verdict.FAIL, 3, "Only 3 recordings.")


def books(ledger: Ledger = DONE, **more: object) -> Books:
    return Books(ledger, ["b.wav", "c.wav"][: ledger.pending], ledger, **more)  # type: ignore[arg-type]


def test_a_run_is_done_when_every_call_is_accounted_for() -> None:
    assert judged(books(), 0.8) is None
    assert judged(books(Ledger()), 0.8) is None, "a day without calls"


@pytest.mark.parametrize(
    ("of", "kind", "told"),
    [
        (
            books(OPEN),
            LedgerOpen,
            r"not close: .* 2 pending = 3 .*: b\.wav, c\.wav\. Clear the task plan",
        ),
        (books(planned=False), LedgerOpen, "before its shards were planned: See the log of the task"),
        (
            books(planned=False, trouble="discover: no folder"),
            LedgerOpen,
            "planned: discover: no folder.",
        ),
        (books(planned=False, stopped="Somebody did."), LedgerOpen, "planned: Somebody did. Until"),
        (books(OPEN, stopped="Its time was up."), LedgerOpen, "^Its time was up. The ledger does not close"),
        (books(OPEN, stopped="Marked.", by_ledger=True), LedgerOpen, "^Marked. The ledger does not close"),
        (
            books(stopped="Its time was up."),
            RunStopped,
            "^Its time was up. Every call is accounted for: 3",
        ),
        (books(day=FEW), DayIncomplete, "^Only 3 recordings. When they are there"),
        (books(LOST), NearlyAllFailed, "More than 80% were lost"),
    ],
)
def test_why_a_run_fails(of: Books, kind: type[CofiError], told: str) -> None:
    error = judged(of, 0.8)
    assert type(error) is kind
    with pytest.raises(kind, match=told):
        raise error


def test_one_that_its_ledger_judges_is_done_however_it_was_ended() -> None:
    assert judged(books(stopped="Somebody marked it as success.", by_ledger=True), 0.8) is None


def test_calls_that_wait_for_money_are_not_lost() -> None:
    assert judged(books(LOST, waiting_for_money=6), 0.8) is None


def test_what_a_run_failed_of_first_matters_more_than_what_follows_from_it() -> None:
    assert isinstance(judged(books(OPEN, planned=False, day=FEW), 0.8), LedgerOpen)
    assert isinstance(judged(books(OPEN, day=FEW), 0.8), LedgerOpen)
