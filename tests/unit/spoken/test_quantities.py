"""What counts or measures is told from numbers that identify."""

import random
from collections.abc import Callable

import pytest

from include.spoken.marking import marked
from include.spoken.quantities import DOUBTFUL, QuantityKind, quantities_in

Kind = QuantityKind


def read(text: str) -> list[tuple[QuantityKind, str]]:
    return [(one.kind, text[one.start : one.end]) for one in quantities_in(text)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("9:00 and 12:00", Kind.TIME),
        ("nine to five", Kind.TIME),
        ("half past nine", Kind.TIME),
        ("10:30 am", Kind.TIME),
        ("16/11/2026", Kind.DATE),
        ("4th of December", Kind.DATE),
        ("$1,299.99", Kind.AMOUNT),
        ("1.299,99 €", Kind.AMOUNT),
        ("one thousand two hundred and ninety nine dollars", Kind.AMOUNT),
        ("forty nine dollars and ninety nine cents", Kind.AMOUNT),
        ("45 euros con 50", Kind.AMOUNT),
        ("1,412.80", Kind.AMOUNT),
        ("12.412,80", Kind.AMOUNT),
        ("15, 20, 25 euros", Kind.AMOUNT),
        ("24 months", Kind.DURATION),
        ("12, 24 or 36 months", Kind.DURATION),
        ("tres meses", Kind.DURATION),
        ("600 megabits", Kind.MEASURE),
        ("300 a 600 megas", Kind.MEASURE),
        ("1500 kWh", Kind.MEASURE),
        ("cinco por ciento", Kind.PERCENTAGE),
        ("5,5 por ciento", Kind.PERCENTAGE),
        ("20 %", Kind.PERCENTAGE),
        ("twenty-first", Kind.ORDINAL),
        ("150,000", Kind.COUNT),
        ("cien mil", Kind.COUNT),
        ("one, two or three", Kind.LIST),
        ("2024, 2025 y 2026", Kind.YEAR),
    ],
)
def test_a_quantity_is_found_with_its_kind(said: str, kind: QuantityKind) -> None:
    leading = {Kind.TIME: "between", Kind.ORDINAL: "the"}.get(kind, "about")
    assert (kind, said) in read(f"it was {leading} {said}, thanks")


@pytest.mark.parametrize(
    "said",
    [
        "612 345 678",
        "07700 900123",
        "six one two three four five six seven eight",
        "4111 1111 1111 1111",
        "20-45-67",
        "612.345.678",
        "12345678Z",
    ],
)
def test_a_number_that_identifies_is_no_quantity(said: str) -> None:
    assert read(f"it's {said}, thanks") == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("my number is 612 345 678, 24 months left", ["24 months"]),
        ("six one two three four five six seven eight 24 months", ["24 months"]),
        ("612, 345, 678, 24 months", ["24 months"]),
        ("612345678 at 9 am", ["9 am"]),
        ("ring 612 345 678 first", ["first"]),
        ("from 8 to 10, 612 345 678", ["8 to 10"]),
    ],
)
def test_a_quantity_takes_nothing_of_a_number_beside_it(said: str, found: list[str]) -> None:
    assert [where for _, where in read(said)] == found


def test_two_equal_numbers_are_a_speed_only_beside_a_word_for_it() -> None:
    assert read("the fibre plan 300 300") == [(Kind.MEASURE, "300 300")]
    assert read("300 300 de subida y bajada") == [(Kind.MEASURE, "300 300")]
    assert read("it ends in 300 300") == []


def test_doubtful_are_those_without_a_unit() -> None:
    kinds = {kind for kind, _ in read("the first of two, 150,000 in 2019. One, two or three")}
    assert {Kind.ORDINAL, Kind.COUNT, Kind.YEAR, Kind.LIST} <= kinds
    assert kinds - {Kind.DURATION, Kind.MEASURE} <= DOUBTFUL
    assert not DOUBTFUL & {Kind.DATE, Kind.TIME, Kind.AMOUNT, Kind.DURATION, Kind.MEASURE, Kind.PERCENTAGE}


MAKERS: dict[QuantityKind, Callable[[random.Random], str]] = {
    Kind.TIME: lambda some: f"{some.randint(1, 23)}:{some.choice(['00', '15', '30', '45'])}",
    Kind.DATE: lambda some: f"{some.randint(1, 28):02}/{some.randint(1, 12):02}/{some.randint(2020, 2030)}",
    Kind.AMOUNT: lambda some: f"${some.randint(1, 9999):,}.{some.randint(10, 99)}",
    Kind.DURATION: lambda some: f"{some.randint(2, 99)} {some.choice(['days', 'months', 'meses', 'horas'])}",
    Kind.MEASURE: lambda some: f"{some.randint(2, 999)} {some.choice(['megabits', 'gigas', 'kWh', 'km'])}",
    Kind.PERCENTAGE: lambda some: f"{some.randint(2, 99)} {some.choice(['%', 'percent', 'por ciento'])}",
}


@pytest.mark.parametrize("seed", range(40))
def test_every_quantity_of_a_sentence_made_by_rule_is_found_whole(seed: int) -> None:
    some = random.Random(seed)
    made = [(kind, MAKERS[kind](some)) for kind in some.sample(list(MAKERS), 3)]
    text = " then ".join(said for _, said in made)
    assert read(text) == made


def test_marks_lead_back_to_what_was_written() -> None:
    said = "İt’s #5 – Veintitrés años"
    text = marked(said)
    assert len(text.text) == len(text.spans)
    assert text.text.endswith(" # anos")
    (five, years) = text.numbers
    assert [said[slice(*text.span(at, at + 1))] for at in (five, years)] == ["5", "Veintitrés"]
