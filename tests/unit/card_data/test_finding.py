from include.card_data.finding import card_data
from include.card_data.formats import luhn_valid
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
