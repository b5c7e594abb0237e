"""Learned prompts in the database: found by the beginning of their id, named, refused, one for each sound."""

from functools import partial

import pytest

from include.calls.stage import Stage
from include.database import prompts
from include.database.models import LearnedPromptRow, StageResultRow
from include.database.work import StageJob
from include.errors import InvalidInput
from include.gpu.learned import LearnedPrompt
from tests.unit.database.seeding import HOST, Day, recording
from tests.unit.gpu_host.ivr.learned_prompts import learned_prompt
from tests.unit.gpu_host.ivr.sounds import melody

ONE, OTHER = "0123456789abcdef", "0123ffffffffffff"


@pytest.fixture
def learned(day: Day) -> dict[str, LearnedPrompt]:
    found = {ONE: learned_prompt(melody(1), ONE), OTHER: learned_prompt(melody(2), OTHER, "music")}
    with day.database.writing() as connection:
        for prompt in found.values():
            prompts.add(connection, prompt, "gpu_a")
    return found


def listed(day: Day, *, replaced: bool = False) -> list[prompts.ListedPrompt]:
    return day.database.read(lambda connection: prompts.listed(connection, replaced=replaced))


@pytest.mark.long
def test_what_a_host_learned_comes_back_as_it_was(day: Day, learned: dict[str, LearnedPrompt]) -> None:
    whole = day.database.read(lambda c: prompts.with_fingerprint(c, ONE))
    assert whole == learned[ONE]
    assert [one.prompt.prompt_id for one in listed(day)] == [ONE, OTHER]
    assert all(one.prompt.fingerprint is None and one.path is None for one in listed(day))


def test_the_recording_to_listen_to_is_named(day: Day) -> None:
    call = recording("monday/a.wav")
    day.planned(call)
    prompt = learned_prompt(melody(1)).model_copy(update={"call_id": call.call_id})
    day.database.write(lambda c: prompts.add(c, prompt, "gpu_a"))
    assert [one.path for one in listed(day)] == ["monday/a.wav"]


def test_a_prompt_is_named_and_refused_and_a_host_that_learns_it_again_changes_neither(
    day: Day, learned: dict[str, LearnedPrompt]
) -> None:
    assert day.database.write(lambda c: prompts.name_prompt(c, "01234567", "notice/en", "ana")) == ONE
    assert day.database.write(lambda c: prompts.refuse_prompt(c, OTHER, "ben")) == OTHER
    day.database.write(lambda c: prompts.add(c, learned[ONE], "gpu_b"))
    one, other = listed(day)
    assert (one.prompt.name, one.prompt.refused, one.decided_by, one.host) == (
        "notice/en",
        False,
        "ana",
        "gpu_a",
    )
    assert (other.prompt.refused, other.decided_by) == (True, "ben")
    day.database.write(lambda c: prompts.refuse_prompt(c, OTHER, "ben", refused=False))
    assert not listed(day)[1].prompt.refused


@pytest.mark.long
@pytest.mark.parametrize(
    ("prompt_id", "name", "told"),
    [
        ("0123", "notice", "Several learned prompts begin with 0123"),
        ("012", "notice", "no learned prompt 012"),
        ("ffff", "notice", "no learned prompt ffff"),
        ("%", "notice", "no learned prompt %"),
        (ONE, "two words", "'two words' cannot be a name"),
        (ONE, "../secret", "cannot be a name"),
        (ONE, "", "cannot be a name"),
    ],
)
def test_what_is_unclear_is_refused(
    day: Day, learned: dict[str, LearnedPrompt], prompt_id: str, name: str, told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        day.database.write(lambda c: prompts.name_prompt(c, prompt_id, name, "ana"))


@pytest.mark.long
def test_of_the_same_audio_one_stands_for_all(day: Day, learned: dict[str, LearnedPrompt]) -> None:
    third = "abcdef0123456789"
    day.database.write(lambda c: prompts.add(c, learned_prompt(melody(3), third), "gpu_b"))
    day.database.write(lambda c: prompts.replaced_by(c, OTHER, ONE))
    day.database.write(lambda c: prompts.replaced_by(c, ONE, third))
    assert [one.prompt.prompt_id for one in listed(day)] == [third]
    assert {row["same_as"] for row in day.rows(LearnedPromptRow)} == {None, third}
    with pytest.raises(InvalidInput, match=f"is the same audio as {third}"):
        day.database.write(lambda c: prompts.refuse_prompt(c, OTHER, "ana"))


def test_how_often_it_was_heard_only_grows(day: Day, learned: dict[str, LearnedPrompt]) -> None:
    for calls in (9, 4):
        told = learned[ONE].model_copy(update={"calls": calls})
        day.database.write(lambda c, told=told: prompts.heard(c, told))
    assert listed(day)[0].prompt.calls == 9


def test_only_calls_that_no_later_stage_built_on_are_heard_again(day: Day) -> None:
    calls = [recording(path, size_bytes=48_044 + n) for n, path in enumerate(["a.wav", "b.wav", "c.wav"])]
    batch = day.planned(*calls)
    for stage in (Stage.DISTRIBUTE, Stage.DENOISE, Stage.IVR):
        day.audit(batch, *calls, stages=[stage])
    day.audit(batch, calls[0], stages=[Stage.LID])
    job = StageJob(batch.batch_id, 0, HOST, Stage.IVR)
    asked = [calls[0].call_id, calls[1].call_id, "unknown"]
    assert day.database.write(lambda c: prompts.hear_again(c, job, asked)) == 1
    assert [call.call_id for call in day.pending(batch, Stage.IVR)] == [calls[1].call_id]
    kept = [row["call_id"] for row in day.rows(StageResultRow, stage="ivr") if not row["superseded_at"]]
    assert sorted(kept) == sorted([calls[0].call_id, calls[2].call_id])


@pytest.mark.long
def test_more_calls_than_a_statement_has_parameters_may_be_heard_again(day: Day) -> None:
    call = recording("z.wav")
    batch = day.planned(call)
    day.audit(batch, call, stages=[Stage.DISTRIBUTE, Stage.DENOISE, Stage.IVR])
    asked = [call.call_id, *(f"of-another-site-{n}" for n in range(300_000))]
    again = partial(prompts.hear_again, job=StageJob(batch.batch_id, 0, HOST, Stage.IVR), call_ids=asked)
    assert day.database.write(again) == 1


@pytest.mark.long
def test_two_hosts_that_replace_each_others_prompt_agree_on_one(
    day: Day, learned: dict[str, LearnedPrompt]
) -> None:
    day.database.write(lambda c: prompts.replaced_by(c, ONE, OTHER))
    day.database.write(lambda c: prompts.replaced_by(c, OTHER, ONE))
    [stands] = listed(day)
    assert stands.prompt.prompt_id == OTHER
    assert {one.prompt.prompt_id: one.same_as for one in listed(day, replaced=True)} == {
        ONE: OTHER,
        OTHER: None,
    }
    assert day.database.write(lambda c: prompts.name_prompt(c, OTHER, "notice", "ana")) == OTHER
