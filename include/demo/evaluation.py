"""How right the audit was: transcripts and answers against what the scripts of the sample calls say."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import jiwer

from include.demo.sample_calls.script import Turn, load_scripts
from include.demo.spoken_numbers import digits_for_words

CallKey = tuple[date, str]

CANNOT_DETERMINE = "CANNOT_DETERMINE"
# A sign that is spoken after its number, by language.
_SIGNS = {
    "en": {"$": "dollars", "€": "euros", "%": "percent"},
    "es": {"$": "dólares", "€": "euros", "%": "por ciento"},
}
# The recogniser writes American English and abbreviates; the scripts do not.
_SPELLINGS = {
    "ok": "okay",
    "okey": "okay",
    "mr": "mister",
    "mrs": "missus",
    "fiber": "fibre",
    "canceled": "cancelled",
}


@dataclass(frozen=True)
class GoldCall:
    """What is known to be right about a sample call.

    Attributes:
        file: Its name below the day's folder.
        language: ISO 639-1 code; None when nobody speaks.
        turns: What is said, in order.
        answers: Right option key of each criterion; empty for a call without conversation.
    """

    day: date
    file: str
    language: str | None
    turns: tuple[Turn, ...]
    answers: Mapping[str, str]


@dataclass(frozen=True)
class Agreement:
    """How many answers are the gold ones; `unanswered` are missing or `CANNOT_DETERMINE`."""

    agreed: int = 0
    differed: int = 0
    unanswered: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.agreed + other.agreed, self.differed + other.differed, self.unanswered + other.unanswered
        )

    @property
    def share(self) -> float | None:
        """Agreed answers out of those that were given, 0..1; None when none was given."""
        given = self.agreed + self.differed
        return self.agreed / given if given else None


@dataclass(frozen=True)
class Agreements:
    """Agreement on each criterion, in the order of the gold answers, and on all together."""

    by_criterion: dict[str, Agreement]
    total: Agreement


def load_gold(folder: Path) -> dict[CallKey, GoldCall]:
    """Reads the scripts of the sample calls.

    Raises:
        InvalidInput: A script is wrong, or there is none.
    """
    return {
        (script.day, script.file): GoldCall(
            script.day, script.file, script.language, tuple(script.turns), script.gold
        )
        for script in load_scripts(folder)
    }


def reference_text(gold: GoldCall) -> str:
    """What a perfect recogniser would write: one turn a line."""
    return "\n".join(turn.text for turn in gold.turns)


def normalise(text: str, language: str) -> str:
    """Takes off what is no difference to a listener: case, accents, punctuation, numbers in words or digits.

    Args:
        text: A reference or a hypothesis; both must pass here.
        language: ISO 639-1 code.
    """
    plain = text.replace("’", "'").lower()
    for sign, spoken in _SIGNS.get(language, {}).items():
        plain = re.sub(
            rf"{re.escape(sign)}\s?(\d[\d.,]*)|(\d)\s?{re.escape(sign)}", rf"\1\2 {spoken} ", plain
        )
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)|(?<=\d)(st|nd|rd|th|º)\b|'|(?<=\be)-(?=mail)", "", plain)
    letters = unicodedata.normalize("NFKD", plain)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = [_SPELLINGS.get(word, word) for word in re.findall(r"\d+|[^\W\d_]+", bare)]
    return " ".join(digits_for_words(words, language))


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Word errors per reference word over all texts together; both sides must be normalised.

    Raises:
        ValueError: The numbers of texts differ, or no reference has a word.
    """
    if len(references) != len(hypotheses) or not any(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references: pass one for each.")
    return float(jiwer.wer(list(references), list(hypotheses)))


def agreement(gold: Mapping[CallKey, GoldCall], answers: Mapping[CallKey, Mapping[str, str]]) -> Agreements:
    """Counts, over all gold calls, where the audit's answers are the gold ones.

    Args:
        gold: The calls to compare; restrict it to those that were audited, or the rest count as unanswered.
        answers: Option key by criterion, of each audited call.
    """
    by_criterion: dict[str, Agreement] = {}
    for key, call in gold.items():
        given = answers.get(key, {})
        for criterion, right in call.answers.items():
            counted = _compared(right, given.get(criterion))
            by_criterion[criterion] = by_criterion.get(criterion, Agreement()) + counted
    return Agreements(by_criterion, _summed(by_criterion.values()))


def _compared(right: str, given: str | None) -> Agreement:
    if given is None or given == CANNOT_DETERMINE:
        return Agreement(unanswered=1)
    return Agreement(agreed=1) if given == right else Agreement(differed=1)


def _summed(agreements: Iterable[Agreement]) -> Agreement:
    return sum(agreements, Agreement())
