"""What is stored of the judge, on both databases: canaries' nights, opinions, stated confidence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from include.database.models import AnswerRow, AuditRow, CanaryRow, LlmResultRow
from include.delivery.criteria import load_scorecards
from include.delivery.opinions import second_opinions_of
from include.judge import nights
from include.judge.stated import calibration_of
from tests.unit.database.seeding import DAY, Day, recording, scorecard

NIGHT = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
CALLS = [recording(f"{number}.wav") for number in range(3)]
LABELS = {(DAY, call.path): {"closing": "yes"} for call in CALLS}


def row(batch_id: str, number: int, night: date, **changes: Any) -> dict[str, Any]:
    description: dict[str, Any] = {
        "batch_id": batch_id,
        "call_id": CALLS[number].call_id,
        "day": DAY,
        "path": CALLS[number].path,
        "night": night,
        "scorecard_sha256": scorecard().sha256,
        "model": "m",
        "answers": {"closing": "yes"},
        "failure": None,
        "asked_at": NOW,
    }
    return description | changes


def test_a_later_try_takes_the_place_of_what_an_earlier_one_wrote(day: Day) -> None:
    day.planned(*CALLS)
    failed = row("run-1", 0, NIGHT, answers=None, failure="llm_busy: later")
    day.database.write(lambda c: nights.keep(c, [failed, row("run-1", 1, NIGHT)]))
    night = day.database.read(lambda c: nights.night_of_run(c, "run-1", LABELS))
    assert night is not None
    assert (night.asked, night.failed) == (1, {"2026-11-16/0.wav": "llm_busy: later"})

    day.database.write(lambda c: nights.keep(c, [row("run-1", 0, NIGHT)]))
    night = day.database.read(lambda c: nights.night_of_run(c, "run-1", LABELS))
    assert night is not None and (night.asked, night.failed, night.tonight.share) == (2, {}, 1.0)
    assert len(day.rows(CanaryRow)) == 2
    assert day.database.read(lambda c: nights.night_of_run(c, "run-2", LABELS)) is None


def test_nights_before_are_those_with_answers_to_the_same_scorecard(day: Day) -> None:
    for number, batch_id in enumerate(["run-1", "run-2", "run-3", "run-4"]):
        day.planned(*CALLS, batch_id=batch_id)
        failure = {"answers": None, "failure": "x"} if batch_id == "run-2" else {}
        night = NIGHT + timedelta(days=number)
        day.database.write(lambda c, b=batch_id, n=night, f=failure: nights.keep(c, [row(b, 0, n, **f)]))
    found = day.database.read(lambda c: nights.night_of_run(c, "run-4", LABELS))
    assert found is not None
    assert [night.night.day for night in found.nights] == [20, 22, 23]


@pytest.fixture
def judged(day: Day) -> Day:
    """Three audited calls; others were asked about one answer."""
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS)
    with day.database.writing() as connection:
        for number, call in enumerate(CALLS):
            connection.execute(insert(LlmResultRow), [_paid(call.call_id, number)])
            connection.execute(insert(AuditRow), [_audit(call.call_id, number)])
            connection.execute(insert(AnswerRow), [_answer(number)])
    return day


def _paid(call_id: str, number: int) -> dict[str, Any]:
    texts = dict.fromkeys(("prompt_sha256", "transcript_sha256"), "")
    figures = dict.fromkeys(
        ("prompt_tokens", "completion_tokens", "cached_tokens", "latency_s", "attempts"), 1
    )
    rest = {"repaired": False, "redactions": {}, "answer": {}, "batch_id": "run-1", "created_at": NOW}
    return {
        "identity": str(number),
        "call_id": call_id,
        "stage": "llm2",
        "model": "m",
        **texts,
        **figures,
        **rest,
    }


def _audit(call_id: str, number: int) -> dict[str, Any]:
    who = {"audit_id": f"a{number}", "call_id": call_id, "batch_id": "run-1", "llm_identity": str(number)}
    what = {"scorecard_sha256": scorecard().sha256, "transcript_sha256": "", "needs_review": False}
    return {**who, **what, "review_reasons": [], "sections": [], "created_at": NOW}


def _answer(number: int) -> dict[str, Any]:
    opinion = {"by": "sample 1", "answer": "no", "llm_identity": "x"}
    return {
        "audit_id": f"a{number}",
        "criterion_id": "closing",
        "answer": "yes" if number else "no",
        "answered_by": "llm",
        "justification": "",
        "confidence": 0.8,
        "evidence": [],
        "opinions": [opinion] if number == 1 else [],
    }


def test_opinions_are_read_where_there_are_any(judged: Day) -> None:
    found = judged.database.read(lambda c: second_opinions_of(c, "run-1", load_scorecards(c, "run-1")))
    assert (found.total.answers, found.total.agreed) == (1, 0)
    (only,) = found.contradictions
    assert (only.path, only.first, only.others[0].answer) == ("1.wav", "yes", "no")


def test_stated_confidence_is_read_beside_labels_of_one_model(judged: Day) -> None:
    def right(model: str) -> tuple[int, int]:
        found = judged.database.read(lambda c: calibration_of(c, LABELS, scorecard().sha256, model))
        return found.right, found.answers

    assert right("m") == (2, 3)
    assert right("another") == (0, 0)
    assert judged.database.read(lambda c: calibration_of(c, {}, scorecard().sha256, "m")).answers == 0
