"""Replaces private data by typed tokens before a transcript leaves, and puts it back into what returns.

Rules find what is said rather than written: card numbers and security codes, long numbers, e-mail and street
addresses, dates of birth, PINs and security words, places where somebody lives, and names that somebody
introduces or that the call's metadata holds. Dates, times, amounts and other quantities stay.
`recognition` finds identifiers, and more names and places if there is a model for the call's language. What
nobody finds goes out as it was said.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.calls.transcript import Transcript, Turn
from include.card_data.finding import card_data
from include.card_data.masks import MASK, SECURITY_CODE
from include.redaction.addresses import addresses
from include.redaction.births import birth_dates
from include.redaction.dialogue import Dialogue
from include.redaction.emails import emails
from include.redaction.found import Found, disjoint
from include.redaction.known import NOTHING, Known
from include.redaction.known_numbers import known_numbers
from include.redaction.long_numbers import long_numbers
from include.redaction.name_answers import answered_names, spelled_names
from include.redaction.names import NameFinder, introduced_names
from include.redaction.passcodes import pins, security_words
from include.redaction.places import places_of_home
from include.spoken.folding import plain

# Never put back into a model's own prose: a summary must not become another place that holds card data, or
# what opens somebody's account.
KEPT_OUT_OF_PROSE = frozenset({"CARD", "CVV", "PIN", "SECRET"})
_TOKEN = re.compile(r"\[[A-Z]+_\d+(?:\.\d+)?\]")
_MASKED = "x"


class Redaction:
    """The tokens that stand for private data in one call.

    The same thing gets the same number all over the call: `[CARD_1]`. Said in another way it is
    `[CARD_1.2]`, so that what was said can be put back letter by letter.
    """

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}
        self._tokens: dict[tuple[str, str, str], str] = {}
        self._forms: Counter[tuple[str, str]] = Counter()
        self._numbers: dict[tuple[str, str], int] = {}
        self._seen: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """How many places were replaced, by type."""
        return dict(sorted(self._seen.items()))

    def replaced(self, text: str, found: Iterable[Found]) -> str:
        """The text with tokens instead of what was found."""
        parts, at = [], 0
        for place in found:
            parts += [text[at : place.start], self._token(place, text[place.start : place.end])]
            at = place.end
        return "".join([*parts, text[at:]])

    def restore(self, text: str, *, keep: Iterable[str] = ()) -> str:
        """Puts back what was replaced, but for the types in `keep`."""
        kept = set(keep)

        def original(match: re.Match[str]) -> str:
            token = match.group()
            kind = token[1:].split("_")[0]
            return token if kind in kept else self._originals.get(token, token)

        return _TOKEN.sub(original, text)

    def restore_reply(self, reply: Any, *, verbatim: frozenset[str] = frozenset({"quote"})) -> Any:
        """Puts back in a JSON value: all in fields named in `verbatim`, elsewhere but `KEPT_OUT_OF_PROSE`."""
        return self._restored(reply, "", verbatim)

    def _restored(self, value: Any, name: str, verbatim: frozenset[str]) -> Any:
        if isinstance(value, str):
            return self.restore(value, keep=() if name in verbatim else KEPT_OUT_OF_PROSE)
        if isinstance(value, list):
            return [self._restored(item, name, verbatim) for item in value]
        if isinstance(value, Mapping):
            return {key: self._restored(item, key, verbatim) for key, item in value.items()}
        return value

    def _token(self, place: Found, said: str) -> str:
        self._seen[place.kind] += 1
        identity = (place.kind, place.identity)
        form = (*identity, said)
        if form not in self._tokens:
            number = self._numbers.setdefault(
                identity, 1 + sum(kind == place.kind for kind, _ in self._numbers)
            )
            self._forms[identity] += 1
            suffix = f".{self._forms[identity]}" if self._forms[identity] > 1 else ""
            self._tokens[form] = f"[{place.kind}_{number}{suffix}]"
            self._originals[self._tokens[form]] = said
        return self._tokens[form]


@dataclass(frozen=True)
class RedactedTranscript:
    """A transcript that may leave, and the way back."""

    transcript: Transcript
    redaction: Redaction


def redact(transcript: Transcript, known: Known = NOTHING) -> RedactedTranscript:
    """Replaces what is private in every turn's text; ids, speakers and times stay, words are dropped.

    Args:
        transcript: The original; it is not changed.
        known: What is known of the call.
    """
    places = _places(transcript.turns, known)
    redaction = Redaction()
    turns = []
    for n, turn in enumerate(transcript.turns):
        text = redaction.replaced(turn.text, disjoint(turn.text, places.get(n, [])))
        turns.append(turn.model_copy(update={"text": text, "words": []}))
    return RedactedTranscript(transcript.model_copy(update={"turns": turns}), redaction)


def _places(turns: Sequence[Turn], known: Known) -> dict[int, list[Found]]:
    """Everything private, by turn. Of what is found twice at one place the first counts."""
    unmasked = [_without_masks(turn) for turn in turns]
    dialogue = Dialogue(unmasked)
    found: dict[int, list[Found]] = {
        n: [*_tokens(turn.text), *_card_masks(turn.text), *_identifiers(turn.text)]
        for n, turn in enumerate(turns)
    }
    for one in (
        _card_places(unmasked),
        birth_dates(dialogue),
        pins(dialogue),
        emails(dialogue),
        known_numbers(dialogue, known.numbers),
        long_numbers(dialogue),
        security_words(dialogue),
        _people_and_places(dialogue, [known.hidden(turn.text) for turn in unmasked], known),
    ):
        for n, places in one.items():
            found[n] += places
    return found


def _people_and_places(dialogue: Dialogue, seen: Sequence[str], known: Known) -> dict[int, list[Found]]:
    named = [*known.names, *introduced_names(seen), *answered_names(seen, dialogue)]
    names = NameFinder(named)
    homes = NameFinder([*known.places, *places_of_home(seen, named)], whole=True)
    return {
        n: [
            *_addresses(text),
            *(Found(start, end, "PLACE", where) for start, end, where in homes.find(text)),
            *(Found(start, end, "NAME", who) for start, end, who in names.find(text)),
            *spelled_names(text),
        ]
        for n, text in enumerate(seen)
    }


def not_redacted(transcript: Transcript) -> RedactedTranscript:
    """The transcript as it is, for deployments whose LLM may see everything."""
    return RedactedTranscript(transcript, Redaction())


def prepared(transcript: Transcript, known: Known = NOTHING, *, redacted: bool) -> RedactedTranscript:
    """Prepares a transcript for a prompt."""
    return redact(transcript, known) if redacted else not_redacted(transcript)


def _card_places(turns: Sequence[Turn]) -> dict[int, list[Found]]:
    places: dict[int, list[Found]] = {}
    for datum in card_data(turns):
        for piece in datum.pieces:
            places.setdefault(piece.turn, []).append(Found(piece.start, piece.end, datum.kind, datum.digits))
    return places


def _tokens(text: str) -> list[Found]:
    """What looks like one of our tokens already, so that restoring never mistakes it for one."""
    return [Found(m.start(), m.end(), "TEXT", m.group()) for m in _TOKEN.finditer(text)]


def _without_masks(turn: Turn) -> Turn:
    """The turn with a word that means nothing for each mask: no mask is a question for a code or a number."""
    text = turn.text
    for mask in _card_masks(text):
        text = text[: mask.start] + _MASKED * (mask.end - mask.start) + text[mask.end :]
    return turn.model_copy(update={"text": text})


def _card_masks(text: str) -> list[Found]:
    """What stands for card data that was heard: it says that there was some, and no more leaves."""
    return [
        Found(match.start(), match.end(), "CVV" if match.group() == SECURITY_CODE else "CARD", match.group())
        for match in MASK.finditer(text)
    ]


def _addresses(text: str) -> list[Found]:
    return [Found(start, end, "ADDRESS", plain(text[start:end])) for start, end in addresses(text)]


def _identifiers(text: str) -> list[Found]:
    # It is slow to load, and not everybody who imports this redacts.
    from include.redaction.recognition import identifiers  # noqa: PLC0415

    return [
        Found(start, end, kind, "".join(filter(str.isalnum, text[start:end])).upper())
        for start, end, kind in identifiers(text)
    ]
