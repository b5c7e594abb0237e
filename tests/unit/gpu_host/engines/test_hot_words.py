"""What of a vocabulary a model takes, and how an echo of it is known."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.gpu_host.engines.hot_words import HotWords, is_echo, written

TERMS = ["Riverside Telecom", "Lucía Ortega", "Fibre 300"]
names = st.lists(st.text("abc ", min_size=1, max_size=6), max_size=12)


def test_the_first_terms_are_taken_and_the_rest_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    hot_words = HotWords(31, len, "whisper-base")
    with caplog.at_level(logging.WARNING):
        assert [hot_words.fitting(TERMS) for _ in range(3)] == [("Riverside Telecom", "Lucía Ortega")] * 3
    [told] = caplog.messages
    assert told == "vocabulary: whisper-base takes 2 of 3 terms; left out: Fibre 300. Give it fewer."
    assert hot_words.fitting(TERMS[::-1]) == ("Fibre 300", "Lucía Ortega")


@given(names, st.integers(0, 40))
def test_what_is_taken_fits_and_is_the_beginning(terms: list[str], most: int) -> None:
    taken = HotWords(most, len, "m").fitting(terms)
    assert not taken or len(written(taken)) <= most
    assert list(taken) == list(dict.fromkeys(terms))[: len(taken)]


@pytest.mark.parametrize(
    "heard",
    [
        " Riverside Telecom, Lucía Ortega, Fibre 300.",
        " So, Riverside Telecom Lucia Ortega.",
        " Riverside.",
        " Fibre 300, Fibre 300, Fibre 300",
    ],
)
def test_what_may_be_an_echo_is_known(heard: str) -> None:
    assert is_echo(heard, TERMS)


@pytest.mark.parametrize(
    "heard",
    [
        "",
        " Hello.",
        " Thank you for calling Riverside Telecom, this is Lucía.",
        " Lucía Ortega from Riverside Telecom.",
    ],
)
def test_what_is_said_is_no_echo(heard: str) -> None:
    assert not is_echo(heard, TERMS)
    assert not is_echo(heard, [])
