from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.gpu.wire import Engine, IvrResult, Segment
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard
from include.scorecards.schema import Scorecard


@pytest.fixture
def heard() -> Callable[..., IvrResult]:
    def make(*segments: tuple[str, int, int, str]) -> IvrResult:
        found = [
            Segment(kind=kind, start_ms=start, end_ms=end, confidence=1, label=label)
            for kind, start, end, label in segments
        ]
        engine = Engine(name="landmarks", version="1", device="cpu")
        return IvrResult(call_id="c1", engine=engine, seconds=0, audio_s=100, segments=found, kept=[])

    return make


@pytest.fixture
def shipped() -> Scorecard:
    return load_scorecard(SHIPPED_SCORECARD)


@pytest.fixture
def shipped_file() -> Path:
    return SHIPPED_SCORECARD


@pytest.fixture
def small() -> Callable[..., Any]:
    """A small scorecard's content, ready to be spoilt or loaded."""

    def make() -> dict[str, Any]:
        def criterion(criterion_id: str, section: str, **more: Any) -> dict[str, Any]:
            options = [{"key": "yes", "label": "y", "score": 1}, {"key": "no", "label": "n", "score": 0}]
            base = {
                "id": criterion_id,
                "section": section,
                "text": "?",
                "instructions": "decide",
                "weight": 1,
            }
            return {**base, "options": options, "answered_by": "llm", **more}

        return {
            "id": "small",
            "version": 1,
            "title": "Small",
            "language": "en",
            "pass_threshold_pct": 60,
            "bands": [{"name": "good", "min_pct": 60}, {"name": "poor", "min_pct": 0}],
            "max_undetermined_share": 0.5,
            "sections": [{"id": "a", "title": "A", "weight": 3}, {"id": "b", "title": "B", "weight": 1}],
            "criteria": [
                criterion("a1", "a", weight=2),
                criterion("a2", "a", na_allowed=True, na_rule="never mind"),
                criterion("b1", "b"),
            ],
        }

    return make
