"""Dates of birth go; other dates stay."""

import pytest

from tests.unit.redaction.test_redacting import redacted


def answer(question: str, said: str) -> str:
    texts, redaction = redacted(question, said)
    assert [redaction.restore(text) for text in texts] == [question, said]
    assert texts[0] == question
    return texts[1]


@pytest.mark.parametrize(
    "asked", ["What's your date of birth?", "and your birthday", "¿Cuándo nació?", "DOB?"]
)
@pytest.mark.parametrize(
    "said",
    [
        "the 4th of March 1985",
        "March fourth nineteen eighty five",
        "04/03/1985",
        "04 03 1985",
        "zero four zero three eighty five",
        "the third of the fourth eighty two",
        "cuatro de marzo del ochenta y cinco",
        "cero cuatro, cero tres, mil novecientos ochenta y cinco",
    ],
)
def test_a_date_that_answers_is_a_birth(asked: str, said: str) -> None:
    assert answer(asked, f"Sure, it's {said}.").replace("the ", "") == "Sure, it's [DOB_1]."


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("I was born on 4 March 1985 in the old house.", "I was born on [DOB_1] in the old house."),
        ("Nací el 4 de marzo de 1985.", "Nací el [DOB_1]."),
        ("my date of birth is 4.3.85", "my date of birth is [DOB_1]"),
        ("I was 20 on 4 March 1985.", "I was 20 on [DOB_1]."),
    ],
)
def test_a_birth_that_is_said_at_once_goes(said: str, left: str) -> None:
    assert redacted(said)[0] == [left]


def test_one_birth_has_one_number_and_other_dates_stay() -> None:
    texts, _ = redacted(
        "Your date of birth?",
        "The 4th of March 1985, about my bill of the 4th of November.",
        "March 4, 1985, thanks. The contract is of the 4th of March 2021.",
    )
    assert texts[1:] == [
        "The [DOB_1], about my bill of the 4th of November.",
        "[DOB_1.2], thanks. The contract is of the 4th of March 2021.",
    ]


def test_a_birth_in_two_turns_goes_whole() -> None:
    texts, _ = redacted("Date of birth?", "Fourth of March.", "Sorry?", "Nineteen eighty five.")
    assert texts == ["Date of birth?", "[DOB_1].", "Sorry?", "[DOB_2]."]


@pytest.mark.parametrize(
    "said",
    [
        ("When was the contract signed?", "On the 4th of March 2001."),
        ("Customer since 12/05/1998, right?", "Yes."),
        ("I was born in Leeds.", "On the 4th of December I moved."),
    ],
)
def test_a_date_on_which_nobody_was_born_stays(said: tuple[str, ...]) -> None:
    assert redacted(*said)[0] == list(said)


def test_a_year_before_the_day_is_part_of_the_birth() -> None:
    assert (
        redacted("When were you born?", "Nineteen forty two, the eleventh of February.")[0][1] == "[DOB_1]."
    )


@pytest.mark.parametrize("asked", ["What's your date of birth?", "and your birthday", "¿Cuándo nació?"])
@pytest.mark.parametrize(
    "said",
    [
        "twelfth of the seventh, seventy eight",
        "second of July, ninety three",
        "twelfth of seventh seventy eight",
        "May the fifth, sixty one",
        "5 de mayo, ochenta y cinco",
        "dos del siete, noventa y tres",
        "third of the fourth, 82",
    ],
)
def test_the_year_of_a_birth_may_stand_after_a_comma(asked: str, said: str) -> None:
    assert answer(asked, f"It's {said}.") == "It's [DOB_1]."
    texts, _ = redacted(asked, f"{said}.", "right", f"So {said}, thank you.")
    assert texts[3] == "So [DOB_1], thank you."


@pytest.mark.parametrize("said", ["It begins on March 26, 24 months.", "on the second of July, 40 of them"])
def test_elsewhere_a_number_after_the_comma_is_no_year(said: str) -> None:
    assert redacted(said)[0] == [said]
