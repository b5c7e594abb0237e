"""Numbers that identify go, whole and in pieces over several turns, on both sides."""

import random
import re

import pytest

from include.calls.call import ChannelRole
from include.redaction.redacting import redact
from include.spoken.numbers import digit_runs, spelled
from tests.unit.redaction.test_redacting import redacted, transcript

TOKEN = re.compile(r"\[[A-Z]+_[\d.]+\]")


@pytest.mark.parametrize(
    "said",
    [
        "07700 900123",
        "(555) 010-4477",
        "+44 20 7946 0958",
        "612.345.678",
        "91 234 56 78",
        "double seven double oh nine hundred one two three",
        "seis uno dos, treinta y cuatro, cincuenta y seis setenta y ocho",
        "612, okay, 345, then 678",
    ],
)
@pytest.mark.parametrize("asked", ["What's your phone number?", "¿Me dice su teléfono?"])
def test_a_phone_number_goes_in_every_grouping(asked: str, said: str) -> None:
    _, text = redacted(asked, f"it's {said}")[0]
    assert "[PHONE_1]" in text
    assert digit_runs(TOKEN.sub("", text)) == [], text


def test_pieces_of_one_number_have_one_number_and_the_echo_too() -> None:
    texts, redaction = redacted(
        "Can I take your phone number?", "It's 07700", "07700", "900", "Okay, I have got that one.", "123."
    )
    assert texts[1:] == [
        "It's [PHONE_1]",
        "[PHONE_1]",
        "[PHONE_1.2]",
        "Okay, I have got that one.",
        "[PHONE_1.3].",
    ]
    assert redaction.counts == {"PHONE": 4}


@pytest.mark.parametrize("seed", range(60))
def test_no_piece_of_a_dictated_number_leaves(seed: int) -> None:
    some = random.Random(seed)
    language = some.choice(["en", "es"])
    groups = [
        "".join(some.choices("0123456789", k=some.choice([2, 3, 4]))) for _ in range(some.choice([3, 4]))
    ]
    said = [" ".join(spelled(group, language)) if seed % 2 else group for group in groups]
    asked = some.choice(
        ["Your account number?", "and your phone number"]
        if language == "en"
        else ["¿Su número de cuenta?", "y su teléfono"]
    )
    turns, pieces = [asked], []
    for group in said:
        pieces += [len(turns)]
        turns += [group, some.choice([group, "okay" if language == "en" else "vale", f"{group}, okay"])]
        pieces += [len(turns) - 1] * (group in turns[-1])
    texts, redaction = redacted(*turns)
    for turn in pieces:
        assert texts[turn].replace(", okay", "").startswith("["), (turns, texts)
    assert [redaction.restore(text) for text in texts] == turns


def test_another_question_ends_a_number() -> None:
    texts, _ = redacted("Your customer number?", "3309", "Okay.", "1822", "And the reading?", "45210.")
    assert texts == [
        "Your customer number?",
        "[ACCOUNT_1]",
        "Okay.",
        "[ACCOUNT_1.2]",
        "And the reading?",
        "45210.",
    ]


def test_small_numbers_in_turn_are_no_dictation() -> None:
    said = (
        "How many lines?",
        "Two.",
        "And how old are they?",
        "12, 14 and 16.",
        "Okay.",
        "I paid 45 and 90.",
    )
    assert redacted(*said)[0] == list(said)


def test_where_voices_are_not_told_apart_a_number_goes_too() -> None:
    said = transcript("Your phone number?", "612", "612", "345", "okay", "678", "and your PIN?", "4321")
    turns = [turn.model_copy(update={"speaker": ChannelRole.UNKNOWN, "channel": 0}) for turn in said.turns]
    texts = [turn.text for turn in redact(said.model_copy(update={"turns": turns})).transcript.turns]
    assert texts[1::2] == ["[PHONE_1]", "[PHONE_1.2]", "[PHONE_1.3]", "[PIN_1]"]
    assert texts[2] == "[PHONE_1]"


def test_a_national_id_goes_with_its_letters() -> None:
    assert redacted("my DNI is 1 2 3 4 5 6 7 8 z")[0] == ["my DNI is [ID_1]"]
    assert redacted("Your national insurance number?", "QQ 12 34 56 C.")[0][1] == "[ID_1]."
    assert redacted("¿Su NIE?", "equis uno dos tres cuatro cinco seis siete ele")[0][1].startswith(
        "[ID_1]"[:0]
    )


def test_a_number_is_what_it_was_called_once() -> None:
    texts, _ = redacted("my phone is 612 345 678", "612 345 678, got it")
    assert texts == ["my phone is [PHONE_1]", "[PHONE_1], got it"]


def test_an_interjection_is_no_digit() -> None:
    assert redacted("oh, I see", "Once you have it, one moment.")[0] == [
        "oh, I see",
        "Once you have it, one moment.",
    ]


def test_a_short_number_goes_where_an_account_is_asked_for() -> None:
    texts, _ = redacted(
        "Your account number and your name?", "Three one one eight zero. I paid 150.", "31180?"
    )
    assert texts[1:] == ["[ACCOUNT_1]. I paid 150.", "[ACCOUNT_1.2]?"]
    said = ("Which order is it?", "Number 4512, of 150 euros.")
    assert redacted(*said)[0] == list(said)


def test_the_number_is_the_one_that_was_asked_for() -> None:
    texts, _ = redacted("What is your mobile number, and your secret word?", "The number is 555 010 4477.")
    assert texts[1] == "The number is [PHONE_1]."


ASKS_FOR_ID_END = (
    "What are the last digits and letter of your DNI?",
    "And the end of your DNI?",
    "¿Me dice el final del DNI?",
    "las tres últimas cifras y la letra de su NIE, por favor",
)


@pytest.mark.parametrize("asked", ASKS_FOR_ID_END)
@pytest.mark.parametrize(
    "said", ["678 Z", "678Z", "678-Z", "six seven eight Z", "seis siete ocho zeta", "678"]
)
def test_the_end_of_a_national_id_goes_where_it_is_asked_for(asked: str, said: str) -> None:
    texts, redaction = redacted(asked, f"it's {said}.", "okay, thank you")
    assert texts == [asked, "it's [ID_1].", "okay, thank you"]
    assert redaction.restore(texts[1]) == f"it's {said}."


def test_the_end_of_a_national_id_goes_where_it_is_called_so() -> None:
    assert redacted("My DNI ends in 678 Z.")[0] == ["My DNI ends in [ID_1]."]
    assert redacted("Mi DNI acaba en 678, letra Z.")[0][0].startswith("Mi DNI acaba en [ID_1]")


@pytest.mark.parametrize("said", ["Yes, but it costs 120 to renew.", "It takes 10 days.", "just 2 minutes"])
def test_what_else_is_said_of_a_national_id_stays(said: str) -> None:
    asked = "Do you have your DNI there?"
    assert redacted(asked, said)[0] == [asked, said]
