import pytest

from include.scorecards.evidence import EvidenceChecker, EvidenceStatus


def test_a_quote_is_found_with_time_and_confidence(spoken):
    call = spoken(("agent", "Good morning, you're through to Acme. How can I help?"), with_words=True)
    found = EvidenceChecker(call).check("you’re through to ACME", "t1")
    assert found.status is EvidenceStatus.VERIFIED and found.counts
    # "you're" is two tokens of the third word; words begin every 100 ms.
    assert (found.turn_id, found.start_ms, found.end_ms) == ("t1", 10_200, 10_590)
    assert found.confidence == pytest.approx((3 + 3 + 4 + 5 + 6) / 500, abs=0.001)


def test_without_word_times_the_place_is_estimated_inside_the_turn(spoken):
    call = spoken(("agent", "aaaa bbbb cccc dddd"))
    found = EvidenceChecker(call).check("cccc dddd")
    assert 13_000 < found.start_ms < 15_000 and found.end_ms == 18_000
    assert found.confidence == 0.9


def test_accents_punctuation_and_a_wrong_turn_do_not_matter(spoken):
    call = spoken(("agent", "Hola"), ("customer", "¡Me llamó Andrés, señor!"))
    found = EvidenceChecker(call).check("me llamo andres senor", "t1")
    assert (found.status, found.turn_id, found.speaker) == (EvidenceStatus.VERIFIED, "t2", "customer")


def test_a_sentence_that_the_other_side_interrupts_is_one(spoken):
    call = spoken(("agent", "I will refund"), ("customer", "mm-hm"), ("agent", "the whole amount"))
    found = EvidenceChecker(call).check("I will refund the whole amount", "t1")
    assert found.status is EvidenceStatus.VERIFIED
    assert (found.start_ms, found.end_ms) == (10_000, 38_000)


def test_parts_left_out_are_looked_for_one_by_one(spoken):
    checker = EvidenceChecker(spoken(("agent", "This call, for training and quality purposes, is recorded.")))
    assert checker.check("this call ... is recorded", "t1").status is EvidenceStatus.VERIFIED
    assert checker.check("this call … is deleted", "t1").status is EvidenceStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        ("I have taken the late fee of your account", EvidenceStatus.FUZZY),
        ("I have not taken the late fee off your account", EvidenceStatus.NOT_FOUND),
        ("You have been very helpful to me today", EvidenceStatus.NOT_FOUND),
        ("fee", EvidenceStatus.VERIFIED),
        ("", EvidenceStatus.NOT_FOUND),
        ("...", EvidenceStatus.NOT_FOUND),
    ],
)
def test_near_is_fuzzy_and_the_opposite_is_not_found(spoken, quote, status):
    checker = EvidenceChecker(spoken(("agent", "Okay, I have taken the late fee off your account just now.")))
    assert checker.check(quote, "t1").status is status


def test_a_fuzzy_quote_keeps_its_figures(spoken):
    checker = EvidenceChecker(spoken(("agent", "You will be credited 15 dollars on the next bill")))
    assert checker.check("you will be credit 15 dollars on the next bill").status is EvidenceStatus.FUZZY
    assert (
        checker.check("you will be credited 50 dollars on the next bill").status is EvidenceStatus.NOT_FOUND
    )


def test_one_word_counts_only_where_it_is_cited(spoken):
    checker = EvidenceChecker(spoken(("agent", "yes"), ("customer", "yes")))
    assert checker.check("yes", "t2").turn_id == "t2"
    assert checker.check("yes", "t9").status is EvidenceStatus.NOT_FOUND
    assert EvidenceChecker(spoken()).check("anything at all").status is EvidenceStatus.NOT_FOUND
