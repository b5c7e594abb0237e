from collections.abc import Callable

import pytest
from hypothesis import settings

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn, Word
from tests.thoroughness import tries

# How long an example takes says how busy the machine is.
settings.register_profile("cofi", deadline=None, max_examples=tries(50, 1000))
settings.load_profile("cofi")


@pytest.fixture
def spoken() -> Callable[..., Transcript]:
    def make(*said: tuple[str, str], confidence: float = 0.9, with_words: bool = False) -> Transcript:
        turns = [_turn(n, who, text, confidence, with_words) for n, (who, text) in enumerate(said, start=1)]
        return Transcript(call_id="c1", language="en", turns=turns)

    return make


def _turn(n: int, who: str, text: str, confidence: float, with_words: bool) -> Turn:
    start_ms = n * 10_000
    words = [
        Word(text=word, start_ms=start_ms + i * 100, end_ms=start_ms + i * 100 + 90, confidence=(i + 1) / 100)
        for i, word in enumerate(text.split())
    ]
    return Turn(
        id=f"t{n}",
        speaker=ChannelRole(who),
        channel=int(who == "customer"),
        start_ms=start_ms,
        end_ms=start_ms + 8000,
        text=text,
        confidence=confidence,
        words=words if with_words else [],
    )
