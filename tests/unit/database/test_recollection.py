"""Texts that quote a call lose what was masked in it, however they quote it."""

from collections.abc import Callable

import pytest

from include.calls.transcript import Transcript
from include.database.migrations.card_data.recollection import Recollection
from include.spoken.numbers import digit_runs
from tests.unit.card_data.numbers import card_numbers, ways_to_say

Spoken = Callable[..., Transcript]


def recollection(call: Transcript) -> Recollection:
    return Recollection(call.turns)


def digits_in(text: str) -> list[str]:
    return [run.digits for run in digit_runs(text)]


def test_a_number_is_found_in_every_way_of_writing_it(spoken: Spoken) -> None:
    told = 0
    for number in card_numbers(8, seed=5):
        for said in ways_to_say(number):
            recalled = recollection(spoken(("agent", "Go on."), ("customer", f"Sure, it is {said}.")))
            for written in ways_to_say(number):
                text = recalled.text(f"In turn 2 he says {written}, for 64 dollars.")
                mask = f"[card number ending {number[-4:]}]"
                assert text == f"In turn 2 he says {mask}, for 64 dollars.", (said, written)
                told += 1
    assert told == 8 * 5 * 5


@pytest.mark.long
def test_a_quote_cut_anywhere_tells_the_last_digits_at_most(spoken: Spoken) -> None:
    for number in card_numbers(3, seed=6):
        for said in ways_to_say(number):
            line = f"Well, sure, it is {said}, thank you so much."
            recalled = recollection(spoken(("customer", line)))
            for start in range(len(line) - 10):
                for end in range(start + 10, len(line), 3):
                    text = recalled.text(line[start:end])
                    assert set(digits_in(text)) <= {number[-4:]}, line[start:end]


def test_a_piece_of_a_number_in_several_turns_is_recalled_alone(spoken: Spoken) -> None:
    recalled = recollection(
        spoken(
            ("customer", "It's five five five five, five five five five"),
            ("agent", "uh huh"),
            ("customer", "five five five five, four four four four."),
        )
    )
    assert recalled.text("five five five five, four four four four") == "[card number ending 4444]"
    assert recalled.text("It is 5555555555554444!") == "It is [card number ending 4444]!"
    assert recalled.text("5555 5555 and more") == "[card number ending 4444] and more"


def test_a_code_is_recalled_but_no_amount_of_the_same_figures(spoken: Spoken) -> None:
    recalled = recollection(
        spoken(
            ("customer", "4111 1111 1111 1111"),
            ("agent", "And the three digits on the back?"),
            ("customer", "nine eight seven"),
        )
    )
    assert recalled.text("nine eight seven") == "[card security code]"
    assert recalled.text("The code 987 was said, then nine eight seven again.") == (
        "The code [card security code] was said, then [card security code] again."
    )
    for other in ("It costs $987.", "987.50 in all", "1987", "at t987", "98 or 7 more"):
        assert recalled.text(other) == other


def test_values_keep_their_form_and_their_names(spoken: Spoken) -> None:
    recalled = recollection(spoken(("customer", "it is 4111 1111 1111 1111")))
    value = {"4111 1111 1111 1111": ["it is 4111 1111 1111 1111", 4, None, True, {"quote": "fine"}]}
    assert recalled.value(value) == {
        "4111 1111 1111 1111": ["it is [card number ending 1111]", 4, None, True, {"quote": "fine"}]
    }


@pytest.mark.parametrize(
    "text",
    ["", "t6", "Anything else today?", "ending 1111", "[card number ending 1111]", "on 2026-11-16 at 11:11"],
)
def test_other_texts_stay(spoken: Spoken, text: str) -> None:
    assert recollection(spoken(("customer", "it is 4111 1111 1111 1111"))).text(text) == text
    assert Recollection().text(text) == text
    assert Recollection().empty
