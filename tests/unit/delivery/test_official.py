"""Reports count what people have said where they have: scores, passes, bands, criteria, groups."""

from include.database.models import ReviewedAnswerRow, ReviewedScoreRow
from include.delivery.evidence import evidence_of, evidence_text
from include.delivery.summary import summarise
from include.delivery.table import text_table
from tests.unit.delivery.seeding import OPENED_AT, SeededDay

RUN = "run-1"


def overruled(day: SeededDay) -> None:
    """A call that the machine failed, and a person found verified; another one that nobody reviewed."""
    day.batch(RUN)
    for path in ("a.wav", "b.wav"):
        call_id = day.call(RUN, path, agent="Lee")
        day.audit(RUN, call_id, 0.0, {"verified": "no", "closing": "yes", "dead_air": "yes"})
        if path == "a.wav":
            reviewed = call_id
    import hashlib

    audit_id = hashlib.sha256(f"{RUN} {reviewed}".encode()).hexdigest()[:36]
    score = {"pct": 100.0, "band": "good", "passed": True, "auto_failed": False, "needs_review": False}
    lists = {"review_reasons": [], "sections": [], "reviewers": ["ana"], "answered": 1, "changed": 1}
    day.insert(ReviewedScoreRow, audit_id=audit_id, call_id=reviewed, reviewed_at=OPENED_AT, **score, **lists)
    points = {"earned": 1.0, "potential": 1.0, "auto_fail": "none", "standing": "counted"}
    day.insert(ReviewedAnswerRow, audit_id=audit_id, criterion_id="verified", answer="yes", **points)


def test_people_have_the_last_word_in_every_figure(day: SeededDay) -> None:
    overruled(day)
    found = summarise(day.database, RUN)
    scores = found.scores
    assert (scores.mean_pct, scores.passed, scores.failed, scores.auto_failed) == (50.0, 1, 1, 1)
    assert scores.reviewed == 1
    assert {band.name: band.calls for band in scores.bands} == {"good": 1, "poor": 1}
    assert [(bin_.from_pct, bin_.calls) for bin_ in scores.histogram if bin_.calls] == [(0, 1), (95, 1)]
    (lee,) = scores.agents
    assert (lee.mean_pct, lee.pass_rate_pct) == (50.0, 50.0)
    verified = next(one for one in scores.criteria if one.criterion_id == "verified")
    assert {count.answer: count.calls for count in verified.answers} == {"yes": 1, "no": 1}
    assert verified.earned_pct == 50.0
    assert "1 reviewed by people, whose answers count in these figures" in text_table(found)


def test_what_was_reviewed_is_not_to_be_listened_to_first(day: SeededDay) -> None:
    overruled(day)
    found = summarise(day.database, RUN)
    assert [item.path for item in found.review] == ["b.wav"]
    assert found.review_counts == {"auto-fail": 1}


def test_evidence_tells_both_scores_and_whose_answer_stands(day: SeededDay) -> None:
    overruled(day)
    reviewed, other = (day.database.read(lambda c, p=path: evidence_of(c, p)) for path in ("a.wav", "b.wav"))
    assert reviewed.audit and reviewed.official
    assert (reviewed.audit["pct"], reviewed.official["pct"], other.official) == (0.0, 100.0, None)
    verified = next(one for one in reviewed.answers if one["criterion"] == "verified")
    assert (verified["answer"], verified["by_people"]["answer"]) == ("no", "yes")
    lines = evidence_text(reviewed).splitlines()
    assert "score 100 % (good), reviewed by ana: 1 answered, 1 changed" in lines
    assert any(line.startswith("the machine's score 0 %") for line in lines)
    assert "  by people: yes (counted)" in lines
    assert not any("people" in line or "machine's" in line for line in evidence_text(other).splitlines())
