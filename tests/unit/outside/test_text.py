"""Text from outside: whatever it holds, databases, encoders and messages can take what is left of it."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.outside.jsons import DEEPEST, parsed
from include.outside.text import cleaned, decoded, one_line

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
)


@given(ANY_TEXT)
def test_what_is_left_can_be_stored_and_sent(text: str) -> None:
    left = cleaned(text)
    assert left.encode().decode() == left
    assert not any(ord(one) < 32 and one not in "\t\n\r" for one in left)
    assert cleaned(left) == left


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert cleaned(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\x00b\x1b[31mc\x7f\x85", "ab[31mc"),
        ("tab\tline\nend\r\n", "tab\tline\nend\r\n"),
        ("lone \ud800 half, \udc00 half", "lone \ufffd half, \ufffd half"),
        ("whole \ud83d\ude00 of two halves", "whole 😀 of two halves"),
        ("ñ é 日本 😀", "ñ é 日本 😀"),
    ],
)
def test_what_becomes_of_it(text: str, left: str) -> None:
    assert cleaned(text) == left


def test_a_long_text_ends_with_an_ellipsis() -> None:
    assert cleaned("x" * 9, 5) == "xxxx…"
    assert cleaned("x" * 5, 5) == "xxxxx"
    assert one_line(" a\n\n b\x00\tc ", 9) == "a b c"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_read(encoding: str) -> None:
    assert decoded('{"a": "é"}'.encode(encoding)) == '{"a": "é"}'
    assert decoded(b"\xff\xff\x80")


@pytest.mark.long
@given(JSON)
def test_json_comes_back_as_it_was_but_for_its_strings(value: object) -> None:
    try:
        back = parsed(json.dumps(value))
    except ValueError as error:  # two keys may be one, once cleaned
        assert "twice" in str(error)
    else:
        json.dumps(back, ensure_ascii=False).encode()


@given(st.text() | st.text(alphabet='[]{}",:0123456789eE+-.nulltrfasINy\\u d8'))
def test_parsing_gives_a_value_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": [{"b": 1, "b": 1}]}', "twice"),
        ("NaN", "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": 1e999}', "too large"),
        ("[" * 200_000, "deep"),
        ('{"a":' * 200_000, "deep"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deep"),
        ("9" * 5000, "too large"),
        ('{"a": -' + "9" * 400 + "}", "too large"),
    ],
)
def test_what_is_no_answer(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parsed(text)


def test_as_deep_as_allowed_is_allowed() -> None:
    assert parsed("[" * DEEPEST + "]" * DEEPEST)


def test_strings_and_keys_are_cleaned() -> None:
    assert parsed(r'{"a\u0000": ["x\ud800y", "\ud83d\ude00"]}') == {"a": ["x\ufffdy", "😀"]}
