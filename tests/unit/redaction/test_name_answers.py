"""Names go when somebody asks for them, when they are frequent and when they are spelled."""

import pytest

from include.redaction.common_names import is_given_name, is_name
from tests.unit.redaction.test_redacting import redacted

ASKED = [
    "May I have your name?",
    "who am i speaking with",
    "and your full name please",
    "¿Me dice su nombre?",
    "con quien hablo",
    "nombre y apellidos por favor",
]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("name", ["john smith", "Ngozi Adeyemi", "wenceslao", "maria garcia lopez", "Xin"])
@pytest.mark.parametrize("lead", ["", "Sure, ", "it's ", "sí, soy "])
def test_a_name_that_answers_goes(asked: str, name: str, lead: str) -> None:
    said = lead + name if not name.islower() else (lead + name).lower()
    question = asked if not name.islower() else asked.lower()
    texts, redaction = redacted(question, said, f"thanks {name.split(maxsplit=1)[0]}")
    assert texts[1] == said.replace(name, "[NAME_1]")
    assert texts[2] == ("thanks [NAME_1.2]" if " " in name else "thanks [NAME_1]")
    assert redaction.restore(texts[1]) == said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("May I have your name?", "Why do you need it?"),
        ("May I take your name, please?", "Sorry, I didn't catch that."),
        ("¿Es usted la titular?", "Correcto."),
        ("¿Su nombre?", "Ya se lo he dado antes."),
        ("who's calling", "i'm calling about my bill"),
        ("what is the name of the plan", "fibre three hundred"),
        ("what's your company's name", "northgate trading"),
    ],
)
def test_an_answer_that_is_no_name_stays(asked: str, said: str) -> None:
    assert redacted(asked, said)[0] == [asked, said]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (
            "hi my name is john smith and i'm calling about my bill",
            "hi my name is [NAME_1] and i'm calling about my bill",
        ),
        ("soy maria garcia quiero cambiar", "soy [NAME_1] quiero cambiar"),
        ("me llamo ana belen ruiz y llamo por la factura", "me llamo [NAME_1] y llamo por la factura"),
        ("thanks carlos one moment", "thanks [NAME_1] one moment"),
        ("i spoke with deborah yesterday", "i spoke with [NAME_1] yesterday"),
        ("My son, Hugo Barrientos, called.", "My son, [NAME_1], called."),
        ("Grace speaking, hello.", "[NAME_1] speaking, hello."),
    ],
)
def test_a_name_without_capitals_or_question_goes(said: str, left: str) -> None:
    assert redacted(said)[0] == [left]


@pytest.mark.parametrize(
    "said",
    [
        "this is the third time i'm calling",
        "soy cliente desde hace diez años",
        "habla muy rapido",
        "will you mark it in may, by grace of the sky",
        "el cargo de julio y la tarifa sol",
        "san carlos and san diego",
    ],
)
def test_ordinary_words_are_no_names(said: str) -> None:
    assert redacted(said)[0] == [said]


@pytest.mark.parametrize(
    "said",
    [
        "S M I T H",
        "s-m-i-t-h",
        "S, M, I, T, H",
        "S for sugar, M for mother, I for island",
        "S as in Sierra, M as in Mike",
        "ese eme i te hache",
    ],
)
def test_a_spelled_name_goes(said: str) -> None:
    assert redacted(f"it's {said}.")[0] == ["it's [NAME_1]."]


@pytest.mark.parametrize(
    "said", ["the S M S and the U S B", "su D N I, por favor", "plan A or B", "option a b"]
)
def test_spelled_abbreviations_stay(said: str) -> None:
    assert redacted(said)[0] == [said]


def test_a_title_makes_a_name_of_its_last_word() -> None:
    assert redacted("a nombre de jorge paredes", "gracias señor paredes las paredes")[0] == [
        "a nombre de [NAME_1]",
        "gracias señor [NAME_1.2] las paredes",
    ]


def test_the_lists_tell_names_from_words() -> None:
    assert is_given_name("maria") and is_name("garcia") and is_name("grace")
    assert not is_given_name("grace") and not is_given_name("garcia") and not is_name("invoice")
