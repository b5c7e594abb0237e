"""Decides a criterion by its hints: which wording is found where."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.demo.llm_endpoint.hints import HintPattern, HintRule, Hints
from include.demo.llm_endpoint.prompt import Line, Prompt


@dataclass(frozen=True)
class Place:
    """Where something was found. A gap lies between two turns: half a turn after the one before it.

    Attributes:
        turn: 0-based number of the turn.
        line: None for a gap.
    """

    turn: float
    start: int
    end: int
    begins_s: float
    ends_s: float
    line: Line | None

    @property
    def at(self) -> tuple[float, int]:
        """For comparing what comes first."""
        return self.turn, self.start


@dataclass(frozen=True)
class Decision:
    """An answer and the places that it rests on.

    Attributes:
        found: Pattern name to place, of all that were found.
        by_default: No rule stood; the answer is what is left.
    """

    answer: str
    places: Sequence[Place]
    found: dict[str, Place]
    by_default: bool


def decide(hints: Hints, prompt: Prompt) -> Decision:
    """Looks all patterns up and takes the first rule that stands."""
    found = {name: place for name in hints.patterns if (place := _telling(name, hints, prompt)) is not None}
    rule = next((rule for rule in hints.decide if _stands(rule, found)), None)
    answer = rule.answer if rule else hints.otherwise
    named = hints.quote.get(answer) or ([*rule.all, *rule.in_order] if rule else [])
    places = [found[name] for name in named if name in found]
    return Decision(answer, places, found, rule is None)


def _stands(rule: HintRule, found: dict[str, Place]) -> bool:
    if any(name not in found for name in [*rule.all, *rule.in_order]):
        return False
    order = [found[name].at for name in rule.in_order]
    return order == sorted(order) and not any(name in found for name in rule.none)


def _telling(name: str, hints: Hints, prompt: Prompt) -> Place | None:
    """The first place of a pattern; the last one when it must precede another."""
    places = _find(name, hints, prompt, ())
    return (places[-1] if hints.patterns[name].before else places[0]) if places else None


def _find(name: str, hints: Hints, prompt: Prompt, asked_by: tuple[str, ...]) -> list[Place]:
    """Every place of a pattern that meets its conditions, in order."""
    if name in asked_by:  # patterns that wait for each other find nothing
        return []
    pattern = hints.patterns[name]
    places = list(_gaps(pattern, prompt) if pattern.gap_s else _places(pattern, prompt))
    if pattern.after:
        others = _find(pattern.after, hints, prompt, (*asked_by, name))
        places = [place for place in places if any(_follows(place, other, pattern) for other in others)]
    if pattern.before:
        others = _find(pattern.before, hints, prompt, (*asked_by, name))
        places = [place for place in places if any(_precedes(place, other, pattern) for other in others)]
    return places


def _follows(place: Place, other: Place, pattern: HintPattern) -> bool:
    near = pattern.within_turns is None or place.turn <= other.turn + pattern.within_turns + 0.5
    return place.at > other.at and near


def _precedes(place: Place, other: Place, pattern: HintPattern) -> bool:
    near = pattern.within_s is None or other.begins_s - place.ends_s <= pattern.within_s
    return place.at < other.at and near


def _places(pattern: HintPattern, prompt: Prompt) -> Iterable[Place]:
    if not prompt.lines or not pattern.any:
        return
    words = re.compile("|".join(f"(?:{regex})" for regex in pattern.any))
    from_s = prompt.lines[0].start_s
    until_s = max(line.end_s for line in prompt.lines)
    for n, line in enumerate(prompt.lines):
        if pattern.speaker != "any" and prompt.role(line) not in (pattern.speaker, ""):
            continue
        if pattern.first_s is not None and line.start_s > from_s + pattern.first_s:
            continue
        if pattern.last_s is not None and line.end_s < until_s - pattern.last_s:
            continue
        for match in words.finditer(line.folded.text):
            yield Place(n, match.start(), match.end(), line.start_s, line.end_s, line)


def _gaps(pattern: HintPattern, prompt: Prompt) -> Iterable[Place]:
    heard_until_s = prompt.lines[0].end_s if prompt.lines else 0.0
    for n, line in enumerate(prompt.lines):
        if line.start_s - heard_until_s >= (pattern.gap_s or 0):
            yield Place(n - 0.5, 0, 0, heard_until_s, line.start_s, None)
        heard_until_s = max(heard_until_s, line.end_s)
