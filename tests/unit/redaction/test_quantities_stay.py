"""What counts or measures stays in what the LLM sees: criteria turn on it, and it is about nobody."""

import pytest

from tests.unit.redaction.test_redacting import redacted

STAYS = [
    "We are open between 9:00 and 12:00, and from 4:30 to 8:00 in the afternoon.",
    "a las diez y media, y de 16:00 a 20:00",
    "from nine to five",
    "It was 16/11/2026 or 2026-11-17.",
    "on the 4th of December and the 15th, 16th and 17th of January",
    "el quince de marzo de dos mil veintiséis",
    "That'll be $1,299.99, plus $49.50, so $1,349.49.",
    "1.299,99 € al mes, antes 1.350,00 €",
    "one thousand two hundred and ninety nine dollars",
    "15, 20, 25 euros",
    "from January 2026, 24 months",
    "within 14 days, 20 at most",
    "600 megabits instead of 300, and the fibre plan 300 300",
    "fibra 600 600",
    "it went from 120 to 145 and then to 160",
    "it's 3.75 percent for 10 years, 4.1 for 20",
    "press one, two or three",
    "in 2024, 2025 and 2026",
    "69.99, 79.99 and 89.99",
    "nine fifteen, ten thirty or eleven forty five",
    "10:00, 11:30 or 14:15",
    "24 hours a day, 365 days a year",
    "doscientos cincuenta mil euros a 30 años",
    "29,99 los 12 primeros meses y después 49,99",
    "Directive 2011/83/EU",
    "Directive 95/46/EC, and Regulation (EU) 2016/679",
    "el Reglamento 2016/679 y el Real Decreto 1720/2007",
    "la Ley 12/2023 y la Ley Orgánica 15/1999",
    "Regulation twenty sixteen, six seventy nine",
    "It was 350, then 420, then 505",
    "it was 350 and then 420",
    "bills of 120, 145 and then 160",
    "350, 420, and finally 505",
    "la factura fue de 85, luego de 92 y ahora de 110",
    "300 600 o 1000",
    "según el RGPD 2016/679",
    "pagaba 120, luego 145, y después 160",
    "100 300 600 o 1000 megas",
    "100 300 600, or 1000 megabits",
    "12 24 o 36 meses",
    "20 30 40 and 50 euros",
    "You were charged 49, 51, 47 and 50 pounds over the last four months.",
    "Se le cobró 49, 51, 47 y 50 euros los últimos cuatro meses.",
]


@pytest.mark.parametrize("said", STAYS)
def test_quantities_stay_alone_and_after_a_question_for_a_number(said: str) -> None:
    assert redacted(said)[0] == [said]
    asked = ("And your account number?", "I don't have it here.", said)
    assert redacted(*asked)[0] == list(asked)


def test_a_number_beside_quantities_goes_alone() -> None:
    said = "My number is 612 345 678, call me between 9:00 and 12:00 on 16/11/2026, it's about the $1,299.99."
    (text,), _ = redacted(said)
    assert text == "My number is [PHONE_1], " + said.split(", ", 1)[1]


def test_a_list_is_a_number_where_one_is_asked_for() -> None:
    assert redacted("Your account number?", "15, 26, 37")[0][1] == "[ACCOUNT_1]"
    assert redacted("Which sizes?", "15, 26 or 37")[0][1] == "15, 26 or 37"
