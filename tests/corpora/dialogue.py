"""Short dialogues made by rule, with the places in them that must not survive masking."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn, Word

AGENT, CUSTOMER, UNKNOWN = "agent", "customer", "unknown"
# Marks around what is secret while a dialogue is written; they are taken out of its texts at the end.
# NEAR is a part of a card number that somebody got wrong: it may hold most of its digits.
_OPEN = {"CARD": "\ue000", "CVV": "\ue001", "NEAR": "\ue004"}
_CLOSE = "\ue002"
_MARKED = re.compile(f"([{''.join(_OPEN.values())}])([^{_CLOSE}]*){_CLOSE}")
_DIGITS_OF_MARK = re.compile("\\d+\ue003")
_LETTER = re.compile(r"[^\W\d_]")
_TURN_MS = 10_000


@dataclass(frozen=True)
class Secret:
    """Card data in turn `turn` (from 0): its words and what they say; kind `CARD`, `CVV` or `NEAR`."""

    kind: str
    turn: int
    text: str
    digits: str


@dataclass(frozen=True)
class Item:
    """A dialogue of a family.

    Attributes:
        turns: (speaker, text); speaker `agent`, `customer`, or `unknown` on a mono line.
        card: Digits of the card number that is read out; "" in a negative.
        cvv: Digits of its security code, when that is said.
        secrets: Every place where a part of either is said, echoes too.
    """

    family: str
    language: str
    turns: tuple[tuple[str, str], ...]
    card: str = ""
    cvv: str = ""
    secrets: tuple[Secret, ...] = ()

    def __str__(self) -> str:
        said = " / ".join(f"{speaker[0].upper()}: {text}" for speaker, text in self.turns)
        return f"[{self.family}, {self.language}] {said}"


def secret(kind: str, text: str, digits: str) -> str:
    """Marks a text as card data; `digits` are what it says."""
    return f"{_OPEN[kind]}{digits}\ue003{text}{_CLOSE}"


@dataclass
class Scene:
    """A dialogue while it is written."""

    random: Random
    language: str
    phrases: dict[str, dict[str, Sequence[str]]]
    turns: list[tuple[str, str]] = field(default_factory=list)

    def agent(self, text: str) -> None:
        """Adds what the agent says; nothing for an empty text."""
        if text:
            self.turns.append((AGENT, text))

    def customer(self, text: str) -> None:
        """Adds what the customer says."""
        if text:
            self.turns.append((CUSTOMER, text))

    def phrase(self, key: str) -> str:
        """One of the language's phrases."""
        return self.random.choice(self.phrases[self.language][key])

    def perhaps(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share


def finished(scene: Scene, family: str, *, card: str = "", cvv: str = "", layout: str = "stereo") -> Item:
    """The dialogue as an item; layout `stereo`, `mono` (speakers unknown) or `one turn`."""
    turns = [(speaker, _sentence(text)) for speaker, text in scene.turns]
    if layout != "stereo":
        turns = [(UNKNOWN, text) for _, text in turns]
    if layout == "one turn":
        turns = [(UNKNOWN, " ".join(text for _, text in turns))]
    secrets = tuple(found for n, (_, text) in enumerate(turns) for found in _secrets(n, text))
    plain = tuple((speaker, _MARKED.sub(_text_of, text)) for speaker, text in turns)
    return Item(family, scene.language, plain, card, cvv, secrets)


def _sentence(text: str) -> str:
    """Begins with a capital, as recognisers write; not behind a figure."""
    first = _LETTER.search(text)
    if first is None or any(char.isdigit() for char in _DIGITS_OF_MARK.sub("", text[: first.start()])):
        return text
    return text[: first.start()] + first[0].upper() + text[first.end() :]


def beside_secrets(scene: Scene) -> str:
    """All that is said but the card data."""
    return " ".join(_MARKED.sub(" ; ", text) for _, text in scene.turns)


def _secrets(turn: int, text: str) -> Iterable[Secret]:
    kinds = {mark: kind for kind, mark in _OPEN.items()}
    for found in _MARKED.finditer(text):
        digits, _, said = found[2].partition("\ue003")
        yield Secret(kinds[found[1]], turn, said, digits)


def _text_of(found: re.Match[str]) -> str:
    return found[2].partition("\ue003")[2]


def as_transcript(item: Item) -> Transcript:
    """The item as a recogniser would write it, with word times."""
    turns = [_turn(n, speaker, text) for n, (speaker, text) in enumerate(item.turns)]
    return Transcript(call_id="c1", language=item.language, turns=turns)


def _turn(n: int, speaker: str, text: str) -> Turn:
    start_ms, words = n * _TURN_MS, text.split()
    each_ms = _TURN_MS // (len(words) + 1)
    return Turn(
        id=f"t{n + 1}",
        speaker=ChannelRole(speaker),
        channel=int(speaker == CUSTOMER),
        start_ms=start_ms,
        end_ms=start_ms + each_ms * len(words),
        text=text,
        confidence=0.9,
        words=[
            Word(
                text=word,
                start_ms=start_ms + i * each_ms,
                end_ms=start_ms + (i + 1) * each_ms,
                confidence=0.9,
            )
            for i, word in enumerate(words)
        ],
    )


Family = Callable[[Random], Item]


def made(families: Mapping[str, Family], name: str, count: int) -> list[Item]:
    """As many items of a family; the same ones each time."""
    random = Random(name)
    return [families[name](random) for _ in range(count)]
