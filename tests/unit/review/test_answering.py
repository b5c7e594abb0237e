"""People's answers: new rows each, standing from the end of a review on, scored by the same code."""

from typing import Any

import pytest

from include.access.record import Access, record
from include.access.rights import Person
from include.database.models import OutboxRow, ReviewAnswerRow, ReviewEventRow, ReviewItemRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review import queue
from include.review.answering import Finished, Given, Progress, Reason, Verdict, answer, finish
from include.review.beside import CallReview, review_of
from include.review.blindness import blind_calls
from include.review.items import QueueItem, list_queue
from include.scorecards.answers import CANNOT_DETERMINE
from include.scorecards.assessment import Standing
from tests.unit.review.seeding import ALL_YES, ANA, BEN, EVERYTHING, NOW, RISKS, ReviewDay

NOT_VERIFIED = ALL_YES | {"verified": "no"}
OPEN_RULES = EVERYTHING.model_copy(update={"blind": False})


@pytest.fixture
def day(day: ReviewDay) -> ReviewDay:
    day.batch()
    return day


def taken(
    day: ReviewDay, answers: dict[str, str] | None = None, rules: Any = OPEN_RULES, **more: Any
) -> QueueItem:
    day.audited("a.wav", answers or ALL_YES, **more)
    day.fill(rules)
    return day.write(queue.take_next, ANA, now=NOW)


def say(day: ReviewDay, item: QueueItem, *given: Given) -> Progress:
    for one in given:
        progress = day.write(answer, ANA, item.item_id, one, NOW)
    return progress


def confirm(*names: str) -> list[Given]:
    return [Given(name, Verdict.CONFIRM, seconds=4.0) for name in names]


def overrule(name: str, to: str) -> Given:
    return Given(name, Verdict.OVERRULE, to, Reason.NOT_SAID, seconds=9.0)


def done(day: ReviewDay, item: QueueItem, *given: Given) -> Finished:
    say(day, item, *given)
    return day.write(finish, ANA, item.item_id, NOW)


def review(day: ReviewDay, item: QueueItem, item_id: str | None = None) -> CallReview:
    return day.read(review_of, item.call_id, item_id)


def events(day: ReviewDay) -> list[tuple[str, dict[str, Any]]]:
    rows = sorted(day.rows(OutboxRow), key=lambda row: row["event_type"])
    return [(row["event_type"], row["payload"]["data"]) for row in rows]


@pytest.mark.long
def test_a_confirmed_auto_fail_stays_and_is_official(day: ReviewDay) -> None:
    found = done(day, taken(day, NOT_VERIFIED, RISKS), *confirm("verified"))
    assert (found.before.pct, found.after.pct, found.after.passed) == (0.0, 0.0, False)
    assert (found.before.reviewed, found.after.reviewed) == (False, True)
    ((name, data),) = events(day)
    assert name == "review.completed"
    assert data["review"] | {"item_id": None} == {
        "item_id": None,
        "by": "ana",
        "samples": ["auto_fail"],
        "answered": 1,
        "changed": 0,
        "seconds": 4.0,
        "reviewed_at": NOW.isoformat(),
    }
    assert data["official"] == {"pct": 0.0, "band": "poor", "passed": False, "reviewed": True}


def test_an_overruled_auto_fail_gives_the_score_that_the_code_computes(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    found = done(day, item, overrule("verified", "yes"))
    assert (found.after.pct, found.after.band, found.after.passed) == (100.0, "good", True)
    assert found.changed == ("verified",)
    told = dict(events(day))
    assert told["score.changed"]["old"] == {"pct": 0.0, "band": "poor", "passed": False, "reviewed": False}
    assert told["score.changed"]["new"] == {"pct": 100.0, "band": "good", "passed": True, "reviewed": True}
    assert (told["score.changed"]["by"], told["score.changed"]["cause"]) == ("ana", "review")
    both = review(day, item)
    assert (both.machine.pct, both.official.pct) == (0.0, 100.0)
    verified = both.criteria[0]
    assert (verified.machine.answer, verified.stands.answer, verified.by_people) == ("no", "yes", True)
    assert verified.people[0].reason is Reason.NOT_SAID


def test_an_overruled_yes_fails_the_call_at_once(day: ReviewDay) -> None:
    item = taken(day)
    found = done(day, item, overrule("verified", "no"), *confirm("complaint", "care"))
    assert (found.after.pct, found.after.passed, found.after.auto_failed) == (0.0, False, True)


def test_until_the_end_nothing_stands_but_a_preview_tells(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    say(day, item, overrule("verified", "yes"))
    both = review(day, item, item.item_id)
    assert (both.official.pct, both.official.reviewed) == (0.0, False)
    assert both.preview and both.preview.pct == 100.0
    assert events(day) == []


def test_who_thinks_again_adds_a_row_and_the_last_one_holds(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    found = done(day, item, overrule("verified", "yes"), *confirm("verified"))
    assert found.after.pct == 0.0
    assert [row["verdict"] for row in day.rows(ReviewAnswerRow)] == ["overrule", "confirm"]
    assert [row["action"] for row in day.rows(ReviewEventRow)] == ["take", "answer", "answer", "finish"]


def test_what_a_person_cannot_tell_counts_neither_for_nor_against(day: ReviewDay) -> None:
    item = taken(day, ALL_YES | {"care": "no"})
    found = done(day, item, Given("care", Verdict.CANNOT_TELL), *confirm("verified", "complaint"))
    assert (found.before.pct, found.after.pct) == (83.33, 100.0)
    assert review(day, item).criteria[2].stands.answer == CANNOT_DETERMINE
    assert review(day, item).criteria[2].stands.standing is Standing.UNDETERMINED


def test_a_transcript_error_alone_takes_the_ground_from_the_answer(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    wrong = Given("verified", Verdict.TRANSCRIPT_ERROR, turn_id="t3", right_words="born on May 3rd")
    found = done(day, item, wrong)
    assert (found.after.pct, found.after.auto_failed) == (100.0, False)
    stands = review(day, item).criteria[0].stands
    assert (stands.answer, stands.standing) == ("no", Standing.UNSUPPORTED)
    assert stands.review_reasons


def test_a_transcript_error_with_an_answer_is_one(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    wrong = Given("verified", Verdict.TRANSCRIPT_ERROR, "yes", turn_id="t3", right_words="born on May 3rd")
    assert done(day, item, wrong).after.passed
    (row,) = day.rows(ReviewAnswerRow)
    assert (row["turn_id"], row["right_words"]) == ("t3", "born on May 3rd")


def test_card_data_is_not_kept_in_what_people_write(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    said = "the number is 5105 1051 0510 5100"
    say(day, item, Given("verified", Verdict.TRANSCRIPT_ERROR, turn_id="t3", right_words=said, comment=said))
    (row,) = day.rows(ReviewAnswerRow)
    assert "5105 1051" not in row["right_words"] + row["reason"]
    assert "5100" in row["right_words"]


def test_a_blind_answer_is_compared_and_only_then_told(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, EVERYTHING)
    assert item.blind
    same = say(day, item, Given("verified", answer="no", blind=True))
    assert (same.verdict, same.machine_answer, same.open) == (Verdict.CONFIRM, "no", ("complaint", "care"))
    other = say(day, item, Given("complaint", answer="no", blind=True))
    assert other.verdict is Verdict.OVERRULE
    unsure = say(day, item, Given("care", answer=CANNOT_DETERMINE, blind=True))
    assert unsure.verdict is Verdict.CANNOT_TELL
    with pytest.raises(InvalidInput, match="cannot confirm"):
        say(day, item, Given("verified", Verdict.CONFIRM, blind=True))
    assert {row["sample"] for row in day.rows(ReviewAnswerRow)} == {"random"}


def test_a_criterion_that_hangs_on_another_follows_it(day: ReviewDay) -> None:
    item = taken(day)
    found = done(day, item, overrule("complaint", "no"), *confirm("verified"), Given("care", answer="NA"))
    assert review(day, item).criteria[2].stands.standing is Standing.NOT_APPLICABLE
    assert found.after.pct == 80.0  # of 50 (law) + 33.33 (complaint, silence), complaint is lost


def test_one_that_begins_to_apply_waits_for_an_answer(day: ReviewDay) -> None:
    answers = ALL_YES | {"complaint": "no", "care": "NA"}
    item = taken(day, answers, RISKS, doubts={"complaint": "no quote"})
    assert item.questions == ("complaint",)
    done(day, item, overrule("complaint", "yes"))
    both = review(day, item)
    care = both.criteria[2]
    assert (care.stands.standing, care.by_people) == (Standing.UNDETERMINED, False)
    assert "nobody has answered it" in care.stands.review_reasons[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Given("verified", Verdict.OVERRULE, "yes"), "choose a reason"),
        (Given("verified", Verdict.OVERRULE, "yes", Reason.OTHER), "write it"),
        (Given("verified", Verdict.OVERRULE, "no", Reason.NOT_SAID), "machine's own answer"),
        (Given("verified", Verdict.OVERRULE, "perhaps", Reason.NOT_SAID), "choose yes, no, CANNOT_DETERMINE"),
        (Given("verified", Verdict.OVERRULE, "NA", Reason.DOES_NOT_APPLY), "cannot be answered with NA"),
        (Given("verified"), "cannot be answered with None"),
        (Given("verified", Verdict.TRANSCRIPT_ERROR, right_words="x"), "which turn"),
        (Given("verified", Verdict.TRANSCRIPT_ERROR, turn_id="t1"), "which turn"),
        (Given("verified", Verdict.CONFIRM, seconds=-1), "no time"),
        (Given("verified", Verdict.CONFIRM, seconds=float("nan")), "no time"),
        (Given("nothing", Verdict.CONFIRM), "no criterion nothing"),
    ],
)
def test_what_cannot_be_answered_is_told(day: ReviewDay, given: Given, told: str) -> None:
    item = taken(day, NOT_VERIFIED, RISKS)
    with pytest.raises(InvalidInput, match=told):
        say(day, item, given)
    assert day.rows(ReviewAnswerRow) == []


def test_a_review_ends_when_all_is_answered(day: ReviewDay) -> None:
    item = taken(day)
    say(day, item, *confirm("verified"))
    with pytest.raises(InvalidInput, match="complaint, care"):
        day.write(finish, ANA, item.item_id, NOW)
    say(day, item, *confirm("complaint", "care"))
    assert day.write(finish, ANA, item.item_id, NOW).item.state == "done"
    (row,) = day.rows(ReviewItemRow)
    assert (row["ended_by"], row["ended_at"]) == ("ana", NOW)


def test_only_who_has_the_item_answers(day: ReviewDay) -> None:
    item = taken(day)
    with pytest.raises(NotForYou, match="ana has call"):
        day.write(answer, BEN, item.item_id, confirm("verified")[0], NOW)
    with pytest.raises(NotForYou, match="ana has call"):
        day.write(finish, BEN, item.item_id, NOW)


@pytest.mark.parametrize(
    "verdict",
    [
        {"verdict": Verdict.CONFIRM},
        {"verdict": Verdict.OVERRULE, "answer": "yes", "reason": Reason.NOT_SAID},
        {"verdict": Verdict.CANNOT_TELL},
        {"verdict": Verdict.TRANSCRIPT_ERROR, "turn_id": "t1", "right_words": "yes"},
        {"answer": "yes", "blind": True},
    ],
)
def test_an_answer_to_an_audit_that_is_none_any_more_is_refused(
    day: ReviewDay, verdict: dict[str, Any]
) -> None:
    item = taken(day)
    seen = Given("verified", **verdict, audit_id=item.audit_id)
    day.audit(item.call_id, NOT_VERIFIED)
    with pytest.raises(TooLate, match="audited anew since you saw it: look again"):
        say(day, item, seen)
    assert day.rows(ReviewAnswerRow) == []


def test_what_is_seen_of_the_current_audit_is_stored_with_it(day: ReviewDay) -> None:
    item = taken(day)
    current = day.audit(item.call_id, NOT_VERIFIED)
    say(day, item, Given("verified", Verdict.CONFIRM, audit_id=current))
    (row,) = day.rows(ReviewAnswerRow)
    assert (row["audit_id"], row["answer"], row["machine_answer"]) == (current, "no", "no")


def test_a_review_of_an_old_audit_does_not_end_on_the_new_one(day: ReviewDay) -> None:
    item = taken(day)
    say(day, item, *confirm("verified", "complaint", "care"))
    current = day.audit(item.call_id, NOT_VERIFIED)
    with pytest.raises(TooLate, match="audited anew"):
        day.write(finish, ANA, item.item_id, NOW)
    seen = {"verdict": Verdict.CONFIRM, "audit_id": current}
    found = done(day, item, *(Given(name, **seen) for name in ("verified", "complaint", "care")))
    assert (found.after.pct, found.after.reviewed) == (0.0, True)
    assert len(day.rows(ReviewAnswerRow)) == 6


BLIND_YES = Given("verified", answer="yes", blind=True)


def blindness(day: ReviewDay) -> list[bool]:
    return [row["blind"] for row in day.rows(ReviewAnswerRow)]


def test_an_answer_is_blind_whose_giver_has_seen_the_text_alone(day: ReviewDay) -> None:
    item = taken(day, rules=EVERYTHING)
    day.write(record, Person("ana", bool), item.call_id, Access.BLIND)
    day.write(record, Person("ana", bool), item.call_id, Access.HEARD, from_ms=0, seconds=4.0)
    day.write(record, Person("ben", bool), item.call_id, Access.TEXT)
    say(day, item, BLIND_YES)
    assert blindness(day) == [True]


def test_no_answer_to_an_item_that_is_not_blind_is(day: ReviewDay) -> None:
    say(day, taken(day, NOT_VERIFIED, RISKS), BLIND_YES)
    assert blindness(day) == [False]


@pytest.mark.long
def test_who_has_read_the_calls_page_answers_it_blind_no_more(day: ReviewDay) -> None:
    item = taken(day, rules=EVERYTHING)
    day.write(record, Person("ana", bool), item.call_id, Access.TEXT)
    say(day, item, BLIND_YES)
    assert blindness(day) == [False]


def test_who_was_told_the_machines_answer_by_their_own_is_blind_for_the_others_alone(day: ReviewDay) -> None:
    item = taken(day, NOT_VERIFIED, EVERYTHING)
    say(day, item, BLIND_YES, Given("verified", answer="no", blind=True))
    say(day, item, Given("complaint", answer="no", blind=True))
    assert blindness(day) == [True, False, True]


def test_another_person_and_another_audit_are_answered_blind_again(day: ReviewDay) -> None:
    item = taken(day, rules=EVERYTHING)
    say(day, item, BLIND_YES)
    day.audit(item.call_id, NOT_VERIFIED)
    say(day, item, BLIND_YES)
    day.write(queue.release, ANA, item.item_id, NOW)
    day.write(queue.take, BEN, item.item_id, NOW)
    day.write(answer, BEN, item.item_id, BLIND_YES, NOW)
    assert blindness(day) == [True] * 3


def test_what_is_answered_blind_is_kept_from_its_taker_alone_until_it_ends(day: ReviewDay) -> None:
    item = taken(day, rules=EVERYTHING)
    other = day.audited("risk.wav", NOT_VERIFIED, batch_id=day.batch("risks"))
    day.fill(RISKS, "risks")
    day.write(queue.take, ANA, next(one.item_id for one in day.read(list_queue, ANA) if not one.blind), NOW)
    assert other not in day.read(blind_calls, "ana")
    assert (day.read(blind_calls, "ana"), day.read(blind_calls, "ben")) == ({item.call_id}, frozenset())
    done(day, item, *(Given(name, answer="yes", blind=True) for name in item.questions))
    assert day.read(blind_calls, "ana") == frozenset()
