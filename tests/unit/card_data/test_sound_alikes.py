"""Digits that a recogniser wrote as words that sound alike, and single digits that go to and fro."""

import pytest

from include.card_data.finding import card_data
from include.card_data.masking import masked
from include.scorecards.rules import no_card_data_spoken
from include.spoken.numbers import spelled

ASKED = [("customer", "I want to pay by card."), ("agent", "What's the card number please?")]
WORDS = list(spelled("0123456789", "en"))
NUMBER = "4539578763621486"


@pytest.mark.parametrize(
    "said",
    [
        "for five tree nine, five ate seven ate, seven sicks tree sicks too, won for ate six".replace(
            "five ate seven ate, seven", "five seven ate seven"
        ),
        "for five three nine five seven ate seven six three six too won for ate six",
        "four five three nine, five seven eight seven, six three six to, one for ate six",
        "fore five free nine. five seven aid seven. sick tree sex too. won for hate sicks",
        "4 5 3 9, 5 7 8 7, 6 3 6 to, won for 8 6",
        "four five three nein five seven eight seven six three six two wan for eight six",
        "cuatro sinco tres nuebe, sinco siete ocho siette, ceis tres ceis dos, uno cuatro ocho ceis",
        "for tea five thir tea nine fifty seven eighty seven sixty three sixty two fourteen eighty six",
    ],
)
def test_digits_that_were_written_as_other_words_are_found(spoken, said):
    for turns in ([said], said.replace(".", ",").split(",")):
        call = spoken(*ASKED, *(("customer", one.strip()) for one in turns))
        assert [datum.digits for datum in card_data(call.turns)] == [NUMBER], turns
        left = " ".join(turn.text for turn in masked(call).turns[2:])
        assert not {"for", "ate", "too", "won", "five", "sinco", "tea"} & set(
            left.replace(",", "").split()
        ), left


@pytest.mark.parametrize("said", ["six oh for", "sicks oh fore", "6 0 for", "it's six oh for"])
def test_a_code_that_was_written_as_other_words_is_found(spoken, said):
    call = spoken(*ASKED, ("customer", NUMBER), ("agent", "And the security code?"), ("customer", said))
    assert ("CVV", "604") in [(datum.kind, datum.digits) for datum in card_data(call.turns)]


@pytest.mark.parametrize(
    "said",
    [
        "I need to look for it, one second, too many things here.",
        "It ate my card, too bad, for two days?",
        "Hold on to it for me.",
        "To be honest I won, too, for free.",
        "We work from eight to four, two to three for lunch.",
        "For what?",
        "I have it here, give me one or two minutes.",
    ],
)
def test_words_of_an_answer_are_no_digits(spoken, said):
    for question in ("What's the card number please?", "And the security code?"):
        call = spoken(("customer", "I pay by card."), ("agent", question), ("customer", said))
        assert masked(call) == call and no_card_data_spoken(call).answer == "yes"


def turns_of_digits(beside: str, echo: str, who: tuple[str, str]) -> list[tuple[str, str]]:
    digits = [WORDS[int(digit)] for digit in NUMBER]
    return [
        turn
        for digit in digits
        for turn in ((who[0], beside.format(digit)), *([(who[1], echo.format(digit))] if echo else []))
    ]


@pytest.mark.parametrize("beside", ["{}", "{}.", "Um, {}.", "{}, yes."])
@pytest.mark.parametrize("echo", ["", "{}.", "{}, okay.", "{}?", "Go on.", "Mm-hm."])
def test_a_number_that_is_said_digit_by_digit_is_masked_on_both_sides(spoken, beside, echo):
    call = spoken(*ASKED, *turns_of_digits(beside, echo, ("customer", "agent")))
    after = masked(call)
    said = {word.strip(".,?") for turn in after.turns[2:] for word in turn.text.lower().split()}
    assert no_card_data_spoken(after).answer == "no" and not said & set(WORDS), after.text


@pytest.mark.parametrize("echo", ["", "{}.", "{}?"])
def test_nobody_need_know_who_speaks(spoken, echo):
    who = [("unknown", text) for _, text in ASKED]
    call = spoken(*who, *turns_of_digits("{}.", echo, ("unknown", "unknown")))
    after = masked(call)
    said = {word.strip(".,?") for turn in after.turns[2:] for word in turn.text.lower().split()}
    assert no_card_data_spoken(after).answer == "no" and not said & set(WORDS), after.text


@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("code", [["six", "oh", "four"], ["6", "0", "4"], ["sixty", "four"]])
def test_a_code_in_pieces_is_masked(spoken, code, echo):
    turns = [turn for one in code for turn in [("customer", one), *([("agent", one)] if echo else [])]]
    asked = [("agent", "Card number?"), ("customer", NUMBER), ("agent", "CVV?")]
    if len(code) == 2:
        turns = [("customer", "six"), ("customer", "oh four")]
    after = masked(spoken(*asked, *turns, ("agent", "Thank you.")))
    assert {turn.text for turn in after.turns[3:-1]} == {"[card security code]"}, after.text


def test_words_near_a_code_that_are_no_digits_stay(spoken):
    call = spoken(
        ("agent", "Card number?"),
        ("customer", NUMBER),
        ("agent", "And the CVV?"),
        ("customer", "One moment."),
        ("agent", "Take your time, one more thing."),
    )
    assert [turn.text for turn in masked(call).turns[3:]] == [turn.text for turn in call.turns[3:]]
