"""A recogniser hears all of a call, and by what it hears each part of it has its language."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.transcript import TurnFlag, Word
from include.errors import RecordingUnusable
from include.gpu.wire import LanguageSpan, LidResult, Span
from include.gpu_host.engines.protocol import Heard, Sound
from include.gpu_host.stages.by_ear import corrected
from tests.unit.gpu_host.stages.test_languages import ParityIsLanguage, in_spanish
from tests.unit.gpu_host.stages.test_recognition import Ears, clip, said, silence, transcribed

PART_MS = 2500


def sounds(spoken: str, sure: float = 0.97) -> list[Sound]:
    """A letter for each 2.5 s: e and s for English and Spanish, ? for neither."""
    likely = {
        "e": {"en": sure, "es": 1 - sure},
        "s": {"es": sure, "en": 1 - sure},
        "?": {"haw": 0.3, "tl": 0.3, "en": 0.2, "es": 0.2},
    }
    return [
        Sound(Span(start_ms=PART_MS * n, end_ms=PART_MS * (n + 1)), likely[letter])
        for n, letter in enumerate(spoken)
    ]


def heard(
    *pieces: str, lid: LidResult | None = None, allowed: Sequence[str] = (), sure: float = 0.97
) -> list[tuple[str, int, int]]:
    """Pieces of speech without a pause, an hour apart; spans in parts."""
    listed = [
        ([Span(start_ms=3_600_000 * n, end_ms=3_600_000 * n + PART_MS * len(spoken))], sounds(spoken, sure))
        for n, spoken in enumerate(pieces)
    ]
    found = corrected(lid or said("en"), 0, listed, allowed)
    return [(one.language, one.start_ms // PART_MS, one.end_ms // PART_MS) for one in found]


def test_a_channel_in_one_language_has_one_span() -> None:
    assert heard("eeeeee") == [("en", 0, 6)]
    assert heard("ssss") == [("es", 0, 4)]
    assert heard("") == heard() == []


def test_a_change_is_where_it_is_heard() -> None:
    assert heard("eeeessss") == [("en", 0, 4), ("es", 4, 8)]
    assert heard("eessee") == [("en", 0, 2), ("es", 2, 4), ("en", 4, 6)]
    assert heard("eeee", "ssss") == [("en", 0, 4), ("es", 1440, 1444)]


def test_an_odd_part_is_no_change() -> None:
    assert heard("eeseee") == heard("ee?eee") == heard("????ee") == [("en", 0, 6)]


def test_what_is_like_nothing_keeps_the_language_of_the_call() -> None:
    assert heard("???") == [("en", 0, 3)]
    assert heard("???", lid=said(None, es=0.4)) == []


@pytest.mark.parametrize("spoken", ["e", "ee", "e?", "?e", "ee?"])
def test_of_a_few_seconds_identification_has_heard_all_and_decides(spoken: str) -> None:
    """Spanish clips of 5 and 8 s were told as Spanish, and then written in English or Portuguese."""
    assert heard(spoken, lid=said("es", es=0.92, en=0.02), sure=0.9) == [("es", 0, len(spoken))]
    # It had no answer, or one that is as good as none.
    assert heard("ee", lid=said(None, es=0.4, en=0.35), sure=0.9) == [("en", 0, 2)]
    assert heard("ee", lid=said("es", es=0.5, en=0.49), sure=0.9) == [("en", 0, 2)]


def test_of_a_long_call_identification_has_heard_little() -> None:
    """It may have met the half in the other language only."""
    lid = said("en", en=0.97, es=0.01)
    assert heard("ssssssssssss", lid=lid) == [("es", 0, 12)]
    assert heard("s" * 12 + "e" * 12, lid=lid) == [("es", 0, 12), ("en", 12, 24)]
    assert heard("ss" + "e" * 20, lid=lid) == [("es", 0, 2), ("en", 2, 22)]


def test_only_allowed_languages_are_told() -> None:
    assert heard("eeessss", allowed=["en", "fr"]) == [("en", 0, 7)]


def test_a_change_moves_to_the_pause_beside_it() -> None:
    spans = [Span(start_ms=0, end_ms=9000), Span(start_ms=20_000, end_ms=31_000)]
    found = corrected(said("en"), 0, [(spans, sounds("eeeessss"))], [])
    assert [(one.language, one.start_ms, one.end_ms) for one in found] == [
        ("en", 0, 9000),
        ("es", 20_000, 31_000),
    ]


@given(st.lists(st.text(st.sampled_from("es?"), min_size=1, max_size=12), min_size=1, max_size=4))
def test_spans_are_in_order_and_cover_all_speech(pieces: list[str]) -> None:
    found = heard(*pieces)
    assert all(one[2] <= two[1] and one[0] != two[0] for one, two in pairwise(found))
    assert found[0][1] == 0 and found[-1][2] == 1440 * (len(pieces) - 1) + len(pieces[-1])


class Translator(Ears):
    """Writes the language that it is told, whatever is spoken, and hears what is: samples are even or odd."""

    knows = frozenset({"en", "es"})
    has_ears = True

    def hear(
        self, pieces: Sequence[np.ndarray], language: str, vocabulary: Sequence[str] = ()
    ) -> list[Heard]:
        if language not in self.knows:
            raise RecordingUnusable(f"in {language}, which is not known")
        self.heard.append((language, [len(piece) / 16_000 for piece in pieces]))
        return [Heard(self._said(piece, language), self._sounds(piece)) for piece in pieces]

    def _said(self, piece: np.ndarray, language: str) -> list[Word]:
        text = {"en": "the", "es": "los"}[language]
        return [
            Word(text=f" {text}{at}", start_ms=at, end_ms=at + 200, confidence=0.9)
            for at in range(0, len(piece) // 16, 300)
        ]

    def _sounds(self, piece: np.ndarray) -> list[Sound]:
        parts = np.array_split(piece, max(1, len(piece) // 40_000)) if self.has_ears else []
        found = [ParityIsLanguage()._heard(part) for part in parts]
        length_ms = len(piece) // 16
        edges = [length_ms * n // max(1, len(parts)) for n in range(len(parts) + 1)]
        return [
            Sound(Span(start_ms=a, end_ms=b), p) for (a, b), p in zip(pairwise(edges), found, strict=True)
        ]


def switching() -> tuple[np.ndarray, int]:
    """Four clips in English and as many in Spanish; when the language changes, in ms."""
    talk = np.rint(np.concatenate([clip("cold_hearted"), silence(1)]) * 16_000) / 16_384
    english = np.tile(talk, 4).astype(np.float32)
    return np.concatenate([english, in_spanish(english)]), len(english) // 16


def told() -> LidResult:
    """Identification met English only."""
    return said("en", LanguageSpan(start_ms=0, end_ms=90_000, channel=0, language="en", confidence=0.9))


@pytest.mark.long
@pytest.mark.parametrize("has_ears", [True, False], ids=["by the recogniser", "by identification"])
def test_what_was_translated_is_heard_again_in_its_own_language(
    has_ears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Translator, "has_ears", has_ears)
    samples, change_ms = switching()
    got = transcribed(Translator(), told(), samples, identifier=None if has_ears else ParityIsLanguage())
    for turn in got.turns:
        spanish = (turn.start_ms + turn.end_ms) / 2 > change_ms
        assert (turn.language, turn.text[:3]) == (("es", "los") if spanish else ("en", "the"))
        assert TurnFlag.OTHER_LANGUAGE not in turn.flags
    assert {turn.language for turn in got.turns} == {"en", "es"}


@pytest.mark.long
def test_what_cannot_be_heard_in_its_language_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translator, "knows", frozenset({"en"}))
    samples, _ = switching()
    got = transcribed(Translator(), told(), in_spanish(samples[: len(samples) // 2]))
    assert got.turns and {turn.language for turn in got.turns} == {"en"}
    assert all(TurnFlag.OTHER_LANGUAGE in turn.flags for turn in got.turns)
