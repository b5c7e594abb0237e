"""JSON as models write it who half mean Python, JavaScript, Markdown or HTML, made into plain JSON.

Only what is no JSON comes here, and only marks are changed: what stands in a string stays what it says.
"""

import ast
import html
import json
import re

# A string, also one that breaks off; a comment; a comma that nothing follows; a blank unknown to JSON.
_PARTS = re.compile(
    r'"(?:[^"\\]|\\.?)*(?:"|\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)|,(?=\s*[}\]])'
    r"|[\u00a0\u200b-\u200d\u2028\u2029\u3000\ufeff]",
    re.DOTALL,
)
_RAW = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_JSON_ESCAPES = frozenset('"\\/bfnrtu')
# What Markdown escapes with a backslash, and JSON does not.
_MARKDOWN_ESCAPES = frozenset("_*[]#`~<>-+.!(){}|'&$")
_SMART_QUOTED = re.compile(r'(?<=[{,\[:])(\s*)[“”„]([^“”„"\\]*)[“”](?=\s*[:,}\]])')
_QUOTED_LINE = re.compile(r"^> ?", re.MULTILINE)
_OPENING = re.compile(r"\{\s*[\"'“”„}]")
# Longer literals are no answers, and take Python's parser long.
_MOST_LITERAL_CHARS = 400_000


def mended(answer: str) -> str:
    """From the first object on, as plain JSON; the answer itself where it holds none."""
    if answer.startswith(">"):
        answer = _QUOTED_LINE.sub("", answer)
    if "&quot;" in answer and '"' not in answer:
        answer = html.unescape(answer)
    opening = _OPENING.search(answer)
    if not opening:
        return answer
    text = _SMART_QUOTED.sub(r'\1"\2"', answer[opening.start() :])
    return _PARTS.sub(lambda found: _mended_part(found[0]), text)


def _mended_part(part: str) -> str:
    if part.startswith('"'):
        escaped = _ESCAPED.sub(lambda found: _escape(found[1]), part)
        return re.sub(r"[\n\r\t]", lambda raw: _RAW[raw[0]], escaped)
    return "" if part == "," else " "


def _escape(char: str) -> str:
    if char in _JSON_ESCAPES:
        return f"\\{char}"
    return char if char in _MARKDOWN_ESCAPES else f"\\\\{char}"


def of_literal(answer: str) -> str:
    """The one Python literal from the first brace to the last, as JSON.

    Raises:
        ValueError: There is none, or it is none that JSON can say.
    """
    literal = answer[answer.find("{") : answer.rfind("}") + 1]
    if not literal or len(literal) > _MOST_LITERAL_CHARS:
        raise ValueError("it is no literal")
    try:
        tree = ast.parse(literal, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                _refuse_twice(node)
        return json.dumps(ast.literal_eval(tree), allow_nan=False)
    except (SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise ValueError("it is no literal") from error


def _refuse_twice(node: ast.Dict) -> None:
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    if len(keys) < len(node.keys) or len(set(keys)) < len(keys) or not all(isinstance(k, str) for k in keys):
        raise ValueError("a name stands there twice")
