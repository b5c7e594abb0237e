"""Who speaks when on one channel: embeddings of short windows, clustered, and a label for every moment.

Average linkage on cosine distance over windows of 1.5 s; what is too small for a person joins its nearest;
the voices' centres are refined, and each moment takes the voice that the windows over it resemble most,
smoothed by Viterbi's algorithm with a small cost for each change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from include.gpu.wire import Span
from include.gpu_host.engines.protocol import Embeddings

WINDOW_MS = 1500
HOP_MS = 750
STEP_MS = 50
_VOICES = 2
_MOST_VOICES = 4
_MOST_CUTS = 12
# Two centres of one voice are at 0.8 and more; a further voice is one that is like none of the others.
_OTHER_BELOW = 0.5
# Less of the speech than this is no person but a cough, a laugh, a beep.
_LEAST_SHARE = 0.08
_REFINED = 5
_SWITCH_COST = 0.25
# Windows that are linked: the memory that it takes grows with their number squared. The others join a centre.
_MOST_LINKED = 4000


@dataclass(frozen=True)
class Windows:
    """Where voices were heard, in order, and what each is like: a row of `embeddings`, of length 1."""

    spans: list[Span]
    embeddings: Embeddings


@dataclass(frozen=True)
class Clusters:
    """Voices of one channel, numbered from 0 in the order in which they are first heard.

    Attributes:
        similarity: Cosine of the two that are most alike: near 1 they are one voice, and labels mean nothing.
        scores: Mean cosine of each moment of `STEP_MS` with each voice, shape (steps, voices).
        labels: Voice of each moment, shape (steps,).
    """

    similarity: float
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]


def clustered(windows: Windows, speech: Sequence[Span]) -> Clusters | None:
    """Finds the voices of a channel: two, or more where others are heard much.

    Returns:
        None when there is too little speech for two.
    """
    if len(windows.spans) < 2 * _VOICES:
        return None
    centres = _refined(windows.embeddings, _first_labels(windows.embeddings))
    scores = _scores(windows, centres)
    labels = _viterbi(scores)
    order = list(dict.fromkeys(_labels_in(labels, speech)))
    if len(order) < _VOICES:
        return None
    rank = np.zeros(len(centres), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ordered = centres[order]
    return Clusters(
        similarity=float((ordered @ ordered.T - np.eye(len(ordered))).max()),
        scores=scores[:, order],
        labels=rank[labels],
    )


def _first_labels(embeddings: Embeddings) -> NDArray[np.int64]:
    """Two voices, or more where a further one is large enough and like none of the others."""
    every = max(1, -(-len(embeddings) // _MOST_LINKED))
    chosen = embeddings[::every]
    tree = linkage(chosen, method="average", metric="cosine")
    centres = _large_clusters(chosen, fcluster(tree, _VOICES, criterion="maxclust"))
    for cut in range(_VOICES + 1, _MOST_CUTS):
        found = _large_clusters(chosen, fcluster(tree, cut, criterion="maxclust"))
        if len(centres) < _VOICES <= len(found):
            centres = found[:_VOICES]
        if _VOICES <= len(centres) < len(found) <= _MOST_VOICES and _are_others(found):
            centres = found
    if len(centres) < _VOICES:
        centres = _clusters(chosen, fcluster(tree, _VOICES, criterion="maxclust"))
    return np.asarray(np.argmax(embeddings @ centres.T, axis=1))


def _large_clusters(embeddings: Embeddings, labels: NDArray[np.int64]) -> Embeddings:
    return _clusters(embeddings, labels, least=_LEAST_SHARE * len(labels))


def _clusters(embeddings: Embeddings, labels: NDArray[np.int64], least: float = 0) -> Embeddings:
    """Centres, the largest cluster first."""
    numbers, sizes = np.unique(labels, return_counts=True)
    kept = [numbers[n] for n in np.argsort(-sizes, kind="stable") if sizes[n] >= least]
    return np.array([_centre(embeddings[labels == number]) for number in kept], dtype=np.float32)


def _are_others(centres: Embeddings) -> bool:
    alike = centres @ centres.T - np.eye(len(centres))
    return bool(alike.max() < _OTHER_BELOW)


def _refined(embeddings: Embeddings, labels: NDArray[np.int64]) -> Embeddings:
    for _ in range(_REFINED):
        centres = np.stack([_centre(embeddings[labels == voice]) for voice in range(labels.max() + 1)])
        again = np.argmax(embeddings @ centres.T, axis=1)
        if len(np.unique(again)) < len(centres):
            break
        labels = again
    return centres


def _centre(embeddings: Embeddings) -> Embeddings:
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) + 1e-9), dtype=np.float32)


def _scores(windows: Windows, centres: Embeddings) -> NDArray[np.float32]:
    """How much each moment is like each voice: the mean over the windows that it lies in."""
    steps = max(span.end_ms for span in windows.spans) // STEP_MS + 1
    total = np.zeros((steps, len(centres)), dtype=np.float32)
    count = np.zeros((steps, 1), dtype=np.float32)
    for span, score in zip(windows.spans, windows.embeddings @ centres.T, strict=True):
        part = slice(span.start_ms // STEP_MS, -(-span.end_ms // STEP_MS))
        total[part] += score
        count[part] += 1
    return np.asarray(total / np.maximum(count, 1), dtype=np.float32)


def _viterbi(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The path of the highest sum of scores, less `_SWITCH_COST` for each change of voice."""
    voices = scores.shape[1]
    best = scores[0].copy()
    came_from = np.zeros(scores.shape, dtype=np.int64)
    for step in range(1, len(scores)):
        stay, change = best, best.max() - _SWITCH_COST
        came_from[step] = np.where(stay >= change, np.arange(voices), int(best.argmax()))
        best = np.maximum(stay, change) + scores[step]
    labels = np.zeros(len(scores), dtype=np.int64)
    labels[-1] = int(best.argmax())
    for step in range(len(scores) - 1, 0, -1):
        labels[step - 1] = came_from[step][labels[step]]
    return labels


def _labels_in(labels: NDArray[np.int64], speech: Sequence[Span]) -> list[int]:
    """Voices of the moments with speech, in order of time."""
    return [int(v) for s in speech for v in labels[s.start_ms // STEP_MS : -(-s.end_ms // STEP_MS)]]
