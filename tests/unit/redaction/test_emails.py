"""E-mail addresses go as they are written and as recognisers write what is said."""

import re

import pytest

from include.calls.call import ChannelRole
from include.redaction.redacting import redact
from tests.unit.llm.conftest import spoken_call
from tests.unit.redaction.test_redacting import redacted

SAID = [
    "john.smith@gmail.com",
    "john.smith at gmail.com",
    "john dot smith at gmail dot com",
    "John dot Smith, at, gmail, dot, com",
    "j o h n at hotmail dot com",
    "j-o-h-n at hotmail.com",
    "john_smith22 at outlook.co.uk",
    "john underscore smith at acme dot org",
    "john smith eighty two at yahoo dot com",
    "juan punto perez arroba gmail punto com",
    "juan guion bajo perez arroba empresa punto com punto mx",
    "juan.perez arroba hotmail.es",
]


@pytest.mark.parametrize("said", SAID)
def test_an_address_goes_whole_asked_for_or_not(said: str) -> None:
    assert redacted("Your e-mail?", f"it's {said}.")[0][1] == "it's [EMAIL_1]."
    assert redacted(f"my email is {said}")[0] == ["my email is [EMAIL_1]"]
    assert redacted(f"mi correo es {said}")[0] == ["mi correo es [EMAIL_1]"]


def test_an_address_is_the_same_however_it_is_said() -> None:
    texts, redaction = redacted(
        "john.smith@gmail.com", "john dot smith at gmail dot com", "JOHN.SMITH at gmail.com"
    )
    assert texts == ["[EMAIL_1]", "[EMAIL_1.2]", "[EMAIL_1.3]"]
    assert redaction.restore(texts[1]) == "john dot smith at gmail dot com"


@pytest.mark.parametrize(
    ("pieces", "left"),
    [
        (("john dot smith", "at gmail dot com"), ("[EMAIL_1]", "at [EMAIL_1.2]")),
        (("john dot smith at", "gmail dot com"), ("[EMAIL_1] at", "[EMAIL_1.2]")),
        (("ana punto gil", "arroba yahoo punto es"), ("[EMAIL_1]", "arroba [EMAIL_1.2]")),
    ],
)
def test_an_address_in_two_turns_goes(pieces: tuple[str, str], left: tuple[str, str]) -> None:
    texts, _ = redacted("Your e-mail?", pieces[0], "yes", pieces[1])
    assert (texts[1], texts[3]) == left


IN_PIECES = [
    ("jsmith at", "btinternet dot com"),
    ("jsmith", "at btinternet dot com"),
    ("jsmith at", "btinternet", "dot com"),
    ("jsmith", "at btinternet", "dot co dot uk"),
    ("j dot smith", "at", "btinternet dot com"),
    ("jperez arroba", "telefonica", "punto com"),
    ("juan punto perez", "arroba gmail", "punto com"),
]


@pytest.mark.parametrize("pieces", IN_PIECES)
@pytest.mark.parametrize("noted", [None, "yes", "Okay.", "vale, gracias", "uh huh, go on"])
@pytest.mark.parametrize("who", [ChannelRole.CUSTOMER, ChannelRole.UNKNOWN])
def test_an_address_in_pieces_goes(pieces: tuple[str, ...], noted: str | None, who: ChannelRole) -> None:
    """What is left is what joins the pieces, whether or not voices are told apart."""
    said = [(who, "Your e-mail?"), (who, f"{pieces[0]}.")]
    for piece in pieces[1:]:
        said += [(ChannelRole.AGENT if who is ChannelRole.CUSTOMER else who, noted)] if noted else []
        said.append((who, f"{piece}."))
    made = redact(spoken_call(*said))
    left = " ".join(turn.text for turn in made.transcript.turns)
    assert left.count("[EMAIL_1") == sum(piece != "at" for piece in pieces), left
    assert not re.search(r"smith|perez|btinternet|telefonica|gmail|dot|punto|com", left.replace("e-mail", ""))


def test_an_address_ends_with_its_last_piece() -> None:
    said = ("Your e-mail?", "jsmith at", "yes", "gmail", "yes", "and my order is late")
    assert redacted(*said)[0][1::2] == ["[EMAIL_1] at", "[EMAIL_1.2]", "and my order is late"]


@pytest.mark.parametrize("count", ["600 down,", "12 boxes", "twelve,", "doscientos,", "it's 600,"])
@pytest.mark.parametrize(
    "price", ["29.99", "24.95 each", "3.99 for 12 months", "nine point ninety nine", "nueve punto noventa"]
)
def test_a_price_is_no_domain(count: str, price: str) -> None:
    for said in (f"{count} at {price}", f"So {count} at {price}."):
        assert redacted(said)[0] == [said]


def test_a_number_before_a_comma_is_no_name() -> None:
    assert redacted("it's 3, at amazon dot com")[0] == ["it's 3, at amazon dot com"]
    assert redacted("john smith 82, at yahoo dot com")[0] == ["[EMAIL_1]"]


@pytest.mark.parametrize(
    "said",
    [
        "Look at our website, riverside dot com.",
        "Sign in at outlook.com and I saw it at amazon dot com.",
        "I got an email at nine.",
        "I looked at gmail and yahoo",
        "we're at live events",
        "prices at riverside.com are lower",
    ],
)
def test_what_is_no_address_stays(said: str) -> None:
    assert redacted(said)[0] == [said]


@pytest.mark.parametrize(
    "said",
    [
        "sales at acme dash tools dot com",
        "contacto arroba tienda guion sol punto es",
        "jane doe, all one word, at gmail dot com",
        "mary jones all lower case at outlook dot com",
    ],
)
def test_an_address_that_is_asked_for_goes_with_words_of_every_day(said: str) -> None:
    assert redacted("Your e-mail?", f"{said}.")[0][1] == "[EMAIL_1]."


@pytest.mark.parametrize(
    "said",
    [
        "I looked at Amazon dot com first.",
        "The price at booking dot com was lower.",
        "We searched at riverside dot com.",
    ],
)
def test_a_site_that_somebody_speaks_of_stays(said: str) -> None:
    assert redacted(said)[0] == [said]
