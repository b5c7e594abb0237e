"""The report tells what calls were about: over the run, and call by call."""

from typing import Any

import pytest

from include.calls.call import CallState
from include.database.models import AuditRow, BatchCallRow, TranscriptRow
from include.delivery import call_facts
from include.delivery.report import render_html, render_json
from include.delivery.summary import summarise
from include.delivery.table import text_table
from include.llm.facts import FactsReply, checked_facts
from include.llm.rows import facts_rows
from tests.unit.delivery.seeding import OPENED_AT, SeededDay

TURNS = [{"id": "t1", "start_ms": 1000}, {"id": "t2", "start_ms": 65_000}]


def understood(day: SeededDay, batch_id: str, call_id: str, **changes: Any) -> None:
    """LLM1's rows about a call."""
    superseded_at = changes.pop("superseded_at", None)
    said = {
        "call_type": "conversation",
        "analysable": True,
        "participants": [],
        "summary": "A bill was paid.",
        "issue": "the bill",
        "actions_taken": "took the money",
        "outcome": "paid",
        "next_steps": "",
        "contact_reasons": [{"reason": "Payment", "turns": ["t2"]}],
        "resolution": "resolved",
        "commitments": [],
        "sentiment_start": 0,
        "sentiment_end": 2,
        "entities": [],
        "signals": [],
        "quality_issues": [],
    } | changes
    facts = checked_facts(FactsReply.model_validate(said), ["t1", "t2"])
    for table, row in facts_rows(facts, call_id, batch_id, "i" * 64):
        values = {**row, "superseded_at": superseded_at} if "resolution" in row else row
        day.insert(table, **values)


def audited(day: SeededDay, path: str, batch_id: str = "run", **facts: Any) -> str:
    """An audited call with its facts."""
    call_id = day.call(batch_id, path, agent="Dana", queue="billing")
    day.audit(batch_id, call_id, 80, {"verified": "yes"})
    row = {"sha256": "t" * 64, "language": "en", "transcript": {"turns": TURNS}, "created_at": OPENED_AT}
    day.insert(TranscriptRow, call_id=call_id, **row)
    understood(day, batch_id, call_id, **facts)
    return call_id


@pytest.mark.long
def test_the_run_in_figures(day: SeededDay) -> None:
    day.batch("run")
    refund = [{"reason": "Refund", "turns": []}, {"reason": "Complaint", "turns": ["t1", "t7"]}]
    audited(day, "a.wav")
    audited(day, "b.wav", resolution="partial", sentiment_start=1, sentiment_end=-3)
    signals = [{"kind": "complaint", "turns": ["t1"]}, {"kind": "cancel_intent", "turns": []}]
    audited(day, "c.wav", contact_reasons=refund, resolution="unresolved", signals=signals)
    failed = day.call("run", "d.wav", CallState.FAILED, reason="llm2: x")
    understood(day, "run", failed, resolution="unknown")

    got = summarise(day.database, "run").facts

    assert got.calls == 3
    assert [(r.title, r.main, r.calls, r.resolved_pct) for r in got.reasons] == [
        ("Payment", 2, 2, 50.0),
        ("Refund", 1, 1, 0.0),
        ("Complaint", 0, 1, None),
    ]
    assert [(one.name, one.calls) for one in got.resolutions] == [
        ("resolved", 1),
        ("partial", 1),
        ("unresolved", 1),
    ]
    assert [(one.name, one.calls) for one in got.signals] == [("cancel intent", 1), ("complaint", 1)]
    feeling = got.sentiment
    assert (round(feeling.mean_start or 9, 2), round(feeling.mean_end or 9, 2)) == (0.33, 0.33)
    assert (feeling.better, feeling.worse) == (2, 1)
    assert got.dropped == 1
    assert [call.path for call in got.shown] == ["c.wav", "a.wav", "b.wav"], "signals first"


@pytest.mark.long
def test_a_call_in_full(day: SeededDay) -> None:
    day.batch("run")
    call_id = audited(
        day,
        "a.wav",
        summary="<b>Paid</b> & done",
        commitments=[{"by": "agent", "text": "sends a receipt", "due": "today", "turn": "t2"}],
        entities=[
            {"type": "amount", "text": "$64", "turn": "t1", "pii": False},
            {"type": "name", "text": "Stephen Miller", "turn": "t1", "pii": True},
        ],
        signals=[{"kind": "praise", "turns": ["t1", "t2"]}],
        quality_issues=["noise"],
    )
    advice = {"skill": "calm", "observation": "hurried", "suggestion": "slow down", "turn_id": "t2"}
    with day.database.writing() as connection:
        said = {"strengths": ["polite"], "coaching": [advice], "comment": "Fine work."}
        connection.execute(AuditRow.__table__.update().where(AuditRow.call_id == call_id).values(said))

    summary = summarise(day.database, "run")
    (call,) = summary.facts.shown
    assert (call.path, call.agent, call.pct, call.resolution) == ("a.wav", "Dana", 80, "resolved")
    assert [(one.text, one.starts_ms) for one in call.reasons] == [("Payment", (65_000,))]
    assert [(one.text, one.starts_ms) for one in call.commitments] == [
        ("agent: sends a receipt (today)", (65_000,))
    ]
    assert [(one.text, one.starts_ms) for one in call.signals] == [("praise", (1000, 65_000))]
    assert [one.text for one in call.entities] == ["amount: $64"]
    assert call.private_entities == 1
    assert (call.strengths, call.comment) == (("polite",), "Fine work.")
    (coaching,) = call.coaching
    assert (coaching.skill, coaching.starts_ms) == ("calm", (65_000,))

    page, figures = render_html(summary), render_json(summary)
    assert "<b>Paid</b> &" not in page and "&lt;b&gt;Paid&lt;/b&gt; &amp; done" in page
    shown = (
        "sends a receipt",
        "$64",
        "praise",
        "noise",
        "polite",
        "slow down",
        "Fine work.",
        "1:05",
        "Payment",
    )
    for told in shown:
        assert told in page
    for text in (page, figures, text_table(summary)):
        assert "Stephen Miller" not in text, "what identifies somebody stays in the tables"
    assert "facts     1 Payment\n          1 resolved; 1 praise" in text_table(summary)


@pytest.mark.long
def test_an_audit_shows_what_is_current_and_a_rescore_its_own(day: SeededDay) -> None:
    day.batch("run")
    call_id = audited(day, "a.wav")
    understood(day, "run", call_id, resolution="unknown", superseded_at=OPENED_AT)
    day.batch("again")
    day.insert(BatchCallRow, batch_id="again", call_id=call_id, shard=0, host="-", state="audited")
    understood(day, "again", call_id, resolution="partial", superseded_at=OPENED_AT)
    assert [one.name for one in summarise(day.database, "run").facts.resolutions] == ["resolved"]
    assert [one.name for one in summarise(day.database, "again").facts.resolutions] == ["partial"]


@pytest.mark.long
def test_calls_of_before_the_tables_are_no_section(day: SeededDay) -> None:
    day.batch("run")
    call_id = day.call("run", "a.wav")
    day.audit("run", call_id, 80, {"verified": "yes"})
    summary = summarise(day.database, "run")
    assert summary.facts.calls == 0
    assert "What the calls were about" not in render_html(summary)
    assert "facts " not in text_table(summary)


@pytest.mark.long
def test_a_large_run_opens_some_of_its_calls(day: SeededDay, monkeypatch: Any) -> None:
    monkeypatch.setattr(call_facts, "CALLS_SHOWN", 2)
    day.batch("run")
    for name in "abc":
        audited(day, f"{name}.wav")
    summary = summarise(day.database, "run")
    assert (summary.facts.calls, len(summary.facts.shown)) == (3, 2)
    assert "3 calls; here are 2, those with signals first" in render_html(summary)
