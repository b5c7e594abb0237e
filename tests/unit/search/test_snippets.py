"""Snippets are the first turns that say what is sought, whatever they are written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.search.language import LONGEST_WORD_CHARS, Clause, Term
from include.search.snippets import snippets
from include.spoken.words import bare_words
from tests.unit.search.conftest import transcript_of

# Accents, a capital that grows when it is folded, a ligature, signs without spaces, and a long word.
WORDS = ("Café", "STRASSE", "straße", "ﬁn", "İzmir", "解約", "refund", "I", "won't", "a" * 150, "ΣΊΣΥΦΟΣ")
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=6).map(" ".join)


def words_of(text: str) -> tuple[str, ...]:
    return tuple(word[:LONGEST_WORD_CHARS] for word, _, _ in bare_words(text))


@pytest.mark.long
@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS)
def test_each_turn_that_says_it_is_shown_and_no_other(said: list[str], sought: str) -> None:
    wanted = words_of(sought)
    if not wanted:
        return
    transcript = transcript_of("c1", [("agent", text) for text in said]).model_dump(mode="json")
    found = snippets(transcript, (Clause((Term(wanted),)),))
    heard = [words_of(text) for text in said]
    says = [any(words[at : at + len(wanted)] == wanted for at in range(len(words))) for words in heard]
    assert [one.turn_id for one in found] == [f"t{n}" for n, here in enumerate(says, 1) if here][:3]
