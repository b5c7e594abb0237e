import re

import pytest

from include.card_data.finding import card_data
from include.card_data.formats import luhn_valid
from include.card_data.masking import masked
from include.scorecards.rules import no_card_data_spoken


def test_luhn():
    # Test numbers that the schemes publish.
    assert all(
        map(luhn_valid, ["4111111111111111", "378282246310005", "5555555555554444", "6011111111111117"])
    )
    assert not luhn_valid("4111111111111112")


def kinds(call):
    return [(datum.kind, datum.digits) for datum in card_data(call.turns)]


def test_a_number_read_in_pieces_is_one(spoken):
    call = spoken(
        ("customer", "It's five five five five, five five five five"),
        ("agent", "uh huh"),
        ("customer", "five five five five, four four four four."),
    )
    assert kinds(call) == [("CARD", "5555555555554444")]


def test_a_code_after_its_name_is_found_and_nothing_else_is(spoken):
    asked = ("agent", "And the three digits on the back of the card?")
    assert kinds(spoken(asked, ("customer", "nine eight seven"))) == [("CVV", "987")]
    assert kinds(spoken(asked, ("customer", "That is 120 dollars too much"))) == []
    code = (("agent", "¿Y el código de seguridad?"), ("customer", "uno dos tres"))
    assert kinds(spoken(*code)) == []
    card = (("agent", "¿El número de la tarjeta?"), ("customer", "4111 1111 1111 1111"))
    assert kinds(spoken(*card, *code)) == [("CARD", "4111111111111111"), ("CVV", "123")]
    assert kinds(spoken(("customer", "Order 4111 1111 1111 1112, extension 123"))) == []


def test_the_rule_says_where_and_repeats_no_card_data(spoken):
    call = spoken(("agent", "Go on"), ("customer", "it is 4111 1111 1111 1111, and the CVV is 123"))
    found = no_card_data_spoken(call)
    assert found.answer == "no"
    assert [item.turn_id for item in found.evidence] == ["t2", "t2"]
    assert all(item.counts and item.start_ms >= 20_000 for item in found.evidence)
    told = " ".join([found.justification, *(item.quote for item in found.evidence)])
    assert "4111 1111" not in told and "123" not in told
    assert no_card_data_spoken(spoken(("agent", "Never tell me your card number"))).answer == "yes"


N = "4539 5787 6362 1486"


def call_of(*said):
    """A call: "a:" is said by the agent, "c:" by the customer, "u:" by nobody knows whom."""
    who = {"a": "agent", "c": "customer", "u": "unknown"}
    return [(who[text[0]], text[2:].strip()) for text in said]


@pytest.mark.parametrize(
    "said",
    [
        ("a: Can I take the card number and expiry date please?", f"c: {N}, 09 28"),
        ("a: ¿Me dice el número de la tarjeta y la caducidad?", f"c: {N}"),
        ("a: The number on the front of the card and then the expiry date?", f"c: {N}, 09 28"),
        ("c: I pay by card", "a: Expiry date?", f"c: 09/28. And the number is {N}"),
        ("a: Long card number please?", f"c: {N}"),
        ("a: Let me take card details.", f"c: {N}"),
        ("a: The number of your Barclays card?", f"c: {N}"),
        ("a: Dígame la tarjeta de BBVA, el número.", f"c: {N}"),
        ("a: What's the card number for the account?", f"c: {N}"),
        ("a: Card number please, for the order.", f"c: {N}"),
        ("a: Necesito el número de tarjeta para cobrar el pedido.", f"c: {N}"),
        ("c: Quiero pagar la factura con tarjeta.", "a: dígame", f"c: {N}"),
        ("c: I want to pay my phone bill by card.", "a: go ahead", f"c: {N}"),
        (
            "a: Card number please?",
            "c: 4539 5787",
            "a: Is the card in your name?",
            "c: Yes.",
            "a: Great.",
            "c: 6362 1486",
        ),
        ("a: Card number please?", "c: 4539 5787", "a: And your postcode?", "c: One second.", "c: 6362 1486"),
        ("a: Card number please?", "c: 4539 5787", "a: Reference 88213 by the way.", "c: 6362 1486"),
        ("a: Card number please?", "c: 4539 5787 6326, no, 6362 1486"),
        ("a: Card number please?", "c: 4539 5787 6361 sorry 2, 1486"),
        ("a: Card number please?", "c: 4539 5787, yes 5787, 6362 1486"),
        ("a: Card number please?", "c: 4", "c: 5", "c: 3", "c: 9", "c: 5 7 8 7 6 3 6 2 1 4 8 6"),
        ("a: Card number?", "c: first four 4539, second four 5787, third four 6362, last four 1486"),
        ("a: ¿Número de tarjeta?", "c: Los primeros cuatro 4539, los segundos cuatro 5787, 6362 1486"),
        ("a: Card number please?", "c: 4539 5787 6362 14866"),
        ("a: Card number please?", "c: 4539 5787 1486"),
    ],
)
def test_a_card_number_is_found_however_it_is_asked_for_and_read(spoken, said):
    for shown in (said, [f"u:{text[2:]}" for text in said]):
        call = spoken(*call_of(*shown))
        assert "CARD" in [kind for kind, _ in kinds(call)], shown
        assert no_card_data_spoken(call).answer == "no"
        assert not re.search(r"4539|5787|6362", " ".join(turn.text for turn in masked(call).turns)), shown


@pytest.mark.parametrize(
    "said",
    [
        ("a: Expiry and CVV?", "c: 09/28 and 604"),
        ("a: Expiry and CVV?", "c: oh nine twenty eight, six oh four"),
        ("a: And the security code?", "c: It is 604."),
        ("a: Four little numbers on the back of it?", "c: 604"),
        ("a: CVV?", "c: 640", "a: It says it's wrong.", "c: Let me look. 604."),
        ("a: And the code on the back? Don't worry, it's not stored.", "c: 604"),
        ("a: And the last three on the back?", "c: which ones? oh yeah, six oh four"),
        ("a: And the three on the back?", "c: 6 0 4"),
        ("a: And that three-digit code?", "c: sure, 604"),
        ("a: The CVV, that's the digits on the back; we never keep it.", "c: 604"),
        ("a: I do not see the security code here, could you say it?", "c: 604"),
        ("a: Sorry, I didn't get the CVV.", "c: 604"),
        ("a: The last three digits next to the signature?", "c: 604"),
        ("a: The CV two number?", "c: 604"),
        ("a: ¿Y los tres de atrás?", "c: seis cero cuatro"),
        ("a: ¿El número de seguridad?", "c: 604"),
        ("a: ¿Y el código secreto de detrás?", "c: 604"),
        ("a: Anything else?", "c: yes, 604 is the security code"),
        ("a: Anything else?", "c: it's 604 on the back of my card"),
        ("a: Anything else?", "c: expiry 09 28, three digits on the back six oh four"),
        ("a: ¿Algo más?", "c: el 604 es el código de seguridad"),
    ],
)
def test_the_code_is_found_after_the_card(spoken, said):
    call = spoken(*call_of("a: Card number please?", f"c: {N}", *said))
    assert ("CVV", "604") in kinds(call)
    assert "604" not in masked(call).turns[-1].text and "six oh four" not in masked(call).turns[-1].text


@pytest.mark.parametrize(
    "said",
    [
        ("a: And the three digits on the back of the router?", "c: 604"),
        ("a: Look at the back of that bill.", "c: It says 604."),
        ("c: La clave wifi está en la parte trasera del router.", "c: 6042"),
        ("a: Please type the CVV on your keypad.", "c: ok", "c: So flight 604 it is?"),
        ("a: Payment went through, anything else?", "c: What is 4000 0000 0006 8123?"),
        ("a: I charged your card. What is the barcode?", f"c: {N}"),
        ("c: I paid by card.", "a: What is your prescription number?", f"c: {N}"),
        ("a: Never tell anybody the security code of your card.", "c: My extension is 604."),
        ("a: We won't ask for the CVV of your card.", "a: Extension 481 is the fraud team."),
        ("a: Nobody needs to know the CVV.", "a: Order 345 is on its way."),
        ("a: Nunca le pediremos el código de seguridad de la tarjeta.", "a: Su incidencia es la 873."),
        ("a: The code on the back of the router?", "c: 8842"),
        ("c: 604 is the security code of the alarm.",),
    ],
)
def test_what_is_no_card_data_fails_nobody(spoken, said):
    found = no_card_data_spoken(spoken(*call_of(*said)))
    assert found.answer == "yes" or not found.certain, found


def test_small_figures_near_a_card_stay(spoken):
    call = spoken(
        *call_of("a: It is 45 pounds 39. Card number?", f"c: {N}", "a: Delivery is to flat 14, correct?")
    )
    assert "39" in masked(call).turns[0].text and "flat 14" in masked(call).turns[2].text


@pytest.mark.long
def test_words_without_end_are_looked_at_in_time(spoken):
    [turn] = spoken(("unknown", "x")).turns
    for said in ("one of the things that we saw here today is good ", "double ", "1 okay well, "):
        assert card_data([turn.model_copy(update={"text": said * 1000})]) == []
