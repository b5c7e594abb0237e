"""Signs that a recogniser invented a turn: it repeats itself, is unsure, nobody spoke, or it is stock.

Or that it wrote another language than was spoken: its words are a translation at best.
"""

import json
import re
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from include.calls.transcript import Turn, TurnFlag, Word
from include.gpu.wire import Span
from include.gpu_host.stages.text_language import reads_otherwise

# Whisper's own measure of a loop (openai/whisper, transcribe.py): text that compresses better than this.
_MAX_COMPRESSION_RATIO = 2.4
# People say "no, no, no, no"; a loop goes on. Phrases of so many words may follow themselves so often.
_MAX_IN_A_ROW = {1: 6, 2: 5}
_MAX_IN_A_ROW_LONGER = 3
_LONGEST_PHRASE_WORDS = 12
# A turn of which less than this share of the words touches speech is not heard but made up.
_MIN_SPOKEN_SHARE = 0.5
# A word may be timed this far beside its sound.
_TIMING_MS = 100
# A stock phrase is believed when the recogniser is sure of it and somebody speaks all along.
_BELIEVED_CONFIDENCE = 0.7
_BELIEVED_SHARE = 0.8
# Words that nobody said, in the babble behind a line, had 0.13 to 0.27; of 4,327 words of the sample calls,
# 10 are in turns below this, and they are wrong too.
_BADLY_HEARD_BELOW = 0.45
_WORD = re.compile(r"\w+")


def flags(turn: Turn, speech: Sequence[Span]) -> list[TurnFlag]:
    """What speaks against a turn.

    Args:
        turn: With its words, and the flags that are known already.
        speech: Where voice activity was found on its channel, without margins, in order, disjoint.
    """
    words = _WORD.findall(turn.text.lower())
    share = _spoken_share(turn.words, speech)
    found = {
        TurnFlag.REPETITION: _repeats(words) or _compression_ratio(turn.text) > _MAX_COMPRESSION_RATIO,
        TurnFlag.ON_SILENCE: share < _MIN_SPOKEN_SHARE,
        TurnFlag.BADLY_HEARD: TurnFlag.BADLY_HEARD in turn.flags or turn.confidence < _BADLY_HEARD_BELOW,
        TurnFlag.KNOWN_PHRASE: _is_stock(words)
        and (turn.confidence < _BELIEVED_CONFIDENCE or share < _BELIEVED_SHARE),
        TurnFlag.OTHER_LANGUAGE: TurnFlag.OTHER_LANGUAGE in turn.flags
        or (turn.language is not None and reads_otherwise(turn.text, turn.language)),
    }
    return [flag for flag, is_found in found.items() if is_found]


def _spoken_share(words: Sequence[Word], speech: Sequence[Span]) -> float:
    """The share of the words that touch speech."""
    return sum(_is_spoken(word, speech) for word in words) / max(1, len(words))


def _is_spoken(word: Word, speech: Sequence[Span]) -> bool:
    return any(
        span.start_ms - _TIMING_MS < word.end_ms and word.start_ms < span.end_ms + _TIMING_MS
        for span in speech
    )


def _repeats(words: Sequence[str]) -> bool:
    """Whether a phrase follows itself more often than in speech; figures may, as in a number on the phone."""
    return any(
        _longest_row(words, length) > _MAX_IN_A_ROW.get(length, _MAX_IN_A_ROW_LONGER)
        for length in range(1, min(_LONGEST_PHRASE_WORDS, len(words) // 2) + 1)
    )


def _longest_row(words: Sequence[str], length: int) -> int:
    """How often a phrase of so many words follows itself at most."""
    longest = same = 0
    for before, word in zip(words, words[length:], strict=False):
        same = same + 1 if word == before and not word.isdigit() else 0
        longest = max(longest, same)
    return longest // length + 1


def _compression_ratio(text: str) -> float:
    spelled = text.encode()
    return len(spelled) / len(zlib.compress(spelled)) if spelled else 0.0


def _is_stock(words: Sequence[str]) -> bool:
    return " ".join(words) in _stock_phrases()


@cache
def _stock_phrases() -> frozenset[str]:
    """The stock phrases of all languages: invented text is often in another language than the call."""
    text = files(__package__).joinpath("stock_phrases.json").read_text(encoding="utf-8")
    phrases: dict[str, list[str]] = json.loads(text)
    return frozenset(" ".join(_WORD.findall(one.lower())) for known in phrases.values() for one in known)
