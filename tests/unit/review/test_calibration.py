"""Several people, the same calls, blind until all have submitted; no score changes."""

import pytest

from include.database.models import AuditRow, ReviewedScoreRow, ReviewItemRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review.agreeing import agreement_of
from include.review.calibrating import (
    Plan,
    answer_session,
    close_session,
    open_session,
    submit,
    withdraw_session,
)
from include.review.people import Actor
from include.review.rules import ReviewRules
from include.review.sessions import (
    Own,
    Session,
    answered_by_person,
    list_sessions,
    own_answers,
    questions_of,
    session_of,
)
from include.scorecards.coefficients import cohens_kappa, gwets_ac1
from tests.unit.review.seeding import ALL_YES, ANA, BEN, CAT, NOW, ReviewDay, card

ASIDE = ReviewRules.model_validate({"random": None, "passes": None, "calibration": {"calls_per_week": 28}})
QUESTIONS = ("verified", "care")


@pytest.fixture
def session(day: ReviewDay) -> Session:
    day.batch()
    for n in range(6):
        day.audited(f"{n}.wav")
    day.fill(ASIDE)
    plan = Plan("March", ("ana", "ben", "cat"), expert="cat", questions=QUESTIONS, most_calls=4)
    return day.write(open_session, ANA, plan, NOW)


def say(day: ReviewDay, session: Session, actor: Actor, said: list[str]) -> None:
    for call_id, verified in zip(session.calls, said, strict=True):
        given = {"verified": verified, "care": "yes"}
        assert day.write(answer_session, actor, session.session_id, call_id, given, now=NOW) == ()


def done(day: ReviewDay, session: Session, actor: Actor, said: list[str]) -> Session:
    say(day, session, actor, said)
    return day.write(submit, actor, session.session_id, NOW)


def test_it_takes_what_the_rules_have_set_aside(day: ReviewDay, session: Session) -> None:
    assert len(session.calls) == 4
    assert (session.people, session.expert, session.questions) == (("ana", "ben", "cat"), "cat", QUESTIONS)
    assert {row["state"] for row in day.rows(ReviewItemRow)} == {"done"}
    assert [one.session_id for one in day.read(list_sessions, "ben")] == [session.session_id]
    assert day.read(list_sessions, "dan") == []


@pytest.mark.long
def test_nobody_sees_anything_until_all_have_submitted(day: ReviewDay, session: Session) -> None:
    done(day, session, ANA, ["yes", "yes", "no", "no"])
    done(day, session, BEN, ["yes", "no", "no", "no"])
    with pytest.raises(NotForYou, match="missing: cat"):
        day.read(agreement_of, session.session_id)
    closed = done(day, session, CAT, ["yes", "no", "yes", "no"])
    assert closed.revealed

    found = day.read(agreement_of, session.session_id)

    pair = [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "no")]
    verified = found.criteria["verified"]
    assert (verified.answers, verified.agreed) == (4, 3)
    assert (verified.kappa, verified.ac1) == (cohens_kappa(pair), gwets_ac1(pair))
    assert found.pairs["ana", "ben"].agreed == found.among.agreed == 7
    assert found.with_expert["ana"].agreed == 4 + 2
    assert found.with_expert["ben"].agreed == 4 + 3
    assert list(found.criteria) == ["verified", "care"]  # the least agreed first
    assert found.criteria["care"].ac1 is None
    assert found.answers[session.calls[1], "verified"] == {"ana": "yes", "ben": "no", "cat": "no"}


@pytest.mark.long
def test_no_score_changes(day: ReviewDay, session: Session) -> None:
    before = day.rows(AuditRow)
    for one in (ANA, BEN, CAT):
        done(day, session, one, ["no"] * 4)
    assert day.rows(AuditRow) == before
    assert day.rows(ReviewedScoreRow) == []


def test_answers_may_be_changed_until_they_are_submitted(day: ReviewDay, session: Session) -> None:
    say(day, session, ANA, ["no"] * 4)
    done(day, session, ANA, ["yes"] * 4)
    with pytest.raises(TooLate, match="stays as it is"):
        say(day, session, ANA, ["no"] * 4)
    with pytest.raises(TooLate, match="stays as it is"):
        day.write(submit, ANA, session.session_id, NOW)


def test_all_is_answered_before_it_is_submitted(day: ReviewDay, session: Session) -> None:
    left = day.write(answer_session, ANA, session.session_id, session.calls[0], {"care": "no"}, now=NOW)
    assert left == ("verified",)
    with pytest.raises(InvalidInput, match="4 calls are not answered"):
        day.write(submit, ANA, session.session_id, NOW)


@pytest.mark.long
def test_a_session_can_be_closed_without_one_who_never_comes(day: ReviewDay, session: Session) -> None:
    done(day, session, ANA, ["yes"] * 4)
    with pytest.raises(InvalidInput, match="Fewer than two"):
        day.write(close_session, ANA, session.session_id, NOW)
    done(day, session, BEN, ["yes"] * 4)
    say(day, session, CAT, ["no"] * 4)
    assert day.write(close_session, ANA, session.session_id, NOW).revealed
    found = day.read(agreement_of, session.session_id)
    assert (found.among.share, found.with_expert) == (1.0, {})
    with pytest.raises(TooLate, match="closed already"):
        day.write(close_session, ANA, session.session_id, NOW)


def test_progress_tells_numbers_and_nobodys_answers(day: ReviewDay, session: Session) -> None:
    say(day, session, ANA, ["yes"] * 4)
    done(day, session, BEN, ["no"] * 4)
    day.write(answer_session, CAT, session.session_id, session.calls[0], {"care": "no"}, now=NOW)
    (listed,) = day.read(list_sessions, "ana")
    assert (listed.submitted, listed.asked, listed.open) == (("ben",), 8, True)
    assert day.read(answered_by_person, [session.session_id]) == {
        session.session_id: {"ana": 8, "ben": 8, "cat": 1}
    }


def test_somebody_sees_their_own_answers(day: ReviewDay, session: Session) -> None:
    call_id = session.calls[0]
    comments = {"care": "He is in a hurry; card 4111 1111 1111 1111"}
    say(day, session, BEN, ["no"] * 4)
    given = {"care": "no", "verified": "CANNOT_DETERMINE"}
    day.write(answer_session, ANA, session.session_id, call_id, given, comments=comments, now=NOW)
    own = day.read(own_answers, session.session_id, "ana")
    assert own[call_id, "verified"] == Own("CANNOT_DETERMINE", "")
    assert own[call_id, "care"].comment.startswith("He is in a hurry")
    assert "4111 1111" not in own[call_id, "care"].comment
    assert len(own) == 2


def test_what_divides_people_is_told_with_their_words(day: ReviewDay, session: Session) -> None:
    done(day, session, ANA, ["yes", "yes", "no", "no"])
    say(day, session, BEN, ["yes", "no", "no", "no"])
    words = {"verified": "only the name"}
    said = {"verified": "no"}
    day.write(answer_session, BEN, session.session_id, session.calls[1], said, comments=words, now=NOW)
    day.write(submit, BEN, session.session_id, NOW)
    done(day, session, CAT, ["yes", "no", "yes", "no"])

    found = day.read(agreement_of, session.session_id)

    assert set(found.disagreements) == {(session.calls[1], "verified"), (session.calls[2], "verified")}
    assert found.comments == {(session.calls[1], "verified"): {"ben": "only the name"}}
    # ana agrees with cat on 2 of 4 and ben on 3 of 4.
    of_expert = found.criteria_with_expert["verified"]
    assert (of_expert.answers, of_expert.agreed) == (8, 5)
    assert found.criteria_with_expert["care"].share == 1.0


def test_called_off_nothing_is_shown_and_the_calls_wait_for_the_next(
    day: ReviewDay, session: Session
) -> None:
    done(day, session, ANA, ["yes"] * 4)
    done(day, session, BEN, ["yes"] * 4)
    ended = day.write(withdraw_session, ANA, session.session_id, NOW)
    assert (ended.open, ended.revealed) == (False, False)
    with pytest.raises(NotForYou):
        day.read(agreement_of, session.session_id)
    for act in (withdraw_session, close_session, submit):
        with pytest.raises(TooLate, match="called off"):
            day.write(act, CAT, session.session_id, NOW)
    with pytest.raises(TooLate, match="called off"):
        say(day, session, CAT, ["no"] * 4)
    again = day.write(open_session, ANA, Plan("Again", ("ana", "ben"), most_calls=4), NOW)
    assert set(again.calls) == set(session.calls)


def test_a_call_that_is_audited_anew_is_asked_as_the_session_began(day: ReviewDay, session: Session) -> None:
    options = [{"key": "well", "label": "Well", "score": 1}, {"key": "badly", "label": "Badly", "score": 0}]
    newer = card("2", care={"options": options})
    day.audit(session.calls[0], {**ALL_YES, "care": "well"}, scorecard=newer)
    verified, care = day.read(questions_of, session)
    assert (list(verified.options), list(care.options)) == (["yes", "no"], ["yes", "no", "NA"])
    assert done(day, session, ANA, ["yes"] * 4).submitted == ("ana",)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (Plan("x", ("ana", "ana")), "two people"),
        (Plan("x", ("ana", "ben"), expert="cat"), "takes no part"),
        (Plan("x", ("ana", "ben"), questions=("nothing",)), "no criterion nothing"),
        (Plan("x", ("ana", "ben"), calls=("nope",)), "has no audit"),
    ],
)
def test_a_wrong_plan_is_told(day: ReviewDay, plan: Plan, told: str) -> None:
    day.batch()
    for n in range(3):
        day.audited(f"{n}.wav")
    day.fill(ASIDE)
    with pytest.raises(InvalidInput, match=told):
        day.write(open_session, ANA, plan, NOW)


@pytest.mark.parametrize(
    ("actor", "answers", "told"),
    [
        (Actor("dan"), {"care": "yes"}, "takes no part"),
        (Actor("ana", frozenset({"Lee"})), {"care": "yes"}, "is the agent"),
        (ANA, {"complaint": "yes"}, "does not ask complaint"),
        (ANA, {"care": "perhaps"}, "cannot be answered with perhaps"),
    ],
)
def test_who_and_what_does_not_belong_is_told(
    day: ReviewDay, session: Session, actor: Actor, answers: dict[str, str], told: str
) -> None:
    with pytest.raises((NotForYou, InvalidInput), match=told):
        day.write(answer_session, actor, session.session_id, session.calls[0], answers, now=NOW)
    assert day.read(session_of, session.session_id).submitted == ()
