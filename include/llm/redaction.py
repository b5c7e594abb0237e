"""Replaces private data by typed tokens before a transcript leaves, and puts it back into what returns.

Rules find what is said rather than written: card numbers and security codes, long numbers, e-mail and street
addresses, places where somebody lives, and names that somebody introduces or that the call's metadata holds.
`recognition` finds identifiers, and more names and places if there is a model for the call's language. What
nobody finds goes out as it was said.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.calls.transcript import Transcript, Turn
from include.card_data.finding import card_data
from include.llm.addresses import addresses
from include.llm.known import NOTHING, Known
from include.llm.names import NameFinder, introduced_names
from include.llm.places import places_of_home
from include.spoken.folding import plain
from include.spoken.numbers import digit_runs

# Never put back into a model's own prose: a summary must not become another place that holds card data.
CARD_TYPES = frozenset({"CARD", "CVV"})
# A run this long identifies somebody or something; shorter ones are prices, dates, door numbers.
LONG_NUMBER_DIGITS = 6
_PHONE_DIGITS = range(9, 16)
_PHONE_CUE = re.compile(
    r"\b(phone|mobile|cell|call (me|you)|reach (me|you)|telefono|movil|celular|llam\w+)\b[^.?!]*$"
)
_TOKEN = re.compile(r"\[[A-Z]+_\d+(?:\.\d+)?\]")
_EMAIL = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|[\w+-]+(?: (?:dot|punto) [\w+-]+){0,3} (?:at|arroba) \w+(?: (?:dot|punto) \w{2,}){1,3}",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class _Found:
    """Something private in a turn; `identity` is the same for the same thing said in another way."""

    start: int
    end: int
    kind: str = field(compare=False)
    identity: str = field(compare=False)


class Redaction:
    """The tokens of one call.

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

    def replaced(self, text: str, found: Iterable[_Found]) -> str:
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
        """Puts back in a JSON value: all in fields named in `verbatim`, all but card data elsewhere."""
        return self._restored(reply, "", verbatim)

    def _restored(self, value: Any, name: str, verbatim: frozenset[str]) -> Any:
        if isinstance(value, str):
            return self.restore(value, keep=() if name in verbatim else CARD_TYPES)
        if isinstance(value, list):
            return [self._restored(item, name, verbatim) for item in value]
        if isinstance(value, Mapping):
            return {key: self._restored(item, key, verbatim) for key, item in value.items()}
        return value

    def _token(self, place: _Found, said: str) -> str:
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
    seen = [known.hidden(turn.text) for turn in transcript.turns]
    named = [*known.names, *introduced_names(seen)]
    names = NameFinder(named)
    places = NameFinder([*known.places, *places_of_home(seen, named)], whole=True)
    cards = _card_places(transcript.turns)
    redaction = Redaction()
    turns = []
    for n, turn in enumerate(transcript.turns):
        found = [*_tokens(turn.text), *cards.get(n, []), *_emails(turn.text), *_numbers(turn.text)]
        found += [*_addresses(seen[n]), *_identifiers(turn.text)]
        found += [_Found(start, end, "PLACE", where) for start, end, where in places.find(seen[n])]
        found += [_Found(start, end, "NAME", who) for start, end, who in names.find(seen[n])]
        text = redaction.replaced(turn.text, _disjoint(found))
        turns.append(turn.model_copy(update={"text": text, "words": []}))
    return RedactedTranscript(transcript.model_copy(update={"turns": turns}), redaction)


def not_redacted(transcript: Transcript) -> RedactedTranscript:
    """The transcript as it is, for deployments whose LLM may see everything."""
    return RedactedTranscript(transcript, Redaction())


def prepared(transcript: Transcript, known: Known = NOTHING, *, redacted: bool) -> RedactedTranscript:
    """What goes into a prompt."""
    return redact(transcript, known) if redacted else not_redacted(transcript)


def _card_places(turns: Sequence[Turn]) -> dict[int, list[_Found]]:
    places: dict[int, list[_Found]] = {}
    for datum in card_data(turns):
        for piece in datum.pieces:
            places.setdefault(piece.turn, []).append(_Found(piece.start, piece.end, datum.kind, datum.digits))
    return places


def _tokens(text: str) -> list[_Found]:
    """What looks like one of our tokens already, so that restoring never mistakes it for one."""
    return [_Found(m.start(), m.end(), "TEXT", m.group()) for m in _TOKEN.finditer(text)]


def _emails(text: str) -> list[_Found]:
    return [_Found(m.start(), m.end(), "EMAIL", plain(m.group())) for m in _EMAIL.finditer(text)]


def _addresses(text: str) -> list[_Found]:
    return [_Found(start, end, "ADDRESS", plain(text[start:end])) for start, end in addresses(text)]


def _identifiers(text: str) -> list[_Found]:
    # It is slow to load, and not everybody who imports this redacts.
    from include.llm.recognition import identifiers  # noqa: PLC0415

    return [
        _Found(start, end, kind, "".join(filter(str.isalnum, text[start:end])).upper())
        for start, end, kind in identifiers(text)
    ]


def _numbers(text: str) -> list[_Found]:
    return [
        _Found(run.start, run.end, _number_kind(text[: run.start], run.digits), run.digits)
        for run in digit_runs(text)
        if len(run.digits) >= LONG_NUMBER_DIGITS
    ]


def _number_kind(before: str, digits: str) -> str:
    phone = before.rstrip().endswith("+") or _PHONE_CUE.search(plain(before))
    return "PHONE" if phone and len(digits) in _PHONE_DIGITS else "ACCOUNT"


def _disjoint(found: Iterable[_Found]) -> list[_Found]:
    """In order of place; of two that overlap the one that begins first, of two at one place the longer."""
    kept: list[_Found] = []
    for place in sorted(found, key=lambda place: (place.start, -place.end)):
        if not kept or place.start >= kept[-1].end:
            kept.append(place)
    return kept
