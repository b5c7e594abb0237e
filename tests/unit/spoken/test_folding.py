"""Text is folded for matching: without case and accents."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from include.spoken.folding import folded, plain


@given(st.text(st.characters(max_codepoint=127)) | st.text())
def test_a_text_is_folded_alike_with_and_without_accents_around_it(text: str) -> None:
    assert plain(text + "é") == plain(text) + "e"
    assert not any(unicodedata.combining(char) for char in plain(text))


@given(st.text(st.characters(max_codepoint=127)) | st.text())
def test_every_folded_character_leads_back_to_the_one_that_it_was(text: str) -> None:
    made = folded(text)
    assert len(made.text) == len(made.places) and list(made.places) == sorted(made.places)
    by_character = [(bare, at) for at, char in enumerate(text) for bare in plain(char).replace("’", "'")]
    assert list(zip(made.text, made.places, strict=True)) == by_character


def test_what_is_written_differently_is_the_same() -> None:
    assert [plain(one) for one in ("ÉCOLE", "Straße", "ﬁn", "ok")] == ["ecole", "strasse", "fin", "ok"]
