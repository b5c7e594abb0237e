"""Which languages may be spoken: codes that GPU hosts know, or none of their calls would be heard."""

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from include.calls.languages import KNOWN, read_languages
from include.errors import InvalidInput


def test_the_codes_are_those_of_the_engine() -> None:
    assert set(_LANGUAGE_CODES) == KNOWN


@pytest.mark.parametrize(
    ("text", "codes"), [("", []), (" , ", []), ("en, es", ["en", "es"]), ("EN,Yue", ["en", "yue"])]
)
def test_codes_are_read(text: str, codes: list[str]) -> None:
    assert read_languages(text) == codes


@pytest.mark.parametrize("text", ["English", "en, xx", "en;es", "en es", "en-US", "español"])
def test_what_is_no_code_is_refused_by_name(text: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"^\[cofi\] languages = .*: there is no language .*like en, es\.$"
    ):
        read_languages(text)
