import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.calls.call import CallMetadata, ChannelRole
from include.calls.transcript import Transcript, Turn
from include.redaction.known import Known
from include.redaction.known_numbers import numbers_in_metadata
from include.redaction.names import names_in_metadata
from include.redaction.redacting import redact

SAID = """my name is John Smith me llamo Ana López four one double uno cuatro 4111111111111111 4111 1111
cvv 123 +44 7700900123 a.b@c.org [CARD_1] [NAME_2.3] [ y _ ] José josé this soy don María oh hundred call
live in Leeds, vivo en Calle Mayor 5, Madrid Baker Street [PLACE_1]"""

words = st.sampled_from(SAID.split())
texts = st.lists(words | st.text(string.printable, max_size=8), max_size=25).map(" ".join)


def transcript(*said: str) -> Transcript:
    turns = [
        Turn(
            id=f"t{n}",
            speaker=ChannelRole.AGENT if n % 2 else ChannelRole.CUSTOMER,
            channel=n % 2,
            start_ms=n * 1000,
            end_ms=n * 1000 + 900,
            text=text,
            confidence=1,
        )
        for n, text in enumerate(said)
    ]
    return Transcript(call_id="c", language="en", turns=turns)


def redacted(*said: str, names: tuple[str, ...] = (), kept: tuple[str, ...] = ()):
    made = redact(transcript(*said), Known(names, kept=kept))
    return [turn.text for turn in made.transcript.turns], made.redaction


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, min_size=1, max_size=5))
@pytest.mark.long
def test_what_was_redacted_comes_back_letter_by_letter(said):
    texts_out, redaction = redacted(*said)
    assert [redaction.restore(text) for text in texts_out] == said


def test_card_numbers_go_in_figures_and_in_words():
    for said in (
        "it is 4111 1111 1111 1111 okay",
        "it is four one one one, one one one one, one one one one, one one one one okay",
        "it is four triple one double one double one double one double one double one double one okay",
        "es cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno vale",
    ):
        (text,), redaction = redacted(said)
        assert "[CARD_1]" in text and "1111" not in text and "uno" not in text and "one" not in text, said
        assert redaction.counts == {"CARD": 1}


def test_a_card_number_over_two_turns_goes_and_a_wrong_one_is_a_long_number():
    parts, _ = redacted("four one one one, one one one one", "mm-hm", "one one one one one one one one")
    assert parts == ["[CARD_1]", "mm-hm", "[CARD_1.2]"]
    (text,), _ = redacted("it is 4111 1111 1111 1112")
    assert text == "it is [ACCOUNT_1]"


def test_security_codes_go_but_amounts_stay():
    asked = "and the security code on the back of the card?"
    texts_out, _ = redacted(asked, "one two three", "that is 150 dollars")
    assert texts_out == [asked, "[CVV_1]", "that is 150 dollars"]


def test_names_go_wherever_they_stand_and_one_person_has_one_number():
    texts_out, _ = redacted(
        "Thank you for calling, my name is Daniel Reed.",
        "Hi Daniel, I'm sorry to bother you. Me llamo Ana.",
        "No problem, Ana. I will help.",
        "will it take long?",
    )
    assert texts_out == [
        "Thank you for calling, my name is [NAME_1].",
        "Hi [NAME_1.2], I'm sorry to bother you. Me llamo [NAME_2].",
        "No problem, [NAME_2]. I will help.",
        "will it take long?",
    ]


def test_a_name_in_lower_case_text_goes_too():
    texts_out, _ = redacted("hello my name is maria and i need help", "thanks maria")
    assert texts_out == ["hello my name is [NAME_1] and i need help", "thanks [NAME_1]"]


def test_metadata_names_go_and_logins_are_no_names():
    names = names_in_metadata(CallMetadata(agent="Lucía Ortega", customer_ref="RT-50233"))
    assert names == ("Lucía Ortega",)
    (text,), _ = redacted("Soporte, Lucía al habla", names=names)
    assert text == "Soporte, [NAME_1] al habla"


def test_both_sides_names_go_and_what_networks_send_for_one_is_none():
    metadata = CallMetadata(
        agent="Dana Fox", caller_name="ANA RUIZ", called_name="Dana Fox", customer_ref="WIRELESS CALLER"
    )
    assert names_in_metadata(metadata) == ("Dana Fox", "ANA RUIZ")
    for nobodys in (
        "Unknown",
        "+34 600 111 222",
        "Support Queue",
        "PRIVATE NUMBER",
        "sip:100@pbx",
        "Anónimo",
    ):
        assert names_in_metadata(CallMetadata(caller_name=nobodys)) == ()


def test_both_sides_numbers_go_whole_or_in_part_as_they_are_said():
    numbers = numbers_in_metadata(CallMetadata(caller="+1 (415) 555-0123", called="101"))
    assert numbers == ("14155550123",)  # an extension is everybody's
    said = (
        "Is that the number that ends in 0123?",
        "Yes, four one five, five five five, oh one two three.",
        "So 415-555-0123. You pay 55 dollars from March 2026 on.",
        "Or 0014155550123 from abroad.",
    )
    made = redact(transcript(*said), Known(numbers=numbers))
    texts_out = [turn.text for turn in made.transcript.turns]
    assert texts_out[0] == "Is that the number that ends in [PHONE_1]?"
    assert not any(digit in text for text in texts_out for digit in ("0123", "oh one two three", "415"))
    assert "You pay 55 dollars from March 2026 on." in texts_out[2]
    assert {kind for text in texts_out for kind in re.findall(r"\[(\w+_\d+)[.\d]*\]", text)} == {"PHONE_1"}


def test_kept_names_stay_whatever_introduces_them_and_names_beside_them_go():
    said = (
        "This is Riverside Telecom, Daniel speaking, thanks.",
        "Hello Martin Insurance, this is Daniel Reed Riverside Telecom.",
        "riverside telecom, thank you Martin, I'm on Baker Street Broadband.",
    )
    without, _ = redacted(*said)
    assert without[0] == "This is [NAME_1], [NAME_2] speaking, thanks."
    texts_out, redaction = redacted(
        *said, names=("Martin",), kept=("Riverside Telecom", "Martin Insurance", "Baker Street Broadband")
    )
    assert texts_out == [
        "This is Riverside Telecom, [NAME_1] speaking, thanks.",
        "Hello Martin Insurance, this is [NAME_1.2] Riverside Telecom.",
        "riverside telecom, thank you [NAME_2], I'm on Baker Street Broadband.",
    ]
    assert [redaction.restore(text) for text in texts_out] == list(said)


def test_a_kept_name_does_not_save_a_number():
    (text,), _ = redacted(
        "four one one one, one one one one, one one one one, one one one one", kept=("One",)
    )
    assert text == "[CARD_1]"


def test_phones_emails_and_account_numbers_go_and_prices_stay():
    (text,), _ = redacted(
        "call me on 555 010 4477, mail ann@acme.org or bob at acme dot com, "
        "account 8800 1234, it costs 45 euros"
    )
    assert text == (
        "call me on [PHONE_1], mail [EMAIL_1] or [EMAIL_2], account [ACCOUNT_1], it costs 45 euros"
    )


def test_card_data_returns_into_quotes_only():
    texts_out, redaction = redacted("my name is Ann, 4111111111111111")
    reply = {"summary": texts_out[0], "evidence": [{"quote": texts_out[0]}]}
    assert redaction.restore_reply(reply) == {
        "summary": "my name is Ann, [CARD_1]",
        "evidence": [{"quote": "my name is Ann, 4111111111111111"}],
    }


def test_street_addresses_go_as_they_are_said_and_as_they_are_written():
    texts_out, redaction = redacted(
        "I moved to Twelve Orchard Street.",
        "so 221b Baker Street, right?",
        "the old one was twelve orchard street",
        "Vivo en la calle de Alcalá 45, tercero.",
        "calle mayor cinco",
        "9 Elm Grove",
    )
    assert texts_out == [
        "I moved to [ADDRESS_1].",
        "so [ADDRESS_2], right?",
        "the old one was [ADDRESS_1.2]",
        "Vivo en la [ADDRESS_3], tercero.",
        "[ADDRESS_4]",
        "[ADDRESS_5]",
    ]
    assert redaction.counts == {"ADDRESS": 6}


def test_streets_that_are_no_addresses_stay():
    said = (
        "the street is closed, by the way",
        "two calls this way",
        "What street is it?",
        "three minutes on the road",
        "en la calle",
    )
    assert redacted(*said)[0] == list(said)


def test_identifiers_go_by_their_form_and_check_digits():
    (text,), redaction = redacted(
        "IBAN ES91 2100 0418 4502 0005 1332, DNI 12345678Z, NIE X1234567L, NI AB123456C, from 10.0.0.1"
    )
    assert text == "IBAN [IBAN_1], DNI [ID_1], NIE [ID_2], NI [ID_3], from [IP_1]"
    assert redaction.counts == {"IBAN": 1, "ID": 3, "IP": 1}
    said = "on the 12th it was 150.20 for order 4512"
    assert redacted(said)[0] == [said]


def test_a_card_number_is_one_however_it_is_found():
    texts_out, _ = redacted("4111 1111 1111 1111", "four one one one, one one one one, 1111, one one one one")
    assert texts_out == ["[CARD_1]", "[CARD_1.2]"]


def test_masks_of_card_data_become_tokens_and_ask_for_nothing() -> None:
    said = ("[card number ending 1111]", "yes, [card number ending 1111], [card security code]", "order 345")
    texts, redaction = redacted(*said)
    assert texts == ["[CARD_1]", "yes, [CARD_1], [CVV_1]", "order 345"]
    assert [redaction.restore(text) for text in texts] == list(said)
    assert redacted("1234 [card number ending 1111] 5678")[0] == ["1234 [CARD_1] 5678"]
