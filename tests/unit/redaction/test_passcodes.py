"""PINs, passcodes and security words go; talk about them stays."""

import pytest

from tests.unit.redaction.test_redacting import redacted


def answer(question: str, said: str) -> str:
    texts, redaction = redacted(question, said)
    assert [redaction.restore(text) for text in texts] == [question, said]
    assert texts[0] == question
    return texts[1]


@pytest.mark.parametrize(
    "asked",
    [
        "What's your PIN?",
        "and your passcode please",
        "¿Me dice su clave?",
        "¿Cuál es su contraseña?",
        "I've sent you a code by text. Can you read it to me?",
        "dígame el código que le ha llegado",
    ],
)
@pytest.mark.parametrize("said", ["4321", "four three two one", "4 3 2 1", "cuatro tres dos uno", "48 29 13"])
def test_digits_that_answer_are_a_pin(asked: str, said: str) -> None:
    assert answer(asked, f"{said}.") == "[PIN_1]."


def test_a_pin_goes_when_it_is_said_at_once_in_pieces_or_again() -> None:
    assert redacted("my pin is 4321", "mi clave es 4321")[0] == ["my pin is [PIN_1]", "mi clave es [PIN_1]"]
    assert redacted("4321 is my PIN")[0] == ["[PIN_1] is my PIN"]
    assert redacted("Your PIN?", "four, three", "yes", "two, one")[0][1::2] == ["[PIN_1]", "[PIN_1.2]"]
    assert redacted("Your PIN?", "4321.", "4321, thanks.")[0][1:] == ["[PIN_1].", "[PIN_1], thanks."]
    assert redacted("The last four digits of your social?", "6 7 8 9")[0][1] == "[ID_1]"


@pytest.mark.parametrize(
    "said",
    [
        ("the error code is 504",),
        ("El código postal es 28013.",),
        ("What's the zip code?", "90210."),
        ("I forgot my PIN.", "It takes 3 days and costs 150 euros."),
        ("Your PIN?", "I paid 150 euros."),
        ("Pulse la clave 2 para facturas.",),
    ],
)
def test_other_codes_and_amounts_stay(said: tuple[str, ...]) -> None:
    assert redacted(*said)[0] == list(said)


@pytest.mark.parametrize(
    ("asked", "said", "left"),
    [
        (
            "What's your security word?",
            "Um, I think it's, uh, marmalade.",
            "Um, I think it's, uh, [SECRET_1].",
        ),
        ("and your mother's maiden name", "Thompson-Reed", "[SECRET_1]"),
        ("your password please", "it's sunflower", "it's [SECRET_1]"),
        ("¿Cuál es su palabra clave?", "eh, es mariposa azul", "eh, es [SECRET_1]"),
        ("¿Cuál es su contraseña?", "Girasol22", "[SECRET_1]"),
        ("¿El nombre de su primera mascota?", "Se llamaba Trasto.", "Se llamaba [SECRET_1]."),
    ],
)
def test_a_word_that_answers_is_a_secret(asked: str, said: str, left: str) -> None:
    assert answer(asked, said) == left


def test_a_security_word_that_is_said_at_once_goes_wherever_it_is_said() -> None:
    texts, redaction = redacted("My password is Sunflower99 and it fails.", "So sunflower99.")
    assert texts == ["My password is [SECRET_1] and it fails.", "So [SECRET_1.2]."]
    assert redaction.restore_reply({"summary": texts[0]}) == {"summary": texts[0]}
    assert redaction.restore_reply({"quote": texts[0]}) == {
        "quote": "My password is Sunflower99 and it fails."
    }


@pytest.mark.parametrize(
    "said",
    [
        ("what is the security word on the account", "i don't remember"),
        ("I forgot my password.", "No problem. You can set a new password."),
        ("the password is wrong", "la contraseña es incorrecta"),
        ("What's the password?", "Sorry, what do you mean?"),
        ("¿La contraseña del wifi?", "Está en la pegatina del router."),
    ],
)
def test_talk_about_passwords_stays(said: tuple[str, ...]) -> None:
    assert redacted(*said)[0] == list(said)


def test_each_of_two_answers_is_what_was_asked_for() -> None:
    texts, _ = redacted(
        "Your full name and the security word?", "Yes, it is Helen Marsh, and the word is lighthouse."
    )
    assert texts[1] == "Yes, it is [NAME_1], and the word is [SECRET_1]."
    texts, _ = redacted("Your full name and the security word?", "Helen Marsh, lighthouse.")
    assert texts[1] == "[NAME_1], [SECRET_1]."
    texts, _ = redacted("¿Su número de cliente y la clave?", "El número es 50871 y la clave es margarita.")
    assert texts[1] == "El número es [ACCOUNT_1] y la clave es [SECRET_1]."
    assert (
        redacted("When were you born?", "Nineteen forty two, the eleventh of February.")[0][1] == "[DOB_1]."
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("The first and third digit of your PIN?", "7 and 2"),
        ("Second and fourth digits of your passcode?", "Three and nine"),
        ("¿Primer y tercer dígito de su clave?", "7 y 2"),
        ("The last digit of your PIN?", "7"),
    ],
)
def test_single_digits_of_a_pin_go(asked: str, said: str) -> None:
    assert answer(asked, f"{said}.") == "[PIN_1]."


@pytest.mark.parametrize(
    "asked",
    [
        "What's your favourite place?",
        "What street did you grow up on?",
        "And the answer to your security question?",
        "Name of your favourite teacher?",
        "¿La respuesta a la pregunta de seguridad?",
        "¿El nombre de soltera de su madre?",
    ],
)
def test_the_answer_to_a_question_that_identifies_goes(asked: str) -> None:
    assert answer(asked, "Oakfield.") == "[SECRET_1]."


@pytest.mark.parametrize(
    "said",
    [
        "Our password reset page is down today.",
        "The password page is broken.",
        "The password was rejected.",
        "The security word is asked every time.",
        "The security question is optional.",
        "La palabra de seguridad es opcional.",
        "The password link is dead.",
        "The first digit of your bill is 7.",
    ],
)
def test_what_is_told_of_a_word_stays(said: str) -> None:
    assert redacted(said)[0] == [said]
