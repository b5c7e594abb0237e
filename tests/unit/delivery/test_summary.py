"""The figures of a run against days of which every row is known."""

import random
from dataclasses import asdict
from datetime import timedelta

import pytest

from include.calls.call import CallState
from include.calls.stage import Stage
from include.delivery.review import ReviewKind
from include.delivery.summary import summarise
from include.errors import InvalidInput
from tests.unit.delivery.seeding import LLM_HOST, OPENED_AT, SCORECARD, SeededDay

ALL_YES = {"verified": "yes", "closing": "yes", "dead_air": "yes"}
RUN, EARLIER = "run-2", "run-1"


def test_an_unknown_run_is_refused(day: SeededDay) -> None:
    with pytest.raises(InvalidInput, match="'nightly'"):
        summarise(day.database, "nightly")


@pytest.mark.long
def test_the_ledger_counts_every_state_and_who_audited(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    before = day.call(EARLIER, "before.wav")
    day.audit(EARLIER, before, 90, ALL_YES)
    day.account(RUN, before, None)
    day.audit(RUN, day.call(RUN, "now.wav"), 80, ALL_YES)
    for state in (CallState.FAILED, CallState.DUPLICATE, CallState.SKIPPED, CallState.QUARANTINED):
        day.call(RUN, f"{state}.wav", state, reason="why", duration_s=None)

    outcome = summarise(day.database, RUN).outcome

    assert str(outcome.ledger) == (
        "2 audited + 1 failed + 1 duplicate + 1 skipped + 1 quarantined = 6 discovered"
    )
    assert (outcome.audited_now, outcome.audited_before) == (1, 1)
    assert outcome.closed
    assert outcome.audio_s == outcome.audited_audio_s == 240


def test_a_pending_call_keeps_the_ledger_open(day: SeededDay) -> None:
    day.batch(RUN, wall_s=None)
    day.call(RUN, "stuck.wav", CallState.PENDING)

    summary = summarise(day.database, RUN)

    assert not summary.outcome.closed
    assert summary.wall_s is None


def test_a_stage_counts_only_what_this_run_did_on_each_host(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    calls = [day.call(RUN, f"{n}.wav", duration_s=100) for n in range(5)]
    day.result(EARLIER, calls[0], Stage.STT, "gpu-1", at_s=-9000, seconds=99)
    for call, at_s in zip(calls[1:], (0, 0, 30, 60), strict=True):
        day.result(RUN, call, Stage.STT, "gpu-1", at_s=at_s, seconds=5)
    day.result(RUN, calls[0], Stage.LLM1, LLM_HOST, at_s=70, seconds=3)

    stt, llm1 = summarise(day.database, RUN).stages

    assert (stt.stage, stt.host, stt.done, stt.seconds, stt.mean_s, stt.audio_s) == (
        "stt",
        "gpu-1",
        4,
        20,
        5,
        400,
    )
    assert stt.rtf == pytest.approx(0.05)
    # Two results in the 60 s after the first two were stored.
    assert stt.calls_per_min == pytest.approx(2)
    assert stt.last_at == OPENED_AT + timedelta(seconds=60)
    assert stt.engines == ("stt-engine 1.0 (cpu)",)
    assert (llm1.calls_per_min, llm1.rtf) == (None, None)


def test_audio_of_unknown_length_is_left_out_of_the_real_time_factor(day: SeededDay) -> None:
    day.batch(RUN)
    for path, duration_s in (("known.wav", 50.0), ("unknown.wav", None)):
        call = day.call(RUN, path, duration_s=duration_s)
        day.result(RUN, call, Stage.DENOISE, "gpu-1", at_s=0, seconds=10)

    (denoise,) = summarise(day.database, RUN).stages

    assert denoise.rtf == pytest.approx(0.2)


def test_failures_of_the_llm_are_booked_on_its_endpoint(day: SeededDay) -> None:
    day.batch(RUN)
    done = day.call(RUN, "done.wav")
    lost = day.call(RUN, "lost.wav", CallState.FAILED, reason="llm2: no valid answer", host="gpu-7")
    day.stages(RUN, done)
    day.failure(RUN, done, Stage.LLM2, "gpu-1", "llm_busy")
    for _ in range(2):
        day.failure(RUN, lost, Stage.LLM2, "gpu-7", "answer_invalid")
    day.failure(RUN, lost, Stage.STT, "gpu-7")

    by_key = {(one.stage, one.host): one for one in summarise(day.database, RUN).stages}

    llm2 = by_key["llm2", LLM_HOST]
    assert (llm2.done, llm2.failed_attempts, llm2.failed_calls) == (1, 3, 1)
    mended = by_key["stt", "gpu-7"]
    assert (mended.done, mended.failed_attempts, mended.failed_calls) == (0, 1, 0)


def test_reasons_with_different_details_are_one_kind(day: SeededDay) -> None:
    day.batch(RUN)
    for n in range(3):
        reason = f"too short; it lasts {n}.5 s, audited are calls of 3 to 7200 s"
        day.call(RUN, f"short-{n}.wav", CallState.SKIPPED, reason=reason)
        day.call(RUN, f"twin-{n}.wav", CallState.DUPLICATE, reason=f"same content as 2026-03-02 call-{n}.wav")
    lost = day.call(RUN, "lost.wav", CallState.FAILED, reason="stt: gpu-1 answered 500: look at its log")
    day.failure(RUN, lost, Stage.STT, kind="host_fault")
    day.call(RUN, "with-its-host.wav", CallState.FAILED, reason="distribute: gpu-9 is gone: start it")

    summary = summarise(day.database, RUN)

    assert [(one.state, one.kind, one.calls) for one in summary.reasons] == [
        ("failed", "distribute: gpu-… is gone", 1),
        ("failed", "stt: host_fault", 1),
        ("skipped", "too short", 3),
        ("duplicate", "same content as another recording", 3),
    ]
    assert [one.path for one in summary.not_audited][:2] == ["lost.wav", "with-its-host.wav"]


def test_scores_by_criterion_agent_and_band(day: SeededDay) -> None:
    day.batch(RUN)
    answers = (
        ("a.wav", "Ana", 100.0, ALL_YES),
        ("b.wav", "Ana", 66.67, ALL_YES | {"closing": "no", "dead_air": "no"}),
        ("c.wav", "Bo", 100.0, ALL_YES | {"closing": "NA"}),
        ("d.wav", None, None, ALL_YES | {"verified": "CANNOT_DETERMINE", "closing": "CANNOT_DETERMINE"}),
    )
    for path, agent, pct, given in answers:
        day.audit(RUN, day.call(RUN, path, agent=agent, queue="sales", language="en"), pct, given)
    day.call(RUN, "not-audited.wav", CallState.SKIPPED, reason="too short", language="xx")

    summary = summarise(day.database, RUN)
    scores = summary.scores

    assert (scores.audits, scores.scored, scores.passed, scores.failed) == (4, 3, 2, 1)
    assert scores.mean_pct == pytest.approx(88.89)
    assert scores.pass_rate_pct == pytest.approx(66.67, abs=0.01)
    assert [(band.name, band.calls) for band in scores.bands] == [("good", 2), ("poor", 1)]
    assert [(one.from_pct, one.calls) for one in scores.histogram if one.calls] == [(65, 1), (95, 2)]
    verified, closing, dead_air = scores.criteria
    assert (verified.section, closing.section) == ("Law", "Service")
    assert [(one.answer, one.calls, one.earned_pct) for one in closing.answers] == [
        ("yes", 1, 100),
        ("no", 1, 0),
        ("CANNOT_DETERMINE", 1, None),
        ("NA", 1, None),
    ]
    assert closing.earned_pct == 50, "of the two that count"
    assert dead_air.answered_by == {"metric": 4}
    assert [(group.name, group.calls, group.pass_rate_pct) for group in scores.agents] == [
        ("Ana", 2, 50),
        ("Bo", 1, 100),
        (None, 1, None),
    ]
    assert [(one.name, one.calls) for one in summary.languages] == [("en", 4)]


def test_a_superseded_audit_does_not_count(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    call = day.call(EARLIER, "a.wav")
    day.account(RUN, call)
    day.audit(EARLIER, call, 10, ALL_YES, superseded=True)
    day.audit(RUN, call, 90, ALL_YES)

    scores = summarise(day.database, RUN).scores

    assert (scores.audits, scores.mean_pct) == (1, 90)


def test_calls_to_review_come_by_urgency_with_their_evidence(day: SeededDay) -> None:
    quote = {"turn_id": "t4", "speaker": "agent", "status": "verified", "quote": "your balance is"}
    found = quote | {"start_ms": 65_000, "end_ms": 67_000, "confidence": 0.9, "counts": True}
    day.batch(RUN)
    day.audit(RUN, day.call(RUN, "fine.wav"), 100, ALL_YES)
    day.audit(RUN, day.call(RUN, "low.wav"), 66.67, ALL_YES | {"closing": "no", "dead_air": "no"})
    day.audit(
        RUN,
        day.call(RUN, "unclear.wav"),
        None,
        ALL_YES | {"closing": "CANNOT_DETERMINE"},
        not_auditable="too little is said",
    )
    day.audit(
        RUN,
        day.call(RUN, "check.wav"),
        80,
        ALL_YES | {"closing": "no"},
        doubts={"closing": "no quote was given"},
    )
    no = ALL_YES | {"verified": "no"}
    day.audit(RUN, day.call(RUN, "maybe.wav"), 33, no, doubts={"verified": "not found in the transcript"})
    day.audit(RUN, day.call(RUN, "fails.wav"), 0, no | {"closing": "no"}, evidence={"verified": [found]})

    summary = summarise(day.database, RUN)

    assert [(item.path, item.title) for item in summary.review] == [
        ("fails.wav", "auto-fail"),
        ("maybe.wav", "possible auto-fail"),
        ("check.wav", "needs review"),
        ("unclear.wav", "not auditable"),
        ("low.wav", "low score"),
    ]
    assert summary.review_counts == {
        ReviewKind.AUTO_FAIL: 2,
        ReviewKind.NEEDS_REVIEW: 1,
        ReviewKind.NOT_AUDITABLE: 1,
        ReviewKind.LOW_SCORE: 1,
    }
    assert (summary.scores.auto_failed, summary.scores.possible_auto_fails) == (1, 1)
    fails, maybe, _, unclear, _ = summary.review
    assert [finding.criterion_id for finding in fails.findings] == ["verified", "closing"]
    assert fails.findings[0].quotes[0].start_ms == 65_000
    assert maybe.findings[0].doubts == ("not found in the transcript",)
    assert not maybe.findings[0].stands
    assert maybe.reasons == ()  # the finding says it
    assert unclear.reasons == ("too little is said",)


@pytest.mark.long
def test_one_kind_of_review_leaves_room_for_the_others(day: SeededDay) -> None:
    day.batch(RUN)
    for n in range(30):
        day.audit(RUN, day.call(RUN, f"fails-{n:02}.wav"), 0, ALL_YES | {"verified": "no"})
        day.audit(RUN, day.call(RUN, f"low-{n:02}.wav"), 66 - n, ALL_YES | {"dead_air": "no"})

    summary = summarise(day.database, RUN)

    assert [item.kind for item in summary.review] == [ReviewKind.AUTO_FAIL] * 10 + [ReviewKind.LOW_SCORE] * 10
    assert summary.review[10].path == "low-29.wav"
    assert sum(summary.review_counts.values()) == 60


@pytest.mark.long
def test_rules_are_called_rules_even_when_an_earlier_run_asked_them(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    call = day.call(RUN, "a.wav")
    identity = day.llm(EARLIER, call, model="cofi-rules-1")
    day.audit(RUN, call, 90, ALL_YES, identity=identity)

    summary = summarise(day.database, RUN)

    assert summary.llm == ()
    assert [(model.name, model.calls) for model in summary.scores.models] == [("cofi-rules-1", 1)]
    assert summary.rule_based


@pytest.mark.long
def test_the_figures_of_a_mixed_day_add_up(day: SeededDay) -> None:
    dice = random.Random(7)
    day.batch(RUN)
    for n in range(60):
        state = dice.choice([CallState.AUDITED] * 5 + list(CallState))
        call = day.call(
            RUN,
            f"{n}.wav",
            state,
            reason=None if state is CallState.AUDITED else f"stt: trouble {n}",
            agent=dice.choice(["Ana", "Bo", None]),
            queue=dice.choice(["sales", None]),
            language=dice.choice(["en", "es", None]),
        )
        if state is CallState.AUDITED:
            day.stages(RUN, call, at_s=dice.uniform(0, 5000))
            given = {c.id: dice.choice(["yes", "no", "CANNOT_DETERMINE"]) for c in SCORECARD.criteria}
            day.audit(RUN, call, dice.choice([None, 0.0, 49.99, 75.0, 100.0]), given)

    summary = summarise(day.database, RUN)
    scores, ledger, audited = summary.scores, summary.outcome.ledger, summary.outcome.ledger.audited

    assert audited > 20
    assert sum(asdict(ledger).values()) == summary.outcome.discovered == 60
    not_audited = 60 - audited - ledger.pending
    assert sum(one.calls for one in summary.reasons) == len(summary.not_audited) == not_audited
    assert scores.audits == audited == scores.scored + scores.not_auditable
    assert sum(one.calls for one in scores.histogram) == scores.scored == scores.passed + scores.failed
    assert sum(one.calls for one in scores.bands) == scores.scored
    for groups in (scores.agents, scores.queues, summary.languages):
        assert sum(group.calls for group in groups) == audited
    for criterion in scores.criteria:
        assert sum(one.calls for one in criterion.answers) == criterion.calls == audited
        assert sum(criterion.answered_by.values()) == audited
    assert [one.done for one in summary.stages] == [audited] * 7
    for progress in summary.progress:
        assert progress.done[-1] == audited
        assert list(progress.done) == sorted(progress.done)
        assert len(progress.done) == len(progress.minutes)
