"""Hears which language windows of a channel are in: quickly, and once more where that leaves it in doubt."""

from collections.abc import Collection, Sequence

from include.gpu_host.audio.recording import Samples
from include.gpu_host.engines.protocol import LanguageIdentifier

# Below this a window is in doubt: of 197 of up to 8 s in 7 languages, none was this sure and wrong. Filled up
# with silence it is heard more surely, and takes four times as long.
DOUBTFUL_BELOW = 0.8
# Windows that name one language without exception leave no doubt about it from this mean probability on.
AGREED_FROM = 0.5


class Ear:
    """A language identifier that listens again where it has to.

    Args:
        identifier: The model behind it.
        allowed: ISO 639-1 codes that may be answered; empty for any. What a model gives to other languages is
            spread over these, so that a window is in doubt between them only.
    """

    def __init__(self, identifier: LanguageIdentifier, allowed: Collection[str]) -> None:
        self._identifier = identifier
        self._allowed = allowed

    def together(self, windows: Sequence[Samples]) -> list[dict[str, float]]:
        """Windows of one voice: where all name one language, none is heard again.

        Returns:
            The probability of each language in each window; they add up to 1.
        """
        found = self._once(windows, filled_up=False)
        return found if _agree(found) else self._again(windows, found)

    def each(self, windows: Sequence[Samples]) -> list[dict[str, float]]:
        """Windows that stand for themselves: each that is in doubt is heard again. Returns as `together`."""
        return self._again(windows, self._once(windows, filled_up=False))

    def _again(self, windows: Sequence[Samples], found: list[dict[str, float]]) -> list[dict[str, float]]:
        doubtful = [n for n, one in enumerate(found) if max(one.values(), default=0.0) < DOUBTFUL_BELOW]
        if not doubtful:
            return found
        heard = self._once([windows[n] for n in doubtful], filled_up=True)
        surer = dict(zip(doubtful, heard, strict=True))
        return [surer.get(n, one) for n, one in enumerate(found)]

    def _once(self, windows: Sequence[Samples], *, filled_up: bool) -> list[dict[str, float]]:
        found = self._identifier.probabilities(windows, filled_up=filled_up)
        return [_among(self._allowed, one) for one in found]


def _among(allowed: Collection[str], probabilities: dict[str, float]) -> dict[str, float]:
    """Spreads the probability of what is not allowed over what is."""
    left = {code: p for code, p in probabilities.items() if not allowed or code in allowed}
    total = sum(left.values())
    return {code: p / total for code, p in left.items()} if total else {}


def _agree(found: Sequence[dict[str, float]]) -> bool:
    likeliest = {max(one, key=one.__getitem__, default="") for one in found}
    if len(found) < 2 or len(likeliest) > 1:
        return False
    [language] = likeliest
    return sum(one.get(language, 0.0) for one in found) / len(found) >= AGREED_FROM
