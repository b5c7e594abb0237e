"""Windows over one channel's speech, and where its language changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.stages.listening import stretch

Probabilities = Mapping[str, float]
# Hears windows: each is spans of the recording that are heard one after the other.
Listen = Callable[[Sequence[list[Span]]], Sequence[Probabilities]]

# What is listened to at once: of 197 clips in 7 languages the first 8 s told as many as the first 30 s.
WINDOW_MS = 8_000
# A window for every so much speech at least, so that a short call that changes its language has two.
_SHORTEST_SHARE_MS = 10_000
# Less than this is not listened to by itself.
_SHORTEST_PART_MS = 4_000
# Up to three windows side by side; in a longer channel one for every minute of speech, so that a part in
# another language is met; never more than this many.
_SIDE_BY_SIDE = 3
_EVERY_MS = 60_000
MAX_WINDOWS = 12
# Another language than the channel's has to be this likely, and be heard twice, before the call switches.
SWITCH_CONFIDENCE = 0.8
# A change is looked for with windows of this length, until it is known to so many ms; then it is the nearest
# pause.
_PROBE_MS = 8_000
_NARROW_MS = 6_000


@dataclass(frozen=True)
class Window:
    """What was heard between two times of the channel's concatenated speech, in ms."""

    start_ms: float
    end_ms: float
    probabilities: Probabilities

    @property
    def language(self) -> str:
        """The likeliest language."""
        return max(self.probabilities, key=self.probabilities.__getitem__, default="")

    @property
    def confidence(self) -> float:
        """The probability of the likeliest language."""
        return max(self.probabilities.values(), default=0.0)

    @property
    def middle_ms(self) -> float:
        """Between start and end."""
        return (self.start_ms + self.end_ms) / 2


@dataclass(frozen=True)
class _Run:
    """Windows side by side that belong to one language."""

    language: str
    windows: list[Window]

    @property
    def sure(self) -> list[Window]:
        """The windows in which its language is the likeliest; all, where there is none."""
        return [window for window in self.windows if window.language == self.language] or self.windows

    @property
    def confidence(self) -> float:
        """Mean probability of its language over the windows."""
        return sum(window.probabilities.get(self.language, 0.0) for window in self.windows) / len(
            self.windows
        )


@dataclass(frozen=True)
class Stretch:
    """A part of the channel in one language, from and to times of its concatenated speech in ms."""

    start_ms: float
    end_ms: float
    language: str
    confidence: float


def windows(speech: Sequence[Span], listen: Listen) -> list[Window]:
    """Hears windows spread evenly over the speech of one channel."""
    count, share_ms = _shares(timeline.total_ms(speech))
    length_ms = min(share_ms, WINDOW_MS)
    starts_ms = [share_ms * n + (share_ms - length_ms) / 2 for n in range(count)]
    return _heard(speech, [(start_ms, start_ms + length_ms) for start_ms in starts_ms], listen)


def listened_share(total_ms: int) -> float:
    """How much of so much speech the windows hear, 0..1."""
    _, share_ms = _shares(total_ms)
    return min(1.0, WINDOW_MS / share_ms) if share_ms else 0.0


def _shares(total_ms: int) -> tuple[int, float]:
    """How many windows, and of how much speech each is the middle."""
    side_by_side = min(_SIDE_BY_SIDE, max(total_ms // _SHORTEST_SHARE_MS, 1))
    count = min(MAX_WINDOWS, max(side_by_side, -(-total_ms // _EVERY_MS)))
    return count, total_ms / count


def stretches(speech: Sequence[Span], heard: Sequence[Window], main: str, listen: Listen) -> list[Stretch]:
    """Splits a channel by language.

    What lies around a window in another language than `main` is heard too, because it may be odd, or hold a
    change of language. The other language counts where two windows side by side say so with confidence.

    Args:
        speech: Of the channel, spans of the recording.
        heard: Windows over it.
        main: The language of the channel as a whole.
        listen: Hears more windows where it has to be known better.
    """
    closer = [part for window in heard for part in _closer(speech, window, main, listen)]
    runs = _confirmed(speech, closer, main, listen)
    changes_ms = [_change_ms(speech, before, after, listen) for before, after in pairwise(runs)]
    edges_ms = pairwise([0.0, *changes_ms, float(timeline.total_ms(speech))])
    return [
        Stretch(start_ms, end_ms, run.language, run.confidence)
        for run, (start_ms, end_ms) in zip(runs, edges_ms, strict=True)
    ]


def _heard(speech: Sequence[Span], edges: Sequence[tuple[float, float]], listen: Listen) -> list[Window]:
    probabilities = listen([stretch(speech, start_ms, end_ms) for start_ms, end_ms in edges])
    return [Window(*edge, found) for edge, found in zip(edges, probabilities, strict=True)]


def _language(window: Window, main: str) -> str:
    """Windows that are unsure belong to the main language."""
    return window.language if window.confidence >= SWITCH_CONFIDENCE else main


def _confirmed(speech: Sequence[Span], heard: Sequence[Window], main: str, listen: Listen) -> list[_Run]:
    """Runs of windows in the same language; those that are odd alone belong to the main one."""
    runs = [_Run(language, list(run)) for language, run in groupby(heard, lambda one: _language(one, main))]
    named = [
        (run.language if run.language == main or _holds(speech, run, listen) else main, window)
        for run in runs
        for window in run.windows
    ]
    return [
        _Run(language, [window for _, window in run]) for language, run in groupby(named, lambda one: one[0])
    ]


def _closer(speech: Sequence[Span], window: Window, main: str, listen: Listen) -> list[Window]:
    """The window, or two about its middle where it seems to be in another language."""
    return [window] if window.language == main else _about(speech, window, listen)


def _holds(speech: Sequence[Span], run: _Run, listen: Listen) -> bool:
    """Whether it is heard twice: in two windows, or in both about the middle of the only one."""
    windows = run.windows if len(run.windows) > 1 else _about(speech, run.windows[0], listen)
    return len(windows) > 1 and all(
        window.language == run.language and window.confidence >= SWITCH_CONFIDENCE for window in windows
    )


def _about(speech: Sequence[Span], window: Window, listen: Listen) -> list[Window]:
    """Two windows side by side about the middle of one; where there is too little speech, that one."""
    before_ms = max(window.middle_ms - WINDOW_MS, 0.0)
    after_ms = min(window.middle_ms + WINDOW_MS, float(timeline.total_ms(speech)))
    middle_ms = (before_ms + after_ms) / 2
    if middle_ms - before_ms < _SHORTEST_PART_MS:
        return [window]
    return _heard(speech, [(before_ms, middle_ms), (middle_ms, after_ms)], listen)


def _change_ms(speech: Sequence[Span], before: _Run, after: _Run, listen: Listen) -> float:
    """When the language changes: halves the time between two sure windows, then takes the nearest pause."""
    low_ms, high_ms = before.sure[-1].middle_ms, after.sure[0].middle_ms
    while high_ms - low_ms > _NARROW_MS:
        middle_ms = (low_ms + high_ms) / 2
        [probe] = _heard(speech, [(middle_ms - _PROBE_MS / 2, middle_ms + _PROBE_MS / 2)], listen)
        if probe.probabilities.get(before.language, 0.0) > probe.probabilities.get(after.language, 0.0):
            low_ms = middle_ms
        else:
            high_ms = middle_ms
    return nearest_pause_ms(speech, (low_ms + high_ms) / 2, _PROBE_MS)


def nearest_pause_ms(speech: Sequence[Span], time_ms: float, within_ms: float) -> float:
    """The pause next to a time, in a concatenation: where one span ends and the next begins.

    Args:
        speech: Spans of the recording.
        time_ms: In the time of their concatenation; the answer when no pause is near.
        within_ms: How far away a pause is near.
    """
    ends_ms, end_ms = [], 0
    for span in speech[:-1]:
        end_ms += timeline.length_ms(span)
        ends_ms.append(float(end_ms))
    near = [pause_ms for pause_ms in ends_ms if abs(pause_ms - time_ms) <= within_ms]
    return min(near, key=lambda pause_ms: abs(pause_ms - time_ms), default=time_ms)
