import json

import pytest
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from include.errors import AnswerInvalid
from include.llm.structured import structured

SCHEMA = {"type": "object"}
ASK = [{"role": "user", "content": "the call"}]


class Thing(BaseModel):
    colour: str


async def asked(client):
    return await structured(client, ASK, SCHEMA, "thing", item="c1", read=Thing.model_validate)


async def test_a_valid_answer_takes_one_request(api, client_of, reply):
    api.replies = [reply('{"colour": "red"}')]
    async with client_of(api) as client:
        got = await asked(client)
    assert got.value == Thing(colour="red")
    assert (got.attempts, got.repaired, got.usage.prompt_tokens) == (1, False, 100)


@pytest.mark.parametrize("wrong", ['{"color": "red"}', "Sure! The colour is red.", ""])
async def test_an_invalid_answer_is_repaired_once(api, client_of, reply, wrong):
    api.replies = [reply(wrong), reply('{"colour": "red"}')]
    async with client_of(api) as client:
        got = await asked(client)
    assert (got.value.colour, got.attempts, got.repaired, got.usage.prompt_tokens) == ("red", 2, True, 200)
    repair = api.bodies[1]["messages"]
    assert repair[:1] == ASK and repair[1] == {"role": "assistant", "content": wrong or "(nothing)"}
    if wrong.startswith("{"):
        assert "colour" in repair[2]["content"]


async def test_an_answer_that_stays_invalid_is_kept_for_the_engineer(api, client_of, reply):
    api.replies = [reply("{}"), reply('{"colour": 3}')]
    async with client_of(api) as client:
        with pytest.raises(AnswerInvalid, match="c1") as caught:
            await asked(client)
    assert json.loads(caught.value.raw_answer) == {"colour": 3}
    assert len(api.bodies) == 2


async def test_the_answer_is_kept_too_when_its_repair_is_refused(api, client_of, reply):
    too_long = web.json_response({"error": {"message": "context length exceeded"}}, status=400)
    api.replies = [reply("{}"), too_long]
    async with client_of(api) as client:
        with pytest.raises(AnswerInvalid, match=r"c1.*context length") as caught:
            await asked(client)
    assert caught.value.raw_answer == "{}"


async def test_a_cut_off_answer_gets_twice_the_room(api, client_of, reply):
    api.replies = [reply('{"colour": "r', "length"), reply('{"colour": "red"}')]
    async with client_of(api, max_output_tokens=50) as client:
        got = await asked(client)
    assert got.value.colour == "red" and got.repaired
    assert [body["max_tokens"] for body in api.bodies] == [50, 100]


async def test_cut_off_twice_is_invalid(api, client_of, reply):
    api.replies = [reply('{"col', "length"), reply('{"colo', "length")]
    async with client_of(api) as client:
        with pytest.raises(AnswerInvalid, match="max_output_tokens"):
            await asked(client)
    assert len(api.bodies) == 2


async def test_a_model_that_refuses_is_not_asked_again(api, client_of):
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that"}
    api.replies = [{"choices": [{"message": message, "finish_reason": "stop"}]}]
    async with client_of(api) as client:
        with pytest.raises(AnswerInvalid, match="refuses"):
            await asked(client)
    assert len(api.bodies) == 1


FULL = {
    "type": "object",
    "properties": {"colour": {"type": "string"}, "shade": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    "required": ["colour", "shade"],
    "additionalProperties": False,
}


class Full(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: str
    shade: str | None


async def full(client):
    return await structured(client, ASK, FULL, "thing", item="c1", read=Full.model_validate)


@pytest.mark.parametrize(
    "message",
    [
        {"content": '```json\n{"colour": "red", "shade": null}\n```'},
        {"content": '<think>{"colour": "blue", "shade": null}?</think>{"colour": "red", "shade": null}'},
        {"content": 'Here it is: {"colour": "red"}'},
        {"content": '{"colour": "red", "shade": null, "why": ["it is"]}'},
        {
            "content": [
                {"type": "text", "text": '{"colour": "red",'},
                {"type": "text", "text": '"shade": null}'},
            ]
        },
        {"content": '\ufeff{"colour": "red", "shade": []}'},
        {"content": None, "tool_calls": [{"function": {"name": "thing", "arguments": '{"colour": "red"}'}}]},
        {"content": "", "tool_calls": [{"function": {"name": "thing", "arguments": {"colour": "red"}}}]},
        {"content": "I call:", "function_call": {"name": "thing", "arguments": '{"colour": "red"}'}},
    ],
)
async def test_an_answer_that_is_plain_is_read_without_a_repair(api, client_of, message):
    api.replies = [{"choices": [{"message": message, "finish_reason": "stop"}]}]
    async with client_of(api) as client:
        got = await full(client)
    assert (got.value, got.attempts, got.repaired) == (Full(colour="red", shade=None), 1, False)


@pytest.mark.parametrize(
    "content",
    [
        '{"colour": "red", "shade": null} or {"colour": "blue", "shade": null}',
        '{"colour": "red", "shad": "dark"}',
        '{"colour": "red", "colour": "blue", "shade": null}',
        '{"colour": "red", "shade": null',
        '{"color": "red", "shade": null}',
        "[" * 200_000,
    ],
)
async def test_an_answer_that_is_not_is_repaired_and_then_invalid(api, client_of, reply, content):
    api.replies = [
        reply(content),
        reply('{"colour": "red", "shade": "dark"}'),
        reply(content),
        reply(content),
    ]
    async with client_of(api) as client:
        assert (await full(client)).repaired
        with pytest.raises(AnswerInvalid, match="does not fit, nor after a repair"):
            await full(client)


async def test_a_lone_surrogate_costs_nothing(api, client_of, reply):
    api.replies = [reply('{"colour": "r\\ud800d\\u0000", "shade": null}'), reply('{"colour": "r\ud800d"}')]
    async with client_of(api) as client:
        for _ in range(2):
            got = await full(client)
            assert (got.value.colour, got.repaired) == ("r\ufffdd", False)


async def test_a_repair_of_an_answer_that_nothing_can_encode_is_sent_clean(api, client_of, reply):
    api.replies = [reply("no \ud800 JSON \x00"), reply('{"colour": "red"}')]
    async with client_of(api) as client:
        assert (await full(client)).repaired
    assert api.bodies[1]["messages"][1]["content"] == "no \ufffd JSON "


async def test_whatever_reading_stumbles_over_is_an_invalid_answer(api, client_of, reply):
    def read(said):
        raise OverflowError("int too large")

    api.replies = [reply('{"colour": "red"}') for _ in range(2)]
    async with client_of(api) as client:
        with pytest.raises(AnswerInvalid, match="OverflowError"):
            await structured(client, ASK, FULL, "thing", item="c1", read=read)
