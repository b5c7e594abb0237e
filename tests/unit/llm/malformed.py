"""Answers that go wrong, made by rule: what models, servers and proxies send instead of a chat completion."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from include.llm.facts import nothing_said

GOOD: dict[str, Any] = json.loads(nothing_said().model_dump_json()) | {
    "unknowns": ["who called", 'a "quote", a brace {, and a fence ```'],
    "entities": [{"type": "amount", "text": "ten euros", "normalized": "10 EUR", "turn": "t1", "pii": False}],
    "participants": [{"speaker": "speaker_0", "role": "agent", "confidence": 0.9}],
}
_DEEP = 200_000

Change = Callable[[str, random.Random], str]
Wrap = Callable[[str, random.Random], Any]


@dataclass(frozen=True)
class Malformed:
    """One answer.

    Attributes:
        body: As it goes over the wire.
        reads: Whether it means one answer beyond doubt, so that no repair is paid for.
    """

    name: str
    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    reads: bool = False


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


def _field_lost(text: str, chance: random.Random) -> str:
    said = json.loads(text)
    del said[chance.choice(sorted(said))]
    return json.dumps(said)


def _wrong_type(text: str, chance: random.Random) -> str:
    said = json.loads(text)
    wrong = [None, 7, -1.5, True, "x" * 5000, [], {}, [[]], [None], {"a": {"b": []}}, 10**30]
    return json.dumps(said | {chance.choice(sorted(said)): chance.choice(wrong)})


def _noise(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return (
        text[:at] + chance.choice(["\x00", "\ud800", "\x1b[2J", "}", '"', "\\", "\u202e", "🦜"]) + text[at:]
    )


def _raw_number(written: str) -> Change:
    return lambda text, _: text.replace("0.9", written).replace(
        '"usable_share": 0.0', f'"usable_share": {written}'
    )


def _escaped(inside: str) -> Change:
    return lambda text, _: text.replace("who called", inside)


# Each with whether the answer can still be read beyond doubt.
CONTENTS: dict[str, tuple[Change, bool]] = {
    "whole": (lambda text, _: text, True),
    "fence": (lambda text, _: f"```json\n{text}\n```", True),
    "fence left open": (lambda text, _: f"Sure:\n```\n{text}", True),
    "thought": (lambda text, _: f'<think>maybe {{"a": 1}}</think>\n{text}', True),
    "thought, opened by the template": (lambda text, _: f"hm {{}} </think> {text}", True),
    "byte order mark": (lambda text, _: "\ufeff" + text, True),
    "surrogate": (_escaped(r"who \ud800 called"), True),
    "escaped nul": (_escaped(r"who\u0000 called"), True),
    "unknown field": (lambda text, _: text[:-1] + ', "mood_of_the_day": {"a": []}}', True),
    "twice the same": (lambda text, _: f"{text}\n{text}", True),
    "two different": (lambda text, _: f"{text}\n{text.replace('who called', 'who else')}", False),
    "prose": (lambda text, _: "I am sorry, the call has no facts.", False),
    "empty": (lambda text, _: "", False),
    "blank": (lambda text, _: " \n\t", False),
    "cut": (_cut, False),
    "field lost": (_field_lost, False),
    "wrong type": (_wrong_type, False),
    "noise": (_noise, False),
    "key twice": (lambda text, _: text[:-1] + ', "analysable": true}', False),
    "nan": (_raw_number("NaN"), False),
    "infinity": (_raw_number("-Infinity"), False),
    "1e999": (_raw_number("1e999"), False),
    "400 digits": (_raw_number("9" * 400), False),
    "deep list": (lambda text, _: "[" * _DEEP, False),
    "deep object": (lambda text, _: '{"a":' * _DEEP, False),
    "deep inside": (lambda text, _: text.replace('"who called"', "[" * 500 + "]" * 500), False),
    "list around": (lambda text, _: f"[{text}]", False),
    "number": (lambda text, _: "42", False),
    "null": (lambda text, _: "null", False),
    "html": (lambda text, _: "<html><body>sign in</body></html>", False),
}


def _choice(message: dict[str, Any], reason: str = "stop", **more: Any) -> dict[str, Any]:
    return {"id": "c-1", "model": "m", "choices": [{"message": message, "finish_reason": reason}], **more}


_USAGE = {"prompt_tokens": 120, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 20}}


def _as_tool(text: str, _: random.Random) -> Any:
    call = {"type": "function", "function": {"name": "call_understanding", "arguments": text}}
    return _choice({"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls", usage=_USAGE)


def _as_parts(text: str, _: random.Random) -> Any:
    parts = [{"type": "thinking", "thinking": "hm {}"}, {"type": "text", "text": text}]
    return _choice({"role": "assistant", "content": parts}, usage=_USAGE)


def _usage(usage: object) -> Wrap:
    return lambda text, _: _choice({"role": "assistant", "content": text}, usage=usage)


# Each with whether the content comes through.
ENVELOPES: dict[str, tuple[Wrap, bool]] = {
    "plain": (_usage(_USAGE), True),
    "tool call": (_as_tool, True),
    "parts": (_as_parts, True),
    "no usage": (lambda text, _: _choice({"content": text}), True),
    "usage of words": (_usage("many"), True),
    "usage beyond reason": (_usage({"prompt_tokens": 10**40, "completion_tokens": -3}), True),
    "usage in fractions": (_usage({"prompt_tokens": 12.5, "completion_tokens": True}), True),
    "names of other kinds": (
        lambda text, _: _choice({"content": text}, id=[], model={"a": 1}, usage=[]),
        True,
    ),
    "refusal": (lambda text, _: _choice({"content": None, "refusal": "I \x00 won't"}, usage=_USAGE), False),
    "filtered": (lambda text, _: _choice({"content": text}, "content_filter", usage=_USAGE), False),
    "cut off": (lambda text, _: _choice({"content": text}, "length", usage=_USAGE), False),
    "error inside": (lambda text, _: {"error": {"code": 502, "message": "upstream"}, "usage": _USAGE}, False),
    "error of load inside": (lambda text, _: {"error": {"code": "429", "message": "slow down"}}, False),
    "error in the choice": (
        lambda text, _: {"choices": [{"error": {"code": 500}, "message": {}, "finish_reason": "error"}]},
        False,
    ),
    "error of words": (lambda text, _: {"error": "it broke"}, False),
    "no choices": (lambda text, _: {"choices": [], "usage": _USAGE}, False),
    "choices of another kind": (lambda text, _: {"choices": {"0": text}}, False),
    "message missing": (lambda text, _: {"choices": [{"finish_reason": "stop"}]}, False),
    "list": (lambda text, _: [text], False),
    "string": (lambda text, _: text, False),
    "null": (lambda text, _: None, False),
}

BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 200, "application/json"),
    "html": (b"<html>\x00\xff</html>", 200, "text/html; charset=nonsense"),
    "events": (b'data: {"choices": []}\n\ndata: [DONE]\n\n', 200, "text/event-stream"),
    "deep": (b"[" * _DEEP, 200, "application/json"),
    "deep error": (b'{"error":' * _DEEP, 500, "application/json"),
    "large number": (b'{"choices": [], "usage": {"prompt_tokens": 1e999}}', 200, "application/json"),
    "key twice": (b'{"choices": [], "choices": []}', 200, "application/json"),
    "utf-16": ('{"choices": []}'.encode("utf-16"), 200, "application/json"),
    "no text": (bytes(range(256)) * 40, 200, "application/octet-stream"),
    "too long": (b" " * 3_000_000, 200, "application/json"),
    "too long an error": (b"x" * 3_000_000, 400, "text/plain"),
    "filter before the model": (
        b'{"error": {"code": "content_filter", "message": "no"}}',
        400,
        "application/json",
    ),
    "gateway": (b"<html>\x00 502 \x1b[1m</html>", 502, "text/html"),
    "numbers as an error": (b"[1, 2]", 400, "application/json"),
}


def cases(count: int) -> list[Malformed]:
    """So many different answers, always the same: bodies, contents, envelopes, and mixtures by chance."""
    chance = random.Random(7)
    made: dict[tuple[bytes, int], Malformed] = {}
    for name, (body, status, kind) in BODIES.items():
        waits = {"Retry-After": chance.choice(["1e999", "0", "-1", "x"])}
        made[body, status] = Malformed(name, body, status, kind, waits)
    plain = [((content,), "plain") for content in CONTENTS] + [(("whole",), name) for name in ENVELOPES]
    for contents, envelope in [*plain, *_mixtures(chance, 20 * count)]:
        case = _case(contents, envelope, chance)
        made.setdefault((case.body, case.status), case)
        if len(made) == count:
            break
    return list(made.values())


def _mixtures(chance: random.Random, count: int) -> Iterator[tuple[tuple[str, ...], str]]:
    for _ in range(count):
        contents = chance.choices(list(CONTENTS), k=chance.choice([1, 2, 2, 3]))
        yield tuple(contents), chance.choice(list(ENVELOPES))


def _case(contents: tuple[str, ...], envelope: str, chance: random.Random) -> Malformed:
    text = json.dumps(GOOD)
    for content in contents:
        with suppress(ValueError, TypeError, RecursionError):  # some changes need an answer that is whole
            text = CONTENTS[content][0](text, chance)
    wrap, carries = ENVELOPES[envelope]
    reads = carries and len(contents) == 1 and CONTENTS[contents[0]][1]
    return Malformed(
        name=f"{', '.join(contents)} in {envelope}",
        body=json.dumps(wrap(text, chance)).encode(),
        content_type=chance.choice(_KINDS),
        reads=reads,
    )


_KINDS = [
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "text/html",
    "application/x-ndjson",
]
