"""E-mail addresses go as they are written and as recognisers write what is said."""

import pytest

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
