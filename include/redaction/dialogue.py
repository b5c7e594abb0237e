"""What is asked and what is answered: a question in one turn tells what a number or a word in the next is."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from include.calls.transcript import Turn
from include.redaction.identifying import identifying_runs
from include.redaction.phrases import phrase
from include.spoken.folding import Folded, folded, plain
from include.spoken.numbers import DigitRun, Number, numbers_in

# An answer may come after "sorry?" and "the one on the letter?".
_ANSWER_WITHIN_TURNS = 3
_WORDS_AFTER_REQUEST = 2
_REQUEST = re.compile(
    r"\?|"
    + phrase(r"""
    what|which|when|may i|(?:can|could) (?:i|you)|would you|tell me|give me|let me have
    (?:take|have) your|need|please|provide|verify|enter|confirm|spell|repeat|say
    cual|cuando|que es|como (?:se|te) llamas?|dice|digame|dime|decir\w*|da|dar\w*|deme|facilit\w+|indic\w+
    tiene|confirm\w+|necesit\w+|repit\w+|deletr\w+|verific\w+|introduz\w+|recuerd\w+|pued\w+|podria\w*
    por favor
""").pattern
)
# "Date of birth, then" asks; "I was born in Leeds" does not.
_OF_ONESELF = re.compile(r"\b(?:i|i'm|my|we|our|mi|mis|yo|naci|nuestr\w+)\b")
_WORDS_OF_REQUEST, _CHARS_BEFORE, _CHARS_AFTER = 5, 20, 200
_IT = re.compile(r"\b(?:it|that|them|read|lo|la|los|leer\w*|lea|cual es)\b")
_SENTENCE_ENDS = re.compile(r"[.?!…]+(?:\s|$)")


@dataclass(frozen=True)
class Region:
    """Where an answer may stand.

    Attributes:
        turn: Which turn, from 0.
        start: First character of it in the turn's text.
        end: One past the last.
        asked: Whether somebody else asked; else the turn itself goes on to say it.
    """

    turn: int
    start: int
    end: int
    asked: bool


class Dialogue:
    """The turns of a call with their texts folded."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.texts: list[str] = [turn.text for turn in turns]
        self.folded: list[Folded] = [folded(text) for text in self.texts]
        self.speakers = _told_apart(turns)

        self._ends = [[end.end() for end in _SENTENCE_ENDS.finditer(text.text)] for text in self.folded]
        self._requests: dict[tuple[int, int], bool] = {}
        self._numbers: dict[int, list[Number]] = {}
        self._runs: dict[tuple[int, bool], list[DigitRun]] = {}

    def numbers(self, turn: int) -> list[Number]:
        """Every number of a turn."""
        if turn not in self._numbers:
            self._numbers[turn] = numbers_in(self.texts[turn])
        return self._numbers[turn]

    def runs(self, turn: int, *, asked: bool) -> list[DigitRun]:
        """Digits of a turn that belong to no quantity; see `identifying_runs`."""
        if (turn, asked) not in self._runs:
            self._runs[turn, asked] = identifying_runs(self.texts[turn], asked=asked)
        return self._runs[turn, asked]

    def may_be_others(self, one: int, other: int) -> bool:
        """Whether two turns may be of two people; where speakers are not distinguished any two may."""
        return self.speakers[one] is None or self.speakers[one] != self.speakers[other]

    def answers(self, cue: re.Pattern[str]) -> Iterator[list[Region]]:
        """For each place that asks for a value or names it: where the value may be said, likeliest first."""
        for n, text in enumerate(self.folded):
            for match in cue.finditer(text.text):
                yield list(self._regions(n, match))

    def asked_before(
        self, turn: int, at: int, cue: re.Pattern[str], *, chars: int = 60, turns: int = 2
    ) -> bool:
        """Whether something is named shortly before a place of a turn, or asked for in the turns before."""
        if cue.search(plain(self.texts[turn][max(0, at - chars) : at])):
            return True
        others = [n for n in range(max(0, turn - turns), turn) if self.may_be_others(n, turn)]
        return any(
            self._is_request(n, match.start()) or _ends_with(self.folded[n].text, match)
            for n in others
            for match in cue.finditer(self.folded[n].text)
        )

    def following(
        self, turn: int, *, same_speaker: bool, within: int = _ANSWER_WITHIN_TURNS
    ) -> Iterator[int]:
        """The next turns of the speaker, or of the others."""
        for n in range(turn + 1, min(turn + 1 + within, len(self.texts))):
            if self.speakers[n] == self.speakers[turn] if same_speaker else self.may_be_others(n, turn):
                yield n

    def _regions(self, turn: int, cue: re.Match[str]) -> Iterator[Region]:
        text = self.folded[turn]
        if cue.end() < len(text.text):
            yield Region(turn, text.span(cue.end(), cue.end() + 1)[0], len(text.original), asked=False)
        if (
            self._is_request(turn, cue.start())
            or _ends_with(text.text, cue)
            or _asks_for_it(text.text[cue.end() : cue.end() + _CHARS_AFTER])
        ):
            for n in self.following(turn, same_speaker=False):
                yield Region(n, 0, len(self.texts[n]), asked=True)

    def _is_request(self, turn: int, at: int) -> bool:
        """Whether the sentence at a place asks, or the turn is no more than what is asked for."""
        ends, after = self._ends[turn], bisect_right(self._ends[turn], at)
        begins = ends[after - 1] if after else 0
        if (turn, begins) not in self._requests:
            sentence = self.folded[turn].text[begins : ends[after] if after < len(ends) else None]
            names_it = len(sentence.split()) <= _WORDS_OF_REQUEST and not _OF_ONESELF.search(sentence)
            self._requests[turn, begins] = names_it or bool(_REQUEST.search(sentence))
        return self._requests[turn, begins]


def _told_apart(turns: Sequence[Turn]) -> list[tuple[int, str] | None]:
    """Who speaks in each turn; None for all when one channel has one voice, or turns of nobody knows whom."""
    speakers = [turn.whose for turn in turns]
    one_channel = len({turn.channel for turn in turns}) == 1
    unknown = not all(turn.is_told_apart for turn in turns)
    return [None] * len(speakers) if one_channel and (unknown or len(set(speakers)) == 1) else list(speakers)


def _ends_with(text: str, cue: re.Match[str]) -> bool:
    """Whether hardly a word follows: "and your date of birth", "your name please"."""
    said_of_oneself = _OF_ONESELF.search(text, max(0, cue.start() - _CHARS_BEFORE), cue.start())
    return (
        not said_of_oneself
        and len(text[cue.end() : cue.end() + _CHARS_AFTER].split()) <= _WORDS_AFTER_REQUEST
    )


def _asks_for_it(text: str) -> bool:
    """Whether a later sentence asks for what was named: "I sent you a code. Can you read it to me?"."""
    return any(
        _REQUEST.search(said) and _IT.search(said)
        for said in _SENTENCE_ENDS.sub(r"\n", text).splitlines()[1:2]
    )
