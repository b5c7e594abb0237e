"""Which windows are heard a second time: what a quick look at them leaves in doubt, and nothing else."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.gpu.wire import Engine
from include.gpu_host.stages.ear import AGREED_FROM, DOUBTFUL_BELOW, Ear

# What a window is when it is filled up: known for sure.
SURE = {"en": 0.0, "es": 1.0, "pt": 0.0}


class Model:
    """Hears each window, numbered by its only sample, as told; filled up, each is `SURE`."""

    engine = Engine(name="ears", version="1", device="cpu")
    languages = frozenset({"en", "es", "pt"})

    def __init__(self, quick: Sequence[dict[str, float]]) -> None:
        self._quick = quick
        self.filled_up: list[int] = []

    def probabilities(
        self, windows: Sequence[np.ndarray], *, filled_up: bool = False
    ) -> list[dict[str, float]]:
        numbers = [int(window[0]) for window in windows]
        self.filled_up += numbers if filled_up else []
        return [dict(SURE) if filled_up else dict(self._quick[n]) for n in numbers]


def heard(model: Model, count: int, allowed: Sequence[str] = (), *, together: bool) -> list[dict[str, float]]:
    ear = Ear(model, allowed)
    listen = ear.together if together else ear.each
    return listen([np.array([n], dtype=np.float32) for n in range(count)])


def likely(language: str, probability: float) -> dict[str, float]:
    others = [code for code in ("en", "es", "pt") if code != language]
    return {language: probability, **dict.fromkeys(others, (1 - probability) / 2)}


@pytest.mark.parametrize(
    ("quick", "again"),
    [
        ([likely("es", 0.6), likely("es", 0.7), likely("es", 0.55)], []),
        ([likely("es", 0.95), likely("es", 0.5), likely("es", 0.5)], []),
        # One names another language: all that are in doubt are heard again, and only these.
        ([likely("es", 0.95), likely("es", 0.6), likely("pt", 0.5)], [1, 2]),
        ([likely("es", 0.95), likely("en", 0.95)], []),
        # Nothing else speaks for what a single window says.
        ([likely("es", 0.7)], [0]),
        # All name one language, but a guess between three it would be.
        ([likely("es", 0.4), likely("es", 0.45)], [0, 1]),
    ],
)
def test_windows_of_one_voice_that_agree_are_heard_once(
    quick: list[dict[str, float]], again: list[int]
) -> None:
    model = Model(quick)
    found = heard(model, len(quick), together=True)
    assert model.filled_up == again
    assert [one == SURE for one in found] == [n in again for n in range(len(quick))]


def test_windows_that_stand_for_themselves_are_each_heard_surely() -> None:
    model = Model([likely("es", 0.6), likely("es", 0.9), likely("es", 0.6)])
    heard(model, 3, together=False)
    assert model.filled_up == [0, 2]


def test_doubt_between_languages_that_are_not_allowed_is_none() -> None:
    """Spanish of 0.55 beside Portuguese of 0.40 is Spanish, where calls are in English or Spanish."""
    model = Model([{"en": 0.05, "es": 0.55, "pt": 0.40}])
    [found] = heard(model, 1, ["en", "es"], together=True)
    assert not model.filled_up and found == pytest.approx({"en": 0.05 / 0.6, "es": 0.55 / 0.6})


@given(
    quick=st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.01, 1)).map(
            lambda w: dict(zip(("en", "es", "pt"), (part / sum(w) for part in w), strict=True))
        ),
        min_size=1,
        max_size=5,
    ),
    together=st.booleans(),
)
def test_only_what_is_in_doubt_is_heard_again(quick: list[dict[str, float]], together: bool) -> None:
    model = Model(quick)
    found = heard(model, len(quick), together=together)
    doubtful = [n for n, one in enumerate(quick) if max(one.values()) < DOUBTFUL_BELOW]
    assert model.filled_up in ([], doubtful)
    if doubtful and not model.filled_up:
        assert together and len({max(one, key=one.__getitem__) for one in quick}) == 1
        best = max(quick[0], key=quick[0].__getitem__)
        assert np.mean([one[best] for one in quick]) >= AGREED_FROM
    assert all(sum(one.values()) == pytest.approx(1) for one in found)
