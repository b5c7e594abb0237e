import pytest

from include.spoken.numbers import digit_runs, digits_for_words, numbers_in


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("four one one one", ["4111"]),
        ("forty-one eleven", ["4111"]),
        ("double four triple one", ["44111"]),
        ("treble two double oh", ["22200"]),
        ("my number is 07 700 900-123 please", ["07700900123"]),
        ("cuarenta y uno, once", ["4111"]),
        ("cuatro mil ciento once", ["4111"]),
        ("veintitrés doscientos cinco", ["23205"]),
        ("two hundred and five", ["205"]),
        ("five thousand one hundred and five", ["5105"]),
        ("25 thousand", ["25000"]),
        ("nineteen seventy", ["1970"]),
        ("oh seven, uh, nine", ["079"]),
        ("one moment, I have two of them", ["1", "2"]),
        ("nothing here", []),
    ],
)
def test_digits_are_read_as_people_say_them(said, digits):
    assert [run.digits for run in digit_runs(said)] == digits


def test_a_number_has_its_place():
    said = "it is two hundred and five, or 12"
    assert [(n.value, said[n.start : n.end]) for n in numbers_in(said)] == [
        (205, "two hundred and five"),
        (12, "12"),
    ]


def test_words_and_figures_give_the_same_digits():
    for words in ("nineteen seventy", "1970", "the second of june nineteen seventy"):
        assert digits_for_words(words.split(), "en")[-4:] == list("1970")


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("four thousand six hundred and forty nine thousand one hundred", ["4640", "9100"]),
        (
            "four thousand one hundred and twenty-seven, eight hundred and ninety, seven hundred",
            ["4127", "890", "700"],
        ),
        ("three thousand nine hundred and ninety, nine thousand six", ["3990", "9006"]),
        ("cuarenta y uno ochenta uno sesenta y dos", ["41", "80", "1", "62"]),
        ("dos mil quinientos", ["2500"]),
        ("cinco mil trescientos diecinueve, mil trescientos diecinueve", ["5319", "1319"]),
        ("ninety seven hundred", ["9700"]),
        ("three hundred three hundred", ["300", "300"]),
        ("five thousand three thousand", ["5000", "3000"]),
        ("three hundred thousand", ["300000"]),
        ("trescientos mil doscientos", ["300200"]),
        ("treinta y un mil doscientos", ["31200"]),
        ("un momento", []),
    ],
)
def test_one_number_ends_where_the_next_begins(said, numbers):
    assert [number.digits for number in numbers_in(said)] == numbers
