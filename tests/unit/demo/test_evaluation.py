"""What counts as a recognition error."""

from pathlib import Path

import pytest

from include.demo.evaluation import normalise, reference_text, stored_text, word_error_rate
from include.demo.sample_calls.script import load_scripts
from include.spoken.numbers import digits_for_words


@pytest.mark.parametrize(
    ("language", "spoken", "written"),
    [
        ("en", "sixty four dollars", "$64"),
        ("en", "the twenty third of November, nineteen eighty two", "the 23rd of November 1982."),
        ("en", "four one one one, one one one one", "4111-1111"),
        ("en", "one hundred and twelve dollars, two hundred homes", "$112, 200 homes"),
        ("en", "a thousand two hundred and five", "a 1,205"),
        ("en", "It’s OK, Mister Cole", "it's okay mr. Cole"),
        ("en", "twenty percent by e-mail", "20% by email"),
        ("es", "mil novecientos setenta y ocho", "1978"),
        ("es", "treinta y cinco euros, veintitrés días", "35 €, 23 dias"),
        ("es", "clave dos cuatro seis uno", "clave 2461"),
        ("es", "Sí, el dieciséis", "si el 16"),
    ],
)
def test_two_ways_of_writing_the_same_words_are_equal(language: str, spoken: str, written: str) -> None:
    assert normalise(spoken, language) == normalise(written, language)


@pytest.mark.parametrize(
    ("one", "other"),
    [("fifteen dollars", "fifty dollars"), ("twenty and thirty", "50"), ("I can pay", "I cannot pay")],
)
def test_normalising_hides_no_real_difference(one: str, other: str) -> None:
    assert normalise(one, "en") != normalise(other, "en")


def test_numbers_leave_other_words_alone() -> None:
    assert digits_for_words(["salt", "and", "pepper", "on", "seven", "and", "a", "half"], "en") == (
        ["salt", "and", "pepper", "on", "7", "and", "a", "half"]
    )
    assert digits_for_words(["neun", "12"], "de") == ["neun", "1", "2"]
    assert digits_for_words([], "en") == []


def test_word_error_rate_weighs_texts_by_their_length() -> None:
    # One substitution in eight words and one word too many: two errors in ten reference words.
    references = ["a b c d e f g h", "i j"]
    assert word_error_rate(references, ["a b c d e f g x", "i j k"]) == pytest.approx(0.2)
    assert word_error_rate(references, references) == 0


def test_word_error_rate_needs_a_hypothesis_for_every_reference() -> None:
    with pytest.raises(ValueError, match="0 hypotheses for 1 references"):
        word_error_rate(["a b"], [])


def test_the_scripts_of_the_sample_calls_hold_their_transcripts() -> None:
    scripts = {script.file: script for script in load_scripts(Path("include/demo/sample_calls/scripts"))}
    script = scripts["1008-not-verified.wav"]
    assert reference_text(script).startswith("Hi, this is Maya at Riverside Telecom")
    assert len(reference_text(script).splitlines()) == len(script.turns) == 9
    assert reference_text(scripts["1010-abandoned.ogg"]) == ""


def test_what_is_stored_is_compared_with_what_may_be_stored() -> None:
    scripts = {script.file: script for script in load_scripts(Path("include/demo/sample_calls/scripts"))}
    paying = scripts["1003-card-payment.flac"]
    assert "five one zero five" in reference_text(paying)
    assert "five one zero five" not in stored_text(paying)
    assert "The number is [card number ending 5100]." in stored_text(paying)
    other = scripts["1001-late-fee.ogg"]
    assert stored_text(other) == reference_text(other)
