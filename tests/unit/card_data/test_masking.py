"""No more than the last four digits of a card number stay, nothing of its code, and all else stays."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn, Word
from include.card_data.masking import MASK, card_marks, masked, masked_text
from include.scorecards.evidence import EvidenceChecker, EvidenceStatus
from include.spoken.numbers import digit_runs
from tests.unit.card_data.numbers import card_numbers, ways_to_say

Spoken = Callable[..., Transcript]


def digits_left(text: str) -> str:
    return "".join(run.digits for run in digit_runs(text))


def test_sample_call_as_a_recogniser_wrote_it(spoken: Spoken) -> None:
    call = spoken(
        ("agent", "How would you like to pay?"),
        ("customer", "With my credit card. The number is 5-105-1051-0510-5100. It is blue."),
    )
    assert masked(call).turns[1].text == (
        "With my credit card. The number is [card number ending 5100]. It is blue."
    )
    assert masked(call).turns[0] == call.turns[0]


@pytest.mark.long
@pytest.mark.parametrize("with_words", [False, True])
def test_of_every_card_number_however_it_is_said_at_most_four_digits_stay(
    spoken: Spoken, with_words: bool
) -> None:
    said = [(number, way) for number in card_numbers(40) for way in ways_to_say(number)]
    for number, way in said:
        call = spoken(
            ("agent", "Go on."), ("customer", f"Sure, it is {way}. Is that right?"), with_words=with_words
        )
        turn = masked(call).turns[1]
        assert turn.text == f"Sure, it is [card number ending {number[-4:]}]. Is that right?", way
        assert digits_left(" ".join(word.text for word in turn.words)) in {"", number[-4:]}, way


def test_every_piece_of_one_number_has_the_same_mask(spoken: Spoken) -> None:
    call = spoken(
        ("customer", "It's five five five five, five five five five"),
        ("agent", "uh huh"),
        ("customer", "five five five five, four four four four. Got it?"),
    )
    assert [turn.text for turn in masked(call).turns] == [
        "It's [card number ending 4444]",
        "uh huh",
        "[card number ending 4444]. Got it?",
    ]
    assert [(turn.id, mark.kind) for turn, mark in card_marks(masked(call))] == [
        ("t1", "CARD"),
        ("t3", "CARD"),
    ]


def test_nothing_stays_of_a_security_code(spoken: Spoken) -> None:
    call = spoken(
        ("customer", "4111 1111 1111 1111"),
        ("agent", "And the three digits on the back?"),
        ("customer", "nine eight seven, and I live at 345 Elm Street"),
    )
    assert masked(call).turns[2].text == "[card security code], and I live at 345 Elm Street"


@pytest.mark.long
def test_a_second_look_changes_nothing_however_much_is_masked(spoken: Spoken) -> None:
    for number in card_numbers(30, seed=2):
        for way in ways_to_say(number):
            once = masked(
                spoken(
                    ("agent", "The card number and then the security code please."),
                    ("customer", f"{way}, and 345. I live at 12 Elm Street, 678"),
                    ("agent", f"Is that {number} with code 345? The order is 901."),
                    ("customer", "Yes, 20 dollars."),
                    with_words=True,
                )
            )
            assert card_marks(once)
            assert masked(once) == once


@pytest.mark.long
def test_a_second_look_changes_nothing_whatever_is_said(spoken: Spoken) -> None:
    chance, numbers = random.Random(7), list(card_numbers(100, seed=9))
    words = [
        "okay",
        "and",
        "uh",
        "my number is",
        "no wait",
        "security code",
        "CVV",
        "código de seguridad",
        "$64",
    ]
    figures = ["123", "4567", "nine eight seven", "double four", "08/28", "345 dollars", "5105", "1051 0510"]
    masks = ["[card number ending 1111]", "[card security code]"]
    found = 0
    for _ in range(500):
        said = [
            chance.choice([*words, *figures, *chance.choice([masks, ways_to_say(chance.choice(numbers))])])
            for _ in range(chance.randrange(2, 20))
        ]
        per_turn = chance.randrange(1, 6)
        turns = [" ".join(said[at : at + per_turn]) for at in range(0, len(said), per_turn)]
        call = spoken(
            *((chance.choice(["agent", "customer"]), turn) for turn in turns),
            with_words=chance.random() < 0.7,
        )
        once = masked(call)
        assert masked(once) == once, turns
        assert [len(t.card_data) for t in once.turns] == [len(MASK.findall(t.text)) for t in once.turns], (
            turns
        )
        found += len(card_marks(once))
    assert found > 300


def test_a_transcript_without_card_data_stays_as_it_is(spoken: Spoken) -> None:
    call = spoken(
        ("agent", "The open amount is $64 and your order is 4111 1111 1111 1112."),
        ("customer", "My number is 0176 1234 5678, since 2026."),
        with_words=True,
    )
    assert masked(call) == call


def test_masked_words_keep_their_times(spoken: Spoken) -> None:
    call = spoken(("customer", "it is 4111 1111 1111 1111, okay?"), with_words=True)
    [turn] = masked(call).turns
    assert [word.text for word in turn.words] == [
        "it",
        "is",
        "[card number ending 1111]",
        "•",
        "•",
        "•,",
        "okay?",
    ]
    unchanged = [word.model_copy(update={"text": ""}) for word in call.turns[0].words]
    assert [word.model_copy(update={"text": ""}) for word in turn.words] == unchanged


def test_a_mark_tells_when_card_data_was_said_by_its_words(spoken: Spoken) -> None:
    [(turn, mark)] = card_marks(
        masked(spoken(("customer", "it is 4111 1111 1111 1111, okay?"), with_words=True))
    )
    assert (turn.id, mark.kind, mark.certain) == ("t1", "CARD", False)
    assert "nobody speaks of a payment" in mark.reason
    assert (mark.start_ms, mark.end_ms) == (10_200, 10_590)  # third word to sixth


def test_without_words_a_mark_is_where_the_characters_stand(spoken: Spoken) -> None:
    text = "it is 4111 1111 1111 1111, okay?"  # 32 characters in 8 s
    [(_, mark)] = card_marks(masked(spoken(("customer", text))))
    assert (mark.start_ms, mark.end_ms) == (10_000 + 6 * 250, 10_000 + 25 * 250)


def test_words_and_text_of_a_masked_turn_say_the_same_to_who_looks_for_quotes(spoken: Spoken) -> None:
    call = masked(
        spoken(("customer", "The number is 4111 1111 1111 1111. Thank you very much."), with_words=True)
    )
    for quote in (
        "The number is [card number ending 1111]. Thank you",
        "card number ending 1111",
        "Thank you",
    ):
        found = EvidenceChecker(call).check(quote, "t1")
        assert found.status is EvidenceStatus.VERIFIED, quote


def test_words_that_are_not_the_words_of_the_text_go_when_they_hold_card_data() -> None:
    def turn(text: str, *words: str) -> Transcript:
        heard = [Word(text=word, start_ms=0, end_ms=10, confidence=1) for word in words]
        one = Turn(
            id="t1",
            speaker=ChannelRole.CUSTOMER,
            channel=0,
            start_ms=0,
            end_ms=900,
            text=text,
            confidence=1,
            words=heard,
        )
        return Transcript(call_id="c", language="en", turns=[one])

    hidden = masked(turn("It is my number.", "It", "is", "4111", "1111", "1111", "1111"))
    assert hidden.turns[0].words == []
    both = masked(turn("It is 4111 1111 1111 1111.", "It", "was", "4111111111111111"))
    assert (both.turns[0].text, both.turns[0].words) == ("It is [card number ending 1111].", [])
    harmless = turn("It is fine.", "It", "was", "fine")
    assert masked(harmless) == harmless


def test_masks_that_a_host_of_ones_own_wrote_stay(spoken: Spoken) -> None:
    call = spoken(
        ("agent", "Your security code?"),
        ("customer", "[card security code], and [card number ending 4444]. I live at 345 Elm Street."),
    )
    assert [turn.text for turn in masked(call).turns] == [turn.text for turn in call.turns]
    assert [(turn.id, mark.kind) for turn, mark in card_marks(masked(call))] == [
        ("t2", "CVV"),
        ("t2", "CARD"),
    ]
    assert masked(masked(call)) == masked(call)


def test_masks_without_marks_get_those_that_they_had(spoken: Spoken) -> None:
    said = ("customer", "it is 4111 1111 1111 1111, right? The code is 123")
    for with_words in (True, False):
        call = masked(spoken(("agent", "The card number and the code?"), said, with_words=with_words))
        assert card_marks(call)
        unmarked = [turn.model_copy(update={"card_data": []}) for turn in call.turns]
        again = masked(call.model_copy(update={"turns": unmarked}))
        assert [mark.kind for _, mark in card_marks(again)] == [mark.kind for _, mark in card_marks(call)]
        told = [[(mark.kind, mark.start_ms, mark.end_ms) for _, mark in card_marks(c)] for c in (again, call)]
        assert told[0] == told[1] or not with_words


def test_a_mark_survives_json(spoken: Spoken) -> None:
    call = masked(spoken(("customer", "it is 4111 1111 1111 1111"), with_words=True))
    assert Transcript.model_validate_json(call.model_dump_json()) == call
    old = call.model_dump(mode="json")
    for turn in old["turns"]:
        del turn["card_data"]  # as older versions stored it
    assert card_marks(Transcript.model_validate(old)) == []


def test_the_identity_of_a_transcript_hangs_on_its_text_only(spoken: Spoken) -> None:
    call = masked(spoken(("customer", "it is 4111 1111 1111 1111"), with_words=True))
    unmarked = [turn.model_copy(update={"card_data": []}) for turn in call.turns]
    assert call.model_copy(update={"turns": unmarked}).sha256 == call.sha256


class TestText:
    def test_whatever_stands_around_a_number_in_free_text_it_goes(self) -> None:
        for before in ("/srv/gate/order/case.py line 34: phone ", "IBAN: ", "reference ", "account number "):
            assert masked_text(f"{before}4111 1111 1111 1111.") == f"{before}[card number ending 1111]."

    @pytest.mark.long
    def test_free_text_has_no_card_data_any_more(self) -> None:
        for number in card_numbers(30, seed=3):
            for way in ways_to_say(number):
                text = masked_text(f"stt: 1 validation error, input '{way}' of call 7")
                assert (
                    text == f"stt: 1 validation error, input '[card number ending {number[-4:]}]' of call 7"
                )
                assert masked_text(text) == text

    def test_other_text_stays(self) -> None:
        for text in (
            "",
            "call_id=20261116-8ab2178ff463b1de42f0 stage=stt shard=3 attempt=1 host_lost: 127.0.0.1:9001",
            "sha256 5cc5655ed43a2b88505282025af71b02a79b2a2ba3345b40deee765bc8905804",
            "order 4111 1111 1111 1112",
            "[card number ending 1111] and [card security code]",
            "2026-11-29T08:34:44.358667+00:00",  # 34 44 358667 00 00 is a valid number of Diners Club
        ):
            assert masked_text(text) == text

    @pytest.mark.long
    def test_what_machines_write_stays(self) -> None:
        """Thousands of them, because one in ten numbers of the right length passes Luhn's check."""
        chance = random.Random(4)
        for _ in range(3000):
            moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.uniform(0, 3e7))
            day = f"{moment:%Y-%m-%d}"
            text = (
                f"{moment.isoformat()} INFO {day} {moment:%X},{chance.randrange(1000):03} {moment:%X} "
                f"event_id={UUID(int=chance.getrandbits(128))} call_id={moment:%Y%m%d}-"
                f"{chance.getrandbits(80):020x} sha256 {chance.getrandbits(256):064x} "
                f"10.{chance.randrange(256)}.{chance.randrange(256)}.17:9001"
            )
            assert masked_text(text) == text


def test_an_error_about_a_transcript_does_not_repeat_what_was_said() -> None:
    wrong = {"call_id": "c", "language": None, "turns": [{"id": "t1", "text": "4111 1111 1111 1111"}]}
    with pytest.raises(ValueError, match="validation error") as raised:
        Transcript.model_validate(wrong)
    assert "4111" not in str(raised.value)


@pytest.mark.long
def test_a_mask_stays_whatever_its_digits_and_hides_that_a_code_follows_from_nobody(spoken: Spoken) -> None:
    for last in (f"{n:04}" for n in range(0, 10_000, 37)):
        call = spoken(
            ("customer", f"it is [card number ending {last}]."),
            ("agent", "And the security code?"),
            ("customer", "321."),
        )
        assert [turn.text for turn in masked(call).turns[::2]] == [
            f"it is [card number ending {last}].",
            "[card security code].",
        ]
