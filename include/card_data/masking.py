"""Masks instead of payment card data: what is stored, sent on or logged holds no more than four digits of it.

My number is 4111 1111 1111 1111 and the code is 123.
My number is [card number ending 1111] and the code is [card security code].
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.calls.call import ChannelRole
from include.calls.transcript import CardMark, Transcript, Turn, Word
from include.card_data.datum import CARD, CardDatum
from include.card_data.finding import card_data
from include.card_data.masks import MASK, SECURITY_CODE, card_number

# Stands for each further word of a mask: no letter or digit, so that whoever matches words skips it.
BULLET = "•"
# Times, addresses, ids and hashes: one in ten of them would pass Luhn's check if it had the right length.
_MACHINE_WRITTEN = re.compile(
    r"\b(19|20)\d\d-[01]\d-[0-3]\d([T ][0-2]\d:[0-5]\d(:[0-5]\d([.,]\d+)?)?([+-]\d\d:?\d\d)?)?"
    r"|\b([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?"
    r"|\b(\d{1,3}\.){3}\d{1,3}(:\d+)?\b"
    r"|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b(?=[0-9a-f]*[a-f])[0-9a-f]{16,}\b"
)
# Looks end when nothing more is found. A mask changes what is around what is left, so that one is not enough.
_MOST_LOOKS = 5


@dataclass(frozen=True)
class Hiding:
    """A stretch of a text that a mask takes the place of."""

    start: int
    end: int
    mask: str


@dataclass(frozen=True)
class _Found(Hiding):
    datum: CardDatum


def mask_of(datum: CardDatum) -> str:
    """What is written instead; the same for every place where the same number is said."""
    return card_number(datum.digits) if datum.kind == CARD else SECURITY_CODE


def masked(transcript: Transcript) -> Transcript:
    """The transcript without card data; one that has none any more comes back as it is."""
    return transcript.model_copy(update={"turns": masked_turns(transcript.turns)})


def masked_turns(turns: Sequence[Turn]) -> list[Turn]:
    """Masks card data in the text and words of turns, and marks where it was said.

    Masked words keep their times and confidences: the first has the mask as its text, the others a bullet.
    Masks that are there, and their marks, stay as they are; masks of a host that sent no marks get them.
    """
    looked_at = [_with_marks(turn) for turn in turns]
    for _ in range(_MOST_LOOKS):
        found = _hidings(looked_at)
        if not found:
            break
        looked_at = [_masked_turn(turn, found[n]) if n in found else turn for n, turn in enumerate(looked_at)]
    return _without_stray_words(looked_at)


def masked_text(text: str) -> str:
    """Free text (a log line, a message, an answer) without what is, or may be, card data.

    Figures that machines write (times, addresses, hashes) are nobody's card number.
    """
    for _ in range(_MOST_LOOKS):
        seen = _MACHINE_WRITTEN.sub(lambda written: "x" * len(written.group()), text)
        turns = [_turn_of(seen)]
        # What is called "order" or "gate" there is no caller's word for a number.
        found = _hidings(turns).get(0, []) or _hidings(turns, heeds_names=False).get(0, [])
        if not found:
            break
        text = hidden(text, found)
    return text


def card_marks(transcript: Transcript) -> list[tuple[Turn, CardMark]]:
    """Every place where card data was said, in order of turns."""
    return [(turn, mark) for turn in transcript.turns for mark in turn.card_data]


def _hidings(turns: Sequence[Turn], *, heeds_names: bool = True) -> dict[int, list[_Found]]:
    """What has to be masked, by place of the turn, disjoint and in order."""
    found: dict[int, list[_Found]] = {}
    for datum in card_data(turns, heeds_names=heeds_names):
        for piece in datum.pieces:
            found.setdefault(piece.turn, []).append(_Found(piece.start, piece.end, mask_of(datum), datum))
    return {turn: _disjoint(places) for turn, places in found.items()}


def hidden(text: str, places: Iterable[Hiding]) -> str:
    """The text with masks."""
    parts, at = [], 0
    for place in places:
        parts += [text[at : place.start], place.mask]
        at = place.end
    return "".join([*parts, text[at:]])


def _turn_of(text: str) -> Turn:
    return Turn(
        id="t1", speaker=ChannelRole.UNKNOWN, channel=0, start_ms=0, end_ms=0, text=text, confidence=1
    )


def _touches(spans: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    return any(start < its_end and its_start < end for its_start, its_end in spans)


def _disjoint(places: Iterable[_Found]) -> list[_Found]:
    """Overlapping ones become one, which hides all that any of them hid."""
    kept: list[_Found] = []
    for place in sorted(places, key=lambda place: (place.start, -place.end)):
        if kept and place.start < kept[-1].end:
            last = kept.pop()
            place = _Found(last.start, max(last.end, place.end), last.mask, last.datum)  # noqa: PLW2901
        kept.append(place)
    return kept


def _with_marks(turn: Turn) -> Turn:
    """A mask says that card data was said, also where nothing tells when."""
    masks = [] if turn.card_data else list(MASK.finditer(turn.text))
    if not masks:
        return turn
    spans = _spans(turn)
    heard = [(mask, _heard(turn, *mask.span(), spans)) for mask in masks]
    marks = [
        CardMark(kind="CVV" if mask.group(1) is None else "CARD", start_ms=start_ms, end_ms=end_ms)
        for mask, (start_ms, end_ms) in heard
    ]
    return turn.model_copy(update={"card_data": marks})


def _masked_turn(turn: Turn, places: Sequence[_Found]) -> Turn:
    spans = _spans(turn)
    marks = [*turn.card_data, *(_mark(turn, place, spans) for place in places)]
    return turn.model_copy(
        update={
            "text": hidden(turn.text, places),
            "words": _masked_words(turn, places, spans) if spans else [],
            "card_data": sorted(marks, key=lambda mark: mark.start_ms),
        }
    )


def _mark(turn: Turn, place: _Found, spans: Sequence[tuple[int, int]]) -> CardMark:
    start_ms, end_ms = _heard(turn, place.start, place.end, spans)
    return CardMark(
        kind="CARD" if place.datum.kind == "CARD" else "CVV",
        certain=place.datum.certain,
        reason=place.datum.reason,
        start_ms=start_ms,
        end_ms=end_ms,
    )


def _heard(turn: Turn, start: int, end: int, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """When characters were said: by the words' times, or else as if every character took as long."""
    words = [
        word
        for word, span in zip(turn.words, spans, strict=False)
        if _touches([span], start, end) or (word.text.startswith(BULLET) and span[0] == end)
    ]
    if words:
        return min(word.start_ms for word in words), max(word.end_ms for word in words)
    per_char_ms = (turn.end_ms - turn.start_ms) / max(1, len(turn.text))
    return turn.start_ms + round(start * per_char_ms), turn.start_ms + round(end * per_char_ms)


def _without_stray_words(turns: Sequence[Turn]) -> list[Turn]:
    """Where words say something else than the text, those with card data are left out, with their times."""
    stray = {n for n, turn in enumerate(turns) if turn.words and not _spans(turn)}
    if not stray:
        return list(turns)
    said = [
        turn.model_copy(update={"text": " ".join(word.text for word in turn.words)}) if n in stray else turn
        for n, turn in enumerate(turns)
    ]
    private = stray & _hidings(said).keys()
    return [turn.model_copy(update={"words": []}) if n in private else turn for n, turn in enumerate(turns)]


def _spans(turn: Turn) -> list[tuple[int, int]]:
    """Where each word stands in the turn's text; nothing when words and text do not say the same."""
    spans: list[tuple[int, int]] = []
    at = 0
    for word in turn.words:
        core = word.text.strip().lstrip(BULLET)
        start = turn.text.find(core, at)
        if start < 0 or _says_more(turn.text[at:start]):
            return []
        at = start + len(core)
        spans.append((start, at))
    return [] if _says_more(turn.text[at:]) else spans


def _says_more(between: str) -> bool:
    """Whether anything but masks is said between two words: mostly there is a space."""
    return not between.isspace() and re.search(r"\w", MASK.sub("", between)) is not None


def _masked_words(turn: Turn, places: Sequence[Hiding], spans: Sequence[tuple[int, int]]) -> list[Word]:
    waiting = list(places)
    words = []
    for word, (start, end) in zip(turn.words, spans, strict=True):
        text, at = "", start
        for place in (place for place in places if _touches([(start, end)], place.start, place.end)):
            text += turn.text[at : max(at, place.start)]
            text += place.mask if place in waiting else BULLET
            waiting = [other for other in waiting if other is not place]
            at = min(end, place.end)
        words.append(word.model_copy(update={"text": text + turn.text[at:end]}) if text else word)
    return words
