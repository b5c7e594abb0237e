"""Short calls as people speak: what is private in them goes, and everything else stays."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from include.calls.transcript import Transcript, Turn
from include.card_data.masking import masked_turns
from include.plain_yaml import read_yaml
from include.redaction.redacting import redact
from include.scorecards.rules import no_card_data_spoken
from tests.unit.llm.conftest import spoken_call

CALLS: Sequence[Mapping[str, Any]] = read_yaml(Path("tests/corpora/spoken_secrets.yaml").read_text())
_MARKED = re.compile(r"\{(\w+)\|([^}]*)\}")
_MASK = re.compile(r"\[card number ending \d{4}\]|\[card security code\]|\[[A-Z]+_\d+(?:\.\d+)?\]")
_TELLS_NOTHING = frozenset(
    {"the", "of", "de", "del", "and", "y", "at", "arroba", "dot", "punto", "no", "sorry"}
)
_SPEAKERS = {"A": "agent", "C": "customer"}
_RULE = {"found": {"review", "fail"}, "notfail": {"free", "review"}, "any": {"free", "review", "fail"}}

Marks = list[tuple[int, int, str]]


def read(lines: str) -> tuple[Transcript, list[Marks]]:
    """The call without its marks, and the marks of each turn: start, end, type."""
    said, marks = [], []
    for line in lines.splitlines():
        text, of_turn, at = "", Marks(), 2
        for match in _MARKED.finditer(line):
            text += line[at : match.start()]
            of_turn.append((len(text.lstrip()), len(text.lstrip()) + len(match[2]), match[1]))
            text, at = text + match[2], match.end()
        said.append((_SPEAKERS[line[0]], (text + line[at:]).strip()))
        marks.append(of_turn)
    return spoken_call(*said), marks


def hidden(said: str, left: str) -> list[tuple[int, int]]:
    """Which stretches of a text masks stand for."""
    match = re.fullmatch("(.+?)".join(re.escape(part) for part in _MASK.split(left)), said, re.DOTALL)
    assert match is not None, (said, left)
    return [match.span(n + 1) for n in range(len(match.groups()))]


def problems(turn: Turn, left: str, marks: Marks, *, of: frozenset[str]) -> Iterator[str]:
    places = hidden(turn.text, left)
    for start, end, kind in marks:
        words = re.finditer(r"\w+", turn.text[start:end]) if kind in of else ()
        for word in words:
            first, last = start + word.start(), start + word.end()
            whole = any(begins <= first and last <= ends for begins, ends in places)
            if not whole and word.group().lower() not in _TELLS_NOTHING:
                yield f"{kind} stays: {word.group()!r} of {left!r}"
    for begins, ends in places:
        if not any(begins < end and start < ends for start, end, _ in marks):
            yield f"goes without need: {turn.text[begins:ends]!r} of {turn.text!r}"


ALL_KINDS = frozenset(
    {"CARD", "CVV", "IBAN", "ACCOUNT", "PHONE", "ID", "DOB", "EMAIL", "PIN", "SECRET", "NAME"}
)


@pytest.mark.parametrize("call", CALLS, ids=[f"line {n}" for n in range(len(CALLS))])
def test_what_is_private_goes_and_the_rest_stays(call: Mapping[str, Any]) -> None:
    transcript, marks = read(call["turns"])
    assert any(marks) or call["rule"] == "free"
    stored = [turn.text for turn in masked_turns(transcript.turns)]
    seen = [turn.text for turn in redact(transcript).transcript.turns]
    found = [
        problem
        for n, turn in enumerate(transcript.turns)
        for problem in (
            *problems(turn, stored[n], marks[n], of=frozenset({"CARD", "CVV"})),
            *(() if call.get("stored_only") else problems(turn, seen[n], marks[n], of=ALL_KINDS)),
        )
    ]
    assert not found, call["turns"]
    answer = no_card_data_spoken(transcript)
    said = "free" if answer.answer == "yes" else "fail" if answer.certain else "review"
    assert said in _RULE.get(call["rule"], {call["rule"]}), (answer.justification, call["turns"])


def test_both_sides_of_the_corpus_are_there() -> None:
    private = [call for call in CALLS if any(kind != "ANY" for kind, _ in _MARKED.findall(call["turns"]))]
    assert len(private) >= 60 and len(CALLS) - len(private) >= 40
