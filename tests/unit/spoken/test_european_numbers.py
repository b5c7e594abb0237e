"""Numbers in words of other languages: read as they would be keyed; words that say more are left."""

import pytest

from include.spoken.european_numbers import number_at, spelled, words_for
from include.spoken.numbers import numbers_in

LANGUAGES = ("fr", "de", "it", "pt", "nl", "ru")


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_spelling_of_every_number_is_read(language):
    told = [(value, text) for value in range(1000) for text in words_for(value, language)]
    assert len(told) >= 1000
    wrong = []
    for value, text in told:
        digits = "".join(number.digits for number in numbers_in(text))
        says_else = digits == "" and (" " not in text or text.split()[0] == "cent")
        if digits != str(value) and not says_else:
            wrong.append((value, text, digits))
    assert not wrong, wrong[:10]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("quatre-vingt-dix-sept, soixante et onze", ["97", "71"]),
        ("septante-deux, nonante-neuf", ["72", "99"]),
        ("fünfundvierzig neununddreißig", ["45", "39"]),
        ("fuenf zwo drei", ["5", "2", "3"]),
        ("quarantacinque trentanove", ["45", "39"]),
        ("quarenta e cinco, meia, sete", ["45", "6", "7"]),
        ("vijfenveertig tweeëntwintig", ["45", "22"]),
        ("сорок пять тридцать девять", ["45", "39"]),
        ("six un sept", ["6", "1", "7"]),
        ("neuf heures, dix jours", ["9", "10"]),
        ("doppio cinque, doble tres", ["55", "33"]),
        ("five sieben uno huit", ["5", "7", "1", "8"]),
    ],
)
def test_numbers_are_read_whatever_the_language(text, digits):
    assert [number.digits for number in numbers_in(text)] == digits


@pytest.mark.parametrize(
    "text",
    [
        "payment is due in Sept, sir",
        "null and void",
        "un contrat tout neuf",
        "um, let me see",
        "not a cent more",
        "an elf and Otto",
        "tu sei bravo",
        "meia hora depois",
        "de auto is nul en van een klant",
        "ein Mann und eine Frau",
        "один мой знакомый",
    ],
)
def test_a_word_that_says_something_else_is_no_number(text):
    assert numbers_in(text) == []


def test_a_longer_number_is_not_read_as_the_shorter_one_that_it_begins_with():
    assert number_at(["quatre", "vingt", "dix"], 0) == ("90", 3)
    assert number_at(["quatre", "cinq"], 0) == ("4", 1)
    assert number_at(["tomorrow"], 0) == ("", 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_that_are_spelled_come_back(language):
    said = " ".join(spelled("4539578763621486", language))
    assert "".join(number.digits for number in numbers_in(said)) == "4539578763621486"
