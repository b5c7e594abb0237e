"""Card data in calls made by rule: all of it is found and masked, and no other number is taken for it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from include.calls.transcript import Transcript, Turn
from include.card_data.finding import card_data
from include.card_data.masking import card_marks, masked
from include.scorecards.rules import no_card_data_spoken
from include.spoken.numbers import digit_runs, numbers_in
from tests.corpora.cards import CARDS, digits_of_card
from tests.corpora.dialogue import Item, as_transcript, made
from tests.corpora.identifiers import TRIAL_CARDS, french_key, iban_check, spanish_control, with_luhn
from tests.corpora.other_numbers import OTHER_NUMBERS
from tests.thoroughness import tries

pytestmark = pytest.mark.long

NEGATIVES, POSITIVES = tries(250, 1000), tries(100, 200)
MAX_REVIEW_SHARE, MIN_FOUND_SHARE = 0.005, 0.99
SHOWN = 5
# A word, so that the last four of one turn and what is said in the next are not read as one number.
BETWEEN_TURNS = " ; turn ; "


@cache
def negatives(family: str) -> list[Item]:
    return made(OTHER_NUMBERS, family, NEGATIVES)


@cache
def positives(family: str) -> list[Item]:
    return made(CARDS, family, POSITIVES)


@cache
def without_card_data(family: str) -> list[Transcript]:
    """The dialogues of `positives` as they are stored: what was found is masked, and marked."""
    return [masked(as_transcript(item)) for item in positives(family)]


def told(misses: list[str], of: int) -> str:
    return "\n".join([f"{len(misses)} of {of}:", *misses[:SHOWN]])


@pytest.mark.parametrize("family", OTHER_NUMBERS)
def test_another_number_fails_nobody_and_seldom_goes_to_a_person(family: str) -> None:
    items = negatives(family)
    assert len(items) == NEGATIVES
    certain, suspected = [], []
    for item in items:
        transcript = as_transcript(item)
        answer = no_card_data_spoken(transcript)
        if answer.answer == "no":
            found = [(one.kind, one.digits, one.reason) for one in card_data(transcript.turns)]
            (certain if answer.certain else suspected).append(f"{found} {item}")
    assert not certain, "taken for card data: " + told(certain, len(items))
    assert len(suspected) <= MAX_REVIEW_SHARE * len(items), "sent to a person: " + told(suspected, len(items))


@pytest.mark.parametrize("family", CARDS)
def test_card_data_is_found(family: str) -> None:
    items = positives(family)
    assert len(items) == POSITIVES
    misses = []
    for item, after in zip(items, without_card_data(family), strict=True):
        kinds = {mark.kind for _, mark in card_marks(after)}
        wanted = {kind for kind, said in (("CARD", item.card), ("CVV", item.cvv)) if said}
        assert wanted, item
        if not wanted <= kinds or no_card_data_spoken(after).answer != "no":
            misses.append(f"{sorted(wanted - kinds)} of {item.card} {item.cvv} not found: {item}")
    assert len(misses) <= (1 - MIN_FOUND_SHARE) * len(items) + 1e-9, told(misses, len(items))


@pytest.mark.parametrize("family", CARDS)
def test_no_card_data_is_left_by_masking(family: str) -> None:
    items = positives(family)
    assert len(items) == POSITIVES
    misses = []
    for item, after in zip(items, without_card_data(family), strict=True):
        if leaks := list(_leaks(item, after)):
            text = " / ".join(turn.text for turn in after.turns)
            misses.append(f"{leaks} of {item.card} {item.cvv}: {text} WAS {item}")
    assert len(misses) <= (1 - MIN_FOUND_SHARE) * len(items) + 1e-9, told(misses, len(items))


@pytest.mark.parametrize("family", CARDS)
def test_the_corpus_says_what_it_claims(family: str) -> None:
    """Each place reads as its digits, and together the places hold the whole number."""
    for item in positives(family):
        texts = [text for _, text in item.turns]
        assert all(secret.text in texts[secret.turn] for secret in item.secrets), item
        said = "".join(secret.digits for secret in item.secrets if secret.kind == "CARD")
        assert bool(item.card) == bool(said) and all(digit in said for digit in item.card), item
        codes = {secret.digits for secret in item.secrets if secret.kind == "CVV"}
        assert codes == ({item.cvv} if item.cvv else set()), item
        for secret in item.secrets:
            assert "".join(number.digits for number in numbers_in(secret.text)) == secret.digits, secret


def test_made_numbers_are_valid_as_published_ones_are() -> None:
    assert spanish_control("21000418", "0200051332") == "45"
    assert french_key("2004101005", "0500013M026") == "06"
    assert iban_check("ES", "21000418450200051332") == "91"
    assert iban_check("GB", "NWBK60161331926819") == "29"
    assert iban_check("FR", "20041010050500013M02606") == "14"
    assert {card for card in TRIAL_CARDS if with_luhn(card[:-1]) != card} == set()


def test_an_unmasked_call_would_be_noticed() -> None:
    for family in CARDS:
        for item in positives(family):
            # 4242 4242 4242 4242 says its last four four times.
            if not item.card or len(set(item.card)) > 2:
                assert list(_leaks(item, as_transcript(item))), item


def test_a_masking_that_knows_every_place_would_pass() -> None:
    for family in CARDS:
        for item in positives(family):
            texts = [text for _, text in item.turns]
            for secret in sorted(item.secrets, key=lambda one: -len(one.text)):
                texts[secret.turn] = _said(secret.text).sub(f"[{secret.kind}]", texts[secret.turn], count=1)
            turns = tuple((speaker, text) for (speaker, _), text in zip(item.turns, texts, strict=True))
            assert not list(_leaks(item, as_transcript(replace(item, turns=turns)))), (item, texts)


def _leaks(item: Item, after: Transcript) -> Iterator[str]:
    """What somebody can still read of the card; the last four digits may stay."""
    assert [turn.id for turn in after.turns] == [f"t{n}" for n, _ in enumerate(item.turns, start=1)]
    for text in dict.fromkeys(_views(after.turns)):
        runs = [run.digits for run in digit_runs(text)]
        # All that is said, whatever words are between. The last four may be told again and again; and the
        # "one" of "one moment" is no digit.
        said = "".join("|" if len(one) == 1 or item.card[-4:].endswith(one) else one for one in runs)
        yield from {f"reads on {found}" for run in (said, *runs) if (found := digits_of_card(run, item.card))}
    for turn in (after.turns[n] for n in {secret.turn for secret in item.secrets if secret.kind == "CVV"}):
        for text in {turn.text, " ".join(word.text for word in turn.words)}:
            if item.cvv in "".join(number.digits for number in numbers_in(text)):
                yield f"code {item.cvv}"
    groups = set(_groups_left(item, after))
    # A group of two figures is seldom known from a date or an amount; three of them are.
    if len(groups) >= 3 or any(len(digits) > 2 for _, digits in groups):
        yield f"groups {[text for text, _ in groups]}"


def _groups_left(item: Item, after: Transcript) -> Iterator[tuple[str, str]]:
    """Each group of the card that still stands where it was said, but those of the last four digits."""
    for secret in item.secrets:
        turn = after.turns[secret.turn]
        of_tail = item.card[-4:].endswith(secret.digits)
        if secret.kind == "CARD" and not of_tail:
            texts = (turn.text, " ".join(word.text for word in turn.words))
            if any(secret.text in text and _said(secret.text).search(text) for text in texts):
                yield secret.text, secret.digits


@cache
def _said(words: str) -> re.Pattern[str]:
    """Where these stand as words of their own."""
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")


def _views(turns: Iterable[Turn]) -> Iterator[str]:
    """Texts of all turns and of each speaker's, and the words of them."""
    turns = list(turns)
    for who in (None, *{turn.speaker for turn in turns}):
        of_them = [turn for turn in turns if who in (None, turn.speaker)]
        yield BETWEEN_TURNS.join(turn.text for turn in of_them)
        yield BETWEEN_TURNS.join(" ".join(word.text for word in turn.words) for turn in of_them)
