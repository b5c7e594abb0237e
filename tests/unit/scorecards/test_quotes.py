"""Quotes against what was said: what is the same in another writing, and what only looks like it."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.scorecards.evidence import EvidenceChecker, EvidenceStatus

CHANGED = [
    ("that is fifteen dollars for you", "that is fifty dollars for you"),
    ("that is 15 dollars for you", "that is fifty dollars for you"),
    ("I charge you 150 dollars for it today", "50 dollars for it today"),
    ("I have charged you twenty one dollars", "I have charged you twenty dollars"),
    ("there is nothing wrong with your line", "there is something wrong with your line"),
    ("nobody has called you about it", "somebody has called you about it"),
    ("I can not take the fee off your account", "I can take the fee off your account"),
    ("I can't take the fee off your account", "I can take the fee off your account"),
    ("I always take the fee off your account", "I never take the fee off your account"),
    ("all of the terms are in your letter", "some of the terms are in your letter"),
    ("no le he cobrado nada por el cambio", "le he cobrado algo por el cambio"),
    ("nadie le ha llamado por este asunto", "alguien le ha llamado por este asunto"),
    ("son quince euros al mes por la tarifa", "son cincuenta euros al mes por la tarifa"),
    ("nunca le cobramos por este servicio", "siempre le cobramos por este servicio"),
    ("je ne vous ai rien facturé pour cela", "je vous ai tout facturé pour cela"),
    ("das hat Ihnen niemand so gesagt heute", "das hat Ihnen jemand so gesagt heute"),
    ("non abbiamo addebitato niente sul conto", "abbiamo addebitato qualcosa sul conto"),
    ("ninguém ligou para o senhor sobre isso", "alguém ligou para o senhor sobre isso"),
    ("我们没有收取您的任何费用请放心", "我们收取您的任何费用请放心"),
    ("a technician comes to you on Tuesday", "a technician comes to you on Thursday"),
    ("your contract ends on the fourth", "your contract ends on the fourteenth"),
    ("the change is possible in your case", "the change is impossible in your case"),
    ("your request has been approved by us", "your request has been disapproved by us"),
    ("el cambio es posible en su caso", "el cambio es imposible en su caso"),
    ("el tecnico va el martes por la tarde", "el tecnico va el viernes por la tarde"),
    ("I will never hurt you", "I will … hurt you"),
    ("I will never hurt you", "hurt you … I will"),
    ("I did not say that you are an idiot", "say that … you are an idiot"),
    ("we do not charge for that at all", "charge for that at all"),
]


@pytest.mark.parametrize(("told", "quote"), CHANGED)
def test_a_quote_that_says_something_else_is_not_found(spoken, told, quote):
    if quote == "say that … you are an idiot":
        quote = "I did … you are an idiot"
    found = EvidenceChecker(spoken(("agent", told))).check(quote, "t1")
    assert found.status is EvidenceStatus.NOT_FOUND and not found.counts, found


ALIKE = [
    ("that is fifteen dollars for you", "that is 15 dollars for you"),
    ("you pay twenty-five euros a month", "You pay 25 euros a month."),
    ("son cuarenta y dos euros", "son 42 euros"),
    ("I have taken the late fee off your account", "i have taken the late fee off your acount"),
    ("No, the call is recorded", "the call is recorded"),
    ("So, well, hello... this is Anna", "hello... this is Anna"),
    ("您的通话可能会被录音以提高服务质量", "通话可能会被录音"),
    ("この通話は録音されています", "通話は録音されて"),
    ("การสนทนานี้จะถูกบันทึก", "สนทนานี้จะถูกบันทึก"),
]


@pytest.mark.parametrize(("told", "quote"), ALIKE)
def test_a_quote_in_another_writing_is_found(spoken, told, quote):
    for cited in ("t1", None, "[t1 | agent | 0:00.3-0:07.4]"):
        assert EvidenceChecker(spoken(("agent", told))).check(quote, cited).counts, cited


@pytest.mark.parametrize(
    "head",
    ["[t1 agent 95] ", "[t1 | agent | 1:35.0-1:38.2] ", "t1 | agent | 95] ", "agent: ", "t1 agent 95: "],
)
def test_a_quote_with_the_head_of_its_line_is_found(spoken, head):
    call = spoken(("agent", "Thank you for holding the line"))
    found = EvidenceChecker(call).check(f"{head}Thank you for holding", "[t1 agent 95]")
    assert (found.counts, found.turn_id) == (True, "t1")


def test_an_ellipsis_leaves_out_what_changes_nothing(spoken):
    call = spoken(
        ("agent", "The contract runs for two years"),
        ("customer", "I will never hurt you"),
        ("agent", "and you may cancel within fourteen days."),
        *(("agent", f"filler number {n}") for n in range(6)),
        ("agent", "Have a nice evening."),
    )
    checker = EvidenceChecker(call)
    assert checker.check("The contract runs … you may cancel within 14 days", "t1").counts
    assert not checker.check("you may cancel … The contract runs", "t1").counts, "the wrong order"
    assert not checker.check("The contract runs … a nice evening", "t1").counts, "too far apart"
    assert not checker.check("The contract runs … hurt you", "t1").counts, "two speakers"


@pytest.fixture
def repeated(spoken):
    """The same words in turn 3 by the customer, and in turns 6 and 40 by the agent."""
    turns = [("agent", f"this is about item {n}") for n in range(1, 41)]
    turns[2], turns[5], turns[39] = [(who, "I will call you back") for who in ("customer", "agent", "agent")]
    return EvidenceChecker(spoken(*turns))


def test_a_quote_that_stands_more_than_once_is_taken_where_it_was_cited(repeated):
    def by_agent(turn: Turn) -> bool:
        return turn.speaker is ChannelRole.AGENT

    assert repeated.check("I will call you back", "t40", by_agent).turn_id == "t40"
    assert repeated.check("I will call you back", "t3", by_agent).turn_id == "t3"
    assert repeated.check("I will call you back", "t39", by_agent).turn_id == "t40", "the nearest"
    assert repeated.check("I will call you back", "t2", by_agent).turn_id == "t6", "by who is asked for"
    assert repeated.check("I will call you back", None, by_agent).turn_id == "t6"


WORDS = ["we", "have", "your", "order", "account", "the", "line", "today", "call", "back", "terms", "fee"]


TELLING = ["fifteen", "fifty", "not", "never", "nothing", "something", "nobody", "somebody", "all", "some"]


def one_turn(words):
    turn = Turn(
        id="t1",
        speaker=ChannelRole.AGENT,
        channel=0,
        start_ms=0,
        end_ms=10_000,
        text=" ".join(words),
        confidence=0.9,
    )
    return Transcript(call_id="c1", language="en", turns=[turn])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), min_size=6, max_size=14),
    st.integers(0, 6),
    st.sampled_from(list(permutations(TELLING, 2))),
)
@pytest.mark.long
def test_whatever_is_said_around_it_a_telling_word_stays(words, place, pair):
    true, false = pair
    told = [*words[:place], true, *words[place:]]
    quoted = [*words[:place], false, *words[place:]]
    checker = EvidenceChecker(one_turn(told))
    assert checker.check(" ".join(told), "t1").status is EvidenceStatus.VERIFIED
    assert checker.check(" ".join(quoted), "t1").status is EvidenceStatus.NOT_FOUND


@pytest.mark.parametrize(
    "cited",
    [
        "2",
        "t2",
        "T2",
        "t02",
        "turn 2",
        "Turn #2",
        "turno 2",
        "[2]",
        "t2, t1",
        "t9, t2",
        "2-3",
        "t2 | agent | 0:01",
    ],
)
def test_a_cited_turn_is_read_in_any_writing(spoken, cited):
    call = spoken(("customer", "Yes."), ("agent", "Yes."), ("customer", "Yes."))
    assert EvidenceChecker(call).check("Yes.", cited).turn_id == "t2"


def test_one_word_is_found_one_turn_off_by_who_is_asked_for(spoken):
    call = spoken(("agent", "Do you agree?"), ("customer", "Yes."), ("agent", "Fine."), ("agent", "Bye."))
    checker = EvidenceChecker(call)

    def by(role):
        return lambda turn: turn.speaker is role

    for cited in ("t1", "t3"):
        assert checker.check("Yes.", cited, by(ChannelRole.CUSTOMER)).turn_id == "t2"
        assert not checker.check("Yes.", cited, by(ChannelRole.AGENT)).counts
    assert not checker.check("Yes.", "t4", by(ChannelRole.CUSTOMER)).counts, "two turns off"
    assert not checker.check("Yes.", None, by(ChannelRole.CUSTOMER)).counts


def test_negated_evidence_counts_and_proves_nothing(spoken):
    told = "I don't see any fee on your bill so I will refund you 15 dollars"
    found = EvidenceChecker(spoken(("agent", told))).check("I will refund you 15 dollars", "t1")
    assert found.counts and found.negated
    reply = "Well no I can offer you twenty percent"
    found = EvidenceChecker(spoken(("agent", reply))).check("I can offer you twenty percent", "t1")
    assert found.counts and not found.negated


OTHERS = [
    ("we might refund the whole of the amount", "we will refund the whole of the amount"),
    ("I could call you back later this week", "I will call you back later this week"),
    ("the price will increase in your next bill", "the price will decrease in your next bill"),
    ("you should pay the rest of this bill", "you could pay the rest of this bill"),
    ("podríamos devolverle el dinero de la factura", "podremos devolverle el dinero de la factura"),
    ("puedo devolverle el dinero de la factura", "pude devolverle el dinero de la factura"),
    ("puede devolverme el dinero de la factura", "puedo devolverme el dinero de la factura"),
    ("le cobrará la cuota entera este mes", "le cobraría la cuota entera este mes"),
    ("you have agreed to the new contract terms", "we have agreed to the new contract terms"),
    ("she agreed to the new contract terms", "he agreed to the new contract terms"),
    ("well I barely touched it in the whole week", "well I touched it in the whole week"),
    ("If you agree, I will charge the card", "I will charge the card now"),
    ("we will charge your account at the end", "we will change your account at the end"),
    ("you get the contract by letter on Monday", "you get the contact by letter on Monday"),
    ("we have turned your line on this morning", "we have turned your line off this morning"),
    ("we transfer the money to your account", "we transfer the money from your account"),
    ("I may refund the whole of the amount", "I refund the whole of the amount"),
    ("I will probably refund the whole amount", "I will refund the whole amount"),
    ("I will refund the whole amount of it", "I will refund the whole amount of it today or so"),
    ("quizá le devolvemos el dinero de la cuota", "ya le devolvemos el dinero de la cuota"),
]


@pytest.mark.parametrize(("told", "quote"), OTHERS)
def test_alike_is_not_the_same(spoken, told, quote):
    for one, other in ((told, quote), (quote, told)):
        found = EvidenceChecker(spoken(("agent", one))).check(other, "t1")
        assert found.status is not EvidenceStatus.FUZZY, (one, other)
    assert EvidenceChecker(spoken(("agent", told))).check(quote, "t1").status is EvidenceStatus.NOT_FOUND


SLIPS = [
    ("I have taken the late fee off your account", "I have taken the late fee off your acount"),
    ("I have taken the late fee off your account", "I have taken late fee off your account"),
    ("you will receive the confirmation by letter", "you will recieve the confirmation by letter"),
    ("you will receive the confirmation by letter", "you will receive a confirmation by letter"),
    ("I completely understand your frustration", "I completly understand your frustration"),
    ("can you confirm your adress please", "can you confirm your address please"),
    ("we organise the delivery for you", "we organize the delivery for you"),
    ("we credited the amount to your account", "we credit the amount to your account"),
    ("we cancelled the whole order for you", "we canceled the whole order for you"),
    ("le devolvemos el dinero de la factura", "le devolvemos dinero de la factura"),
    ("le enviamos la confirmación por carta", "le enviamos la confimación por carta"),
]


@pytest.mark.parametrize(("told", "quote"), SLIPS)
def test_a_slip_of_the_pen_is_the_same(spoken, told, quote):
    assert EvidenceChecker(spoken(("agent", told))).check(quote, "t1").status is EvidenceStatus.FUZZY


WRITINGS = [
    ["your technician comes on the 21st of March", "your technician comes on the twenty-first of March"],
    ["the twenty first of March", "March 21st", "March the 21st", "the 21st March"],
    ["it ends on the 3rd of May", "it ends on the third of May", "it ends on May 3rd"],
    ["this is your fifth payment", "this is your 5th payment"],
    ["el uno de marzo", "el 1 de marzo", "el primero de marzo"],
    ["I won't charge you", "I will not charge you", "I wont charge you"],
    ["I'm sorry for that", "I am sorry for that", "I’m sorry for that"],
    ["we'll call you", "we will call you"],
    ["they've paid it", "they have paid it"],
    ["I'm gonna call you", "I am going to call you"],
    ["it's your bill", "it is your bill"],
    ["we don't charge", "we do not charge"],
    ["I can't see it", "I cannot see it", "I can not see it"],
    ["you have um paid it", "you have paid it", "you have, uh, paid it", "er you have paid it"],
    ["le hemos eh devuelto el dinero", "le hemos devuelto el dinero"],
]


@pytest.mark.parametrize(
    ("told", "quote"), [pair for writings in WRITINGS for pair in permutations(writings, 2)]
)
def test_the_same_words_in_another_writing_stand_as_given(spoken, told, quote):
    found = EvidenceChecker(spoken(("agent", told))).check(quote, "t1")
    assert (found.status, found.counts) == (EvidenceStatus.VERIFIED, True)


@pytest.mark.parametrize(
    ("told", "quote"),
    [
        ("the first payment is free", "the one payment is free"),
        ("I may first ask for your name", "ask for your name"),
        ("you have 21 of them", "you have 21"),
        ("in March 15 dollars were charged", "15 dollars were charged"),
        ("on the 21st of March by post", "on the 21st"),
    ],
)
def test_ordinals_that_are_no_days_stay_what_they_are(spoken, told, quote):
    expected = EvidenceStatus.NOT_FOUND if "one payment" in quote else EvidenceStatus.VERIFIED
    assert EvidenceChecker(spoken(("agent", told))).check(quote, "t1").status is expected


def test_german_words_are_no_sounds():
    turn = one_turn(["sie", "hat", "dem", "Vertrag", "zugestimmt"])
    german = EvidenceChecker(turn.model_copy(update={"language": "de"}))
    assert german.check("er hat dem Vertrag zugestimmt", "t1").status is EvidenceStatus.NOT_FOUND
