"""What models write around their answers, and what of it is no reason to pay for a repair."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.llm.reading import fitted, json_of

ANSWER = {"colour": "red", "of": {"what": 'a {brace} and a "quote" ```'}, "list": [1, {"x": None}]}
SAID = json.dumps(ANSWER)
PRETTY = json.dumps(ANSWER, indent=2)
OTHER = SAID.replace("red", "blue")


@pytest.mark.parametrize(
    "content",
    [
        SAID,
        PRETTY,
        f"\ufeff{SAID}",
        f"  \n{SAID}\n\n",
        f"```json\n{PRETTY}\n```",
        f"```\n{SAID}\n```",
        f"```JSON\r\n{SAID}\r\n```\r\n",
        f"```json\n{SAID}",
        f"Here is the answer:\n\n```json\n{PRETTY}\n```\nI hope that it helps {{you}}!",
        f"Sure! {SAID}",
        f"{SAID}\n\nThat is all.",
        f'<think>First {{"colour": "blue"}}? No.</think>\n{SAID}',
        f"<think>\n</think>\n\n```json\n{SAID}\n```",
        f'I think, so {{"a": 1}}</think>{SAID}',
        f"<Thinking>…</Thinking>{SAID}",
        f"<reasoning>{SAID.replace('red', 'blue')}</reasoning> {SAID}",
        f"{SAID}\n{SAID}",
        f"{SAID}\n```json\n{PRETTY}\n```",
        json.dumps(SAID),
        f"\x00{SAID}\x1b",
        f"The set {{a, b}} is small. {SAID}",
        f'<scratchpad>{{"colour": "blue"}}</scratchpad>{SAID}',
        f'<seed:think>{{"colour": "blue"}}</seed:think>{SAID}',
        f'<|channel|>analysis<|message|>{{"a": 1}}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}',
        f"{SAID}<|eot_id|>",
        PRETTY.replace("\n}", ",\n}"),
        f'It is "so:\n```json\n{PRETTY.replace("]", ",]")}\n```',
        f"~~~json\n{PRETTY}\n~~~",
        f"<answer>{SAID}</answer>",
        f"[THINK]maybe {OTHER}[/THINK]{SAID}",
        f"◁think▷{OTHER}◁/think▷{SAID}",
        f"<|begin_of_thought|>{OTHER}<|end_of_thought|><|begin_of_solution|>{SAID}<|end_of_solution|>",
        f'<think type="x">{OTHER}</think>{SAID}',
        f"<unused94>thought\n{OTHER}<unused95>{SAID}",
        f"Here is my thought process:\n{OTHER}\nHere is my response:\n{SAID}",
        f"<details><summary>Reasoning</summary>{OTHER}</details>\n{SAID}",
        f"Draft:\n{OTHER}\nFinal answer:\n```json\n{PRETTY}\n```",
        f"{OTHER}\nCorrected version: {SAID}",
        f"analysis{OTHER}assistantfinal{SAID}",
        f"<|channel|>analysis<|message|>{OTHER}<|end|><|start|>assistant<|channel|>commentary to=functions.f "
        f"<|constrain|>json<|message|>{SAID}",
        SAID.replace('"', "&quot;"),
        repr(ANSWER),
        f"```python\n{ANSWER!r}\n```",
        SAID.replace("null", "None"),
        SAID.replace('"colour"', "“colour”"),
        SAID.replace('"red"', "“red”"),
        PRETTY.replace('"list"', '// the "list"\n  "list"'),
        PRETTY.replace('"list"', '/* the list, */ "list"'),
        "\n".join(f"> {line}" for line in PRETTY.splitlines()),
        PRETTY.replace("  ", "\u00a0\u00a0"),
        f"\u200b{SAID}\u200b",
        f"```json\n{json.dumps(SAID)}\n```",
        f"<![CDATA[{SAID}]]>",
        f"{SAID},",
        f"the answer is ([{SAID}])",
    ],
)
def test_the_answer_is_found(content: str) -> None:
    assert json_of(content) == ANSWER


def test_what_markdown_escapes_is_read_and_other_backslashes_stay() -> None:
    assert json_of('{"no\\_abuse": "C:\\dir, 5 \\* 3, // no /* comment */,}"}') == {
        "no_abuse": "C:\\dir, 5 * 3, // no /* comment */,}"
    }


def test_a_line_end_in_a_string_is_read_as_one() -> None:
    assert json_of('{"a": "one\ntwo, }\t", "b": [1, ], }') == {"a": "one\ntwo, }\t", "b": [1]}


@pytest.mark.long
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no JSON"),
        ("The colour is red.", "no JSON"),
        (SAID[:-1], "no JSON|Expecting|delimiter"),
        (SAID[: len(SAID) // 2], "."),
        (SAID + "}", "more of it"),
        (SAID + ', "more": 1}', "more of it"),
        ('{"a": 1}\n{"a": 2}', "2 different"),
        ('{"a": 1} or {"a": 2} or {"a": 1}', "2 different"),
        (f"<think>{SAID}", "no JSON"),
        (f"<think>{SAID}</think>", "no JSON"),
        ('{"a": 1, "a": 2}', "twice"),
        ('```json\n{"a": 1, "a": 2}\n```', "twice"),
        ('{"a": NaN}', "NaN"),
        ('so: {"a": Infinity}', "Infinity"),
        ('{"a": 1e999}', "too large"),
        ("[" * 200_000, "deep"),
        ('{"a":' * 200_000, "deep"),
        ('x {"a":' * 200_000, "."),
        ('{"a": "\x01\x02', "."),
        ("data: {" * 10, "."),
        (f"{OTHER} or finally {SAID}?", "2 different"),
        (f"Final answer: {OTHER}\n{SAID}", "2 different"),
        ("{'a': 1, 'a': 2}", "."),
        ("{'a': open('x')}", "."),
        ("{'a': 1e999}", "."),
        ("{" + "'a': {" * 3000 + "}" * 3001, "."),
        (f"[{SAID}, {OTHER}]x", "more of it"),
        (f"{SAID}]", "more of it"),
        ("<html><body>502</body></html>", "no JSON"),
    ],
)
def test_what_is_no_answer_or_several_is_a_value_error(content: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        json_of(content)


@given(
    st.text()
    | st.text(alphabet='{}[]":,`\\ \nthink</>a1e9-.')
    | st.builds(lambda a, b: a + SAID + b, st.text(), st.text())
)
@pytest.mark.long
def test_nothing_but_a_value_error_is_raised(content: str) -> None:
    try:
        value = json_of(content)
    except ValueError:
        return
    json.dumps(value, ensure_ascii=False).encode()


def test_strings_are_cleaned_and_escaped_backslashes_stay() -> None:
    assert json_of(r'{"a": "x\ud800y\u0000z", "b": "C:\\u0000"}') == {"a": "x\ufffdyz", "b": r"C:\u0000"}


SCHEMA: dict[str, Any] = {
    "$defs": {
        "Absence": {
            "type": "object",
            "properties": {"searched": {"type": "string"}},
            "required": ["searched"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "due": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "absence": {"anyOf": [{"$ref": "#/$defs/Absence"}, {"type": "null"}]},
        "each": {"type": "array", "items": {"$ref": "#/$defs/Absence"}},
    },
    "required": ["name", "due", "absence", "each"],
    "additionalProperties": False,
}
WHOLE = {"name": "n", "due": "Monday", "absence": {"searched": "s"}, "each": [{"searched": "t"}]}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (WHOLE, WHOLE),
        ({**WHOLE, "notes": "extra", "each": [{"searched": "t", "why": 1}]}, WHOLE),
        ({"name": "n", "each": []}, {"name": "n", "due": None, "absence": None, "each": []}),
        ({**WHOLE, "due": [], "absence": []}, {**WHOLE, "due": None, "absence": None}),
        ({**WHOLE, "due": ["Monday"], "absence": [{"searched": "s"}]}, WHOLE),
        ({**WHOLE, "due": None, "absence": None}, {**WHOLE, "due": None, "absence": None}),
        ([WHOLE], WHOLE),
        ({"answer": WHOLE}, WHOLE),
        ({"name_of_tool": "f", "arguments": WHOLE}, WHOLE),
        ({"function": {"called": "f", "arguments": json.dumps(WHOLE)}}, WHOLE),
        ({"type": "object", "properties": {**WHOLE, "name": "m"}}, {**WHOLE, "name": "m"}),
        # What cannot be told stays for the reader to refuse.
        ({**WHOLE, "due": ["Monday", "Tuesday"]}, {**WHOLE, "due": ["Monday", "Tuesday"]}),
        ({"due": None, "absence": None, "each": []}, {"due": None, "absence": None, "each": []}),
        ("text", "text"),
        ([WHOLE, WHOLE], [WHOLE, WHOLE]),
        ({"first": WHOLE, "second": WHOLE}, {"due": None, "absence": None}),
        ({"answer": "{not json"}, {"due": None, "absence": None}),
        ({**WHOLE, "each": {"searched": "t"}}, {**WHOLE, "each": {"searched": "t"}}),
    ],
)
def test_an_answer_is_fitted_where_it_is_plain(said: object, read: object) -> None:
    assert fitted(said, SCHEMA) == read


def test_a_field_that_is_nearly_named_so_is_misspelt_not_absent() -> None:
    said = {"name": "n", "absense": {"searched": "s"}, "each": []}
    assert fitted(said, SCHEMA) == {"name": "n", "due": None, "each": []}


def test_a_schema_that_says_nothing_changes_nothing() -> None:
    assert fitted({"a": [1], "b": None}, {"type": "object"}) == {"a": [1], "b": None}
