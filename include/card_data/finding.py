"""Payment card data in a conversation: card numbers and security codes, also spread over several turns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from include.calls.transcript import Turn
from include.card_data.formats import luhn_valid
from include.spoken.folding import plain
from include.spoken.numbers import DigitRun, digit_runs

# Issuer ranges and lengths of the large schemes (ISO/IEC 7812 IINs as the schemes publish them).
_CARD = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|6\d{15}(\d{3})?"
)
_CARD_LENGTHS = (19, 16, 15, 14, 13)
# A number that goes on in the next turn ends near the end of one and begins near the start of the other.
_MARGIN_CHARS = 15
_INTERJECTION_WORDS = 4
_CVV_CUE = re.compile(
    r"\b(cvv2?|cvc2?|cvn|cv2|c v v|c v c|card security code|card verification"
    r"|security code|three digits? on the back|codigo de seguridad"
    r"|tres (ultimos )?(digitos|numeros) (de|en|del) (atras|detras|reverso|dorso))\b"
)
_CVV_WITHIN_TURNS = 3
# "150 euros" after somebody named the code is an amount, not the code.
_AMOUNT_BEFORE = re.compile(r"[$€£]\s*$")
_AMOUNT_AFTER = re.compile(
    r"\s*([%€]|percent|por ciento|dollars?|euros?|pounds?|cents?|dolares|libras|pesos|centimos"
    r"|(business |working )?days?|hours?|minutes?|months?|years?|dias|horas|minutos|meses|anos)"
)


@dataclass(frozen=True)
class Piece:
    """A stretch of characters of one turn; `turn` counts from 0."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True)
class CardDatum:
    """A card number or a security code that someone said.

    Attributes:
        kind: `CARD` or `CVV`.
        pieces: Where it was said; several when it goes over several turns.
    """

    kind: str
    digits: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class _Spoken:
    turn: int
    run: DigitRun


def card_data(turns: Sequence[Turn]) -> list[CardDatum]:
    """Finds card numbers (plausible issuer and length, Luhn) and security codes, each once per place."""
    runs = [_Spoken(n, run) for n, turn in enumerate(turns) for run in digit_runs(turn.text)]
    cards = [card for chain in _chains(turns, runs) if (card := _card_in(chain)) is not None]
    taken = {(piece.turn, piece.start) for card in cards for piece in card.pieces}
    codes = [code for code in _codes(turns, runs) if (code.pieces[0].turn, code.pieces[0].start) not in taken]
    return cards + codes


def _chains(turns: Sequence[Turn], runs: Sequence[_Spoken]) -> Iterator[list[_Spoken]]:
    """Groups the runs that one speaker says as one number."""
    speakers = dict.fromkeys((turn.channel, turn.speaker) for turn in turns)
    for who in speakers:
        chain: list[_Spoken] = []
        for spoken in runs:
            turn = turns[spoken.turn]
            if (turn.channel, turn.speaker) != who or len(spoken.run.digits) < 2:
                continue
            if chain and not _continues(turns, chain[-1], spoken):
                yield chain
                chain = []
            chain.append(spoken)
        if chain:
            yield chain


def _continues(turns: Sequence[Turn], last: _Spoken, following: _Spoken) -> bool:
    if last.turn == following.turn:
        return False
    at_end = len(turns[last.turn].text) - last.run.end <= _MARGIN_CHARS
    at_start = following.run.start <= _MARGIN_CHARS
    between = turns[last.turn + 1 : following.turn]
    return at_end and at_start and all(len(turn.text.split()) <= _INTERJECTION_WORDS for turn in between)


def _card_in(chain: Sequence[_Spoken]) -> CardDatum | None:
    """The card number that a chain is, begins with or ends with: other windows match by chance too often."""
    digits = "".join(spoken.run.digits for spoken in chain)
    places = [(spoken.turn, *place) for spoken in chain for place in spoken.run.places]
    for length in (len(digits), *_CARD_LENGTHS):
        for first in {0, len(digits) - length}:
            window = digits[first : first + length] if first >= 0 else ""
            if _CARD.fullmatch(window) and luhn_valid(window):
                return CardDatum("CARD", window, _pieces(places[first : first + length]))
    return None


def _pieces(places: Sequence[tuple[int, int, int]]) -> tuple[Piece, ...]:
    turns = dict.fromkeys(turn for turn, _, _ in places)
    return tuple(
        Piece(turn, min(s for t, s, _ in places if t == turn), max(e for t, _, e in places if t == turn))
        for turn in turns
    )


def _codes(turns: Sequence[Turn], runs: Sequence[_Spoken]) -> Iterator[CardDatum]:
    """Runs of 3 or 4 digits soon after somebody names the security code."""
    cues = [(n, cue.end()) for n, turn in enumerate(turns) for cue in _CVV_CUE.finditer(plain(turn.text))]
    for turn, end in cues:
        for spoken in runs:
            later = (spoken.turn, spoken.run.start) >= (turn, end) and spoken.turn <= turn + _CVV_WITHIN_TURNS
            if (
                later
                and len(spoken.run.digits) in (3, 4)
                and not _amount(turns[spoken.turn].text, spoken.run)
            ):
                yield CardDatum(
                    "CVV", spoken.run.digits, (Piece(spoken.turn, spoken.run.start, spoken.run.end),)
                )
                break


def _amount(text: str, run: DigitRun) -> bool:
    before, after = text[: run.start], plain(text[run.end :])
    return bool(_AMOUNT_BEFORE.search(before) or _AMOUNT_AFTER.match(after))
