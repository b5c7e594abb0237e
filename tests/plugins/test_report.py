"""The report closes the ledger, or fails the run and says why."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.models import OutboxRow, TranscriptRow, TrendScoreRow
from include.database.outcomes import Failure
from include.errors import LedgerOpen, NearlyAllFailed
from include.llm.rows import audit_rows
from include.review.items import list_queue
from include.review.people import Actor
from include.scorecards.answering import scored
from include.scorecards.assessment import AssessedAnswer, Assessment
from include.scorecards.schema import Scorecard
from include.search.filters import Filters
from include.search.finding import find
from tests.plugins.shard import CALLS, OPENED, run_report
from tests.unit.database.seeding import Day, recording, scorecard
from tests.unit.search.conftest import transcript_of, transcript_row

NOTHING: list[int] = []


def test_a_closed_ledger_is_returned_and_reported(day: Day, batch: Batch, runs_folder: Path) -> None:
    day.audit(batch, *CALLS[:2])
    failed = Failure(CALLS[2].call_id, "bug", "broke", state=CallState.FAILED)
    day.save(batch, Stage.STT, [failed])

    ledger = run_report()

    assert {state: count for state, count in ledger.items() if count} == {"audited": 2, "failed": 1}
    (page,) = runs_folder.rglob("report.html")
    assert "stt: broke" in page.read_text()


def test_what_was_said_in_its_calls_can_be_searched(day: Day, batch: Batch, runs_folder: Path) -> None:
    day.audit(batch, *CALLS)
    said = transcript_of(CALLS[1].call_id, [("agent", "Your refund is on its way.")])
    with day.database.writing() as connection:
        connection.execute(insert(TranscriptRow), [transcript_row(said)])

    run_report()

    with day.database.reading() as connection:
        (found,) = find(connection, Filters(text='"your refund"')).calls
        counted = connection.execute(select(TrendScoreRow.calls)).scalars().all()
    assert found.call_id == CALLS[1].call_id
    assert counted == []  # none of them has a score


def audit_row(day: Day, batch: Batch, call_id: str) -> str:
    answers = {
        "answers": [],
        "sections": [],
        "review_reasons": [],
        "needs_review": False,
        "auto_failed": False,
    }
    made = Assessment(
        call_id=call_id,
        transcript_sha256="t" * 64,
        scorecard_id="service_call",
        scorecard_version="3",
        scorecard_sha256=scorecard().sha256,
        pct=0.0,
        band="poor",
        passed=False,
        not_auditable=None,
        **answers | {"answers": [failing(scorecard())], "auto_failed": True},
    )
    with day.database.writing() as connection:
        for table, row in audit_rows(scorecard(), made, batch.batch_id, "i" * 64):
            connection.execute(insert(table).values(**row))
    return call_id


def failing(card: Scorecard) -> AssessedAnswer:
    """The first of its auto-fails."""
    criterion, option = next(
        (one, option) for one in card.criteria for option in one.options if option.auto_fail != "none"
    )
    answer = AssessedAnswer(
        criterion_id=criterion.id,
        section_id=criterion.section,
        answer=option.key,
        answered_by=criterion.answered_by,
        severity=criterion.severity,
        weight=card.share(criterion.id),
    )
    return scored(criterion, answer, [])


def test_its_auto_fails_are_in_the_queue_of_reviews(day: Day, batch: Batch, runs_folder: Path) -> None:
    day.audit(batch, *CALLS)
    failed = audit_row(day, batch, CALLS[1].call_id)

    for _ in range(2):
        run_report()

    with day.database.reading() as connection:
        (item,) = list_queue(connection, Actor("ana"))
    assert item.call_id == failed
    assert "auto_fail" in item.samples


def test_wrong_rules_of_review_do_not_cost_a_run_its_report(
    day: Day, batch: Batch, runs_folder: Path, setting, caplog: pytest.LogCaptureFixture
) -> None:
    folder = runs_folder.parent / "cards"
    (folder / "review").mkdir(parents=True)
    (folder / "review" / "service_call.yaml").write_text("auto_fails: {due_days: 1}\nrandom: {calls: 2}\n")
    setting("scorecards_folder", folder)
    day.audit(batch, *CALLS)
    assert run_report()["audited"] == 3
    assert "service_call.yaml:2: random.calls is no field of this rule" in caplog.text


def test_labels_that_the_scorecard_cannot_answer_do_not_cost_a_run_its_report(
    day: Day, batch: Batch, runs_folder: Path, setting, caplog: pytest.LogCaptureFixture
) -> None:
    labels = runs_folder.parent / "gold.csv"
    labels.write_text("day,file,criterion,answer\n2026-11-16,a.wav,closing,perhaps\n")
    setting("gold_labels", labels)
    day.audit(batch, *CALLS)
    assert run_report()["audited"] == 3
    assert list(runs_folder.rglob("report.html"))
    assert "gold.csv:2: service_call 3 cannot answer closing with 'perhaps'" in caplog.text


def test_a_ledger_that_does_not_close_fails_the_run_and_names_the_calls(
    day: Day, batch: Batch, runs_folder: Path
) -> None:
    day.audit(batch, CALLS[0])
    with pytest.raises(LedgerOpen, match=r"1 audited .* 2 pending = 3 discovered.*: b\.wav, c\.wav\. Clear"):
        run_report()
    assert list(runs_folder.rglob("report.html"))  # written all the same


def test_a_run_that_nearly_all_failed_is_red_though_its_ledger_closes(
    day: Day, batch: Batch, runs_folder: Path, setting
) -> None:
    setting("alarm_failed_share", 0.7)
    day.save(batch, Stage.STT, [Failure(c.call_id, "bug", "broke", state=CallState.FAILED) for c in CALLS])
    with pytest.raises(NearlyAllFailed, match=r"3 failed .*More than 70% were lost"):
        run_report()
    assert list(runs_folder.rglob("report.html"))

    day.plan(batch)
    day.audit(batch, CALLS[0])
    day.save(batch, Stage.STT, [Failure(c.call_id, "bug", "x", state=CallState.FAILED) for c in CALLS[1:]])
    assert run_report()["failed"] == 2


def test_many_unaccounted_calls_are_counted_and_not_all_named(day: Day, runs_folder: Path) -> None:
    day.planned(*(recording(f"{number:02}.wav") for number in range(25)))
    with pytest.raises(LedgerOpen, match=r"19\.wav and 5 more\.") as told:
        run_report()
    assert "20.wav" not in str(told.value)


def test_a_run_that_never_opened_its_batch_does_not_pass_as_done() -> None:
    with pytest.raises(LedgerOpen, match="failed before its batch was opened: see the log of open_batch"):
        run_report(None, None)


def test_a_run_that_never_came_to_a_plan_says_what_it_found(day: Day, runs_folder: Path) -> None:
    day.discover(*CALLS)
    with pytest.raises(LedgerOpen, match=r"before its shards were planned: .*3 pending = 3 discovered"):
        run_report(OPENED, None)
    assert list(runs_folder.rglob("report.html"))
    (event,) = day.rows(OutboxRow)
    assert event["event_type"] == "run.incomplete"


def test_a_day_without_calls_is_reported(day: Day, runs_folder: Path) -> None:
    day.discover()
    ledger = run_report(OPENED, NOTHING)
    assert set(ledger.values()) == {0}
