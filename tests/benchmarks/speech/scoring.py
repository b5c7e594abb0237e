"""Word errors: counted by an alignment, summed over recordings, compared with a bootstrap interval."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
from numpy.typing import NDArray

from include.demo.evaluation import normalise

_RESAMPLES = 2000


@dataclass(frozen=True)
class Counted:
    """Words of a reference, and word errors against it."""

    words: int
    errors: int

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.words + other.words, self.errors + other.errors)

    @property
    def wer(self) -> float:
        """Errors per word, 0 or more; NaN without words."""
        return self.errors / self.words if self.words else float("nan")


@dataclass(frozen=True)
class Interval:
    """The 95 % interval of a difference of two error rates, in the unit of the rates."""

    low: float
    high: float


def words_of(text: str, language: str | None) -> list[str]:
    """The normalised words of a reference or a hypothesis."""
    return normalise(re.sub(r"\([^)]*\)", " ", text), language or "").split()


def plain_words_of(text: str) -> list[str]:
    """Lower case and punctuation off, nothing else: how published figures are often counted."""
    return re.findall(r"[^\W_]+", re.sub(r"\([^)]*\)", " ", text).lower().replace("'", ""))


def errors_by_unit(references: Sequence[Sequence[str]], heard: Sequence[str]) -> list[Counted]:
    """Aligns what was heard over several pieces of speech, one after the other, and counts each for itself.

    A word too many counts for the piece of the reference word before it.

    Args:
        references: Normalised words of each piece, in order.
        heard: Normalised words of the whole.
    """
    owner = [n for n, piece in enumerate(references) for _ in piece]
    errors = [0] * len(references)
    if not owner:
        raise ValueError("No piece of the reference has a word: count what was heard as invented.")
    for chunk in _alignment([word for piece in references for word in piece], heard):
        if chunk.type == "insert":
            errors[owner[max(0, chunk.ref_start_idx - 1)]] += chunk.hyp_end_idx - chunk.hyp_start_idx
        elif chunk.type != "equal":
            for position in range(chunk.ref_start_idx, chunk.ref_end_idx):
                errors[owner[position]] += 1
    return [Counted(len(piece), wrong) for piece, wrong in zip(references, errors, strict=True)]


def same_words(reference: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of the words that were heard right: in the reference, and in what was heard."""
    return [
        (chunk.ref_start_idx + n, chunk.hyp_start_idx + n)
        for chunk in _alignment(reference, heard)
        if chunk.type == "equal"
        for n in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]


def total(counts: Sequence[Counted]) -> Counted:
    """All together: the error rate of long recordings counts for more."""
    return sum(counts, Counted(0, 0))


def difference(baseline: Sequence[Counted], other: Sequence[Counted], seed: int = 1) -> Interval:
    """Bootstraps the difference of two error rates over the same recordings (Bisani and Ney 2004).

    Recordings are drawn with replacement, the same ones for both sides, so what makes a recording hard does
    not widen the interval.

    Args:
        baseline: Per recording.
        other: Per recording, in the same order.
        seed: Of the draw.

    Returns:
        The interval of `other - baseline`; below 0 the other one is better.
    """
    words = _column([one.words for one in baseline])
    gained = _column([b.errors for b in other]) - _column([a.errors for a in baseline])
    draws = np.random.default_rng(seed).integers(0, len(words), (_RESAMPLES, len(words)))
    rates = gained[draws].sum(axis=1) / np.maximum(words[draws].sum(axis=1), 1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return Interval(float(low), float(high))


def _column(values: Sequence[int]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _alignment(reference: Sequence[str], heard: Sequence[str]) -> list[jiwer.AlignmentChunk]:
    if not heard:
        return [jiwer.AlignmentChunk("delete", 0, len(reference), 0, 0)]
    return list(jiwer.process_words(" ".join(reference), " ".join(heard)).alignments[0])
