"""Second opinions and the floor under confidence, through LLM2's task as Airflow runs it."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import insert

from cofi.batch import open_batch
from include.calls.call import Call
from include.calls.discovery_rules import Redo
from include.calls.stage import GPU_STAGES, Stage
from include.calls.transcript import Transcript, Turn
from include.database import batches
from include.database.batches import Batch
from include.database.models import (
    AnswerRow,
    AuditRow,
    FailureRow,
    LlmResultRow,
    LlmSpendingRow,
    TranscriptRow,
)
from include.demo.llm_endpoint.server import Endpoint, EndpointSettings
from include.emulation.llm import MODEL, EmulatedLlm, LlmEmulation
from include.errors import CallsPutOff, InvalidInput, LlmUnusable
from tests.plugins.fake_llm import INSULT, FakeLlm, abused, said
from tests.plugins.params import params
from tests.plugins.shard import CALLS, context, operator_of, run, run_report
from tests.unit.database.seeding import Day, recording, scorecard
from tests.unit.gpu.fake_host import FakeGpuHost

BAD, GOOD = CALLS[0], CALLS[1]
YESTERDAY = date(2026, 11, 15)


@pytest.fixture
async def llm(connection, setting) -> AsyncIterator[FakeLlm]:
    """An LLM behind `cofi_llm` that hears the insult."""
    fake = FakeLlm(first=abused)
    server = await fake.start()
    connection("cofi_llm", conn_type="http", host=fake.url, extra={"model": "judge-1"})
    setting("llm_attempts", 1)
    setting("second_opinion", "samples:3")
    yield fake
    await server.close()


@pytest.fixture
async def heard(day: Day, batch: Batch, gpu_a: FakeGpuHost, llm: FakeLlm) -> Day:
    """The three calls with an agent who insults in the first; LLM1 has understood them."""
    for stage in [Stage.DISTRIBUTE, *GPU_STAGES]:
        await run(stage)
    for number, call in enumerate(CALLS):
        words = INSULT if call is BAD else f"Let me see what I can do for you{', please' * number}."
        turns = [("customer", "My name is Peter Holloway and it is broken."), ("agent", words)]
        converse(day, call.call_id, turns)
    await run(Stage.LLM1)
    llm.asked.clear()
    return day


def converse(day: Day, call_id: str, said_by: list[tuple[str, str]]) -> None:
    """Makes a call's transcript."""
    turns = [
        Turn(
            id=f"t{n}",
            speaker=who,
            channel=int(who == "customer"),
            start_ms=n * 5000,
            end_ms=n * 5000 + 4000,
            text=text,
            confidence=0.9,
        )
        for n, (who, text) in enumerate(said_by, 1)
    ]
    transcript = Transcript(call_id=call_id, language="en", turns=turns)
    values = {"transcript": transcript.model_dump(mode="json"), "sha256": transcript.sha256}
    with day.database.writing() as connection:
        rows = TranscriptRow.__table__
        connection.execute(rows.update().where(rows.c.call_id == call_id).values(values))


def answer_of(day: Day, call: Any = BAD, criterion: str = "no_abuse") -> dict[str, Any]:
    """The call's current answer."""
    (audit,) = day.rows(AuditRow, call_id=call.call_id, superseded_at=None)
    (answer,) = day.rows(AnswerRow, audit_id=audit["audit_id"], criterion_id=criterion)
    return {**audit, **answer, "reasons_of_audit": audit["review_reasons"]}


def criteria_in(prompt: str) -> list[str]:
    """The ids of the scorecard that is asked."""
    return re.findall(r"^- (\w+): ", prompt.partition("<scorecard>")[2], re.MULTILINE)


async def again(day: Day, batch_id: str = "run-2") -> dict[str, Any]:
    """Both LLM stages once more."""
    day.plan(day.discover(*CALLS, batch_id=batch_id), Redo.ALL, Stage.LLM1)
    await run(Stage.LLM1, batch_id)
    return await run(Stage.LLM2, batch_id)


class TestSamples:
    async def test_an_answer_that_fails_a_call_is_asked_again_by_itself(
        self, heard: Day, llm: FakeLlm
    ) -> None:
        llm.second = ["no", "no", "no"]
        assert (await run(Stage.LLM2))["done"] == 3

        asked = llm.opinions()
        assert len(asked) == 3 and len(llm.asked) == 6
        for body in asked:
            prompt = "\n".join(message["content"] for message in body["messages"])
            assert body["temperature"] == 0.7
            assert criteria_in(prompt) == ["no_abuse"]
            assert "because no" not in prompt, "nobody is told the first answer"
            assert "Holloway" not in prompt and "[NAME_" in prompt
        first = next(body for body in llm.asked if body not in asked)
        assert first["temperature"] == 0.0
        rules = {body["messages"][0]["content"].partition("# Task")[0] for body in llm.asked}
        assert len(rules) == 1 and rules.pop(), "the same rules for everybody who is asked"

    async def test_where_all_agree_nobody_has_to_look(self, heard: Day, llm: FakeLlm) -> None:
        llm.second = ["no", "No.", "no"]
        await run(Stage.LLM2)
        answer = answer_of(heard)
        assert (answer["answer"], answer["standing"], answer["auto_fail"]) == ("no", "counted", "form")
        assert answer["pct"] == 0 and answer["auto_failed"]
        assert [one["by"] for one in answer["opinions"]] == ["sample 1", "sample 2", "sample 3"]
        assert {one["answer"] for one in answer["opinions"]} == {"no"}
        assert not answer["review_reasons"]
        assert not any(reason.startswith("no_abuse") for reason in answer["reasons_of_audit"])
        assert answer_of(heard, GOOD)["opinions"] == []

    async def test_where_one_differs_the_answer_stands_and_a_person_looks(
        self, heard: Day, llm: FakeLlm
    ) -> None:
        llm.second = ["yes", "no", "CANNOT_DETERMINE"]
        await run(Stage.LLM2)
        answer = answer_of(heard)
        assert (answer["answer"], answer["standing"], answer["auto_fail"]) == ("no", "counted", "form")
        assert (answer["pct"], answer["auto_failed"], answer["needs_review"]) == (0, True, True)
        (reason,) = answer["review_reasons"]
        assert reason.startswith('a second opinion differs: first "no" (judge-1), then ')
        said_by = {one["by"]: one["answer"] for one in answer["opinions"]}
        assert sorted(said_by.values()) == ["CANNOT_DETERMINE", "no", "yes"]
        assert all(f'"{what}" ({who})' in reason for who, what in said_by.items())
        assert f"no_abuse: {reason}" in answer["reasons_of_audit"]

    async def test_opinions_are_stored_booked_and_never_paid_twice(self, heard: Day, llm: FakeLlm) -> None:
        llm.second = ["yes", "no", "yes"]
        await run(Stage.LLM2)
        stored = heard.rows(LlmResultRow, stage="second_opinion")
        paid = heard.rows(LlmSpendingRow, stage="second_opinion")
        assert len(stored) == len(paid) == 3
        assert {row["call_id"] for row in [*stored, *paid]} == {BAD.call_id}
        assert {row["batch_id"] for row in paid} == {"run-1"}
        assert {one["llm_identity"] for one in answer_of(heard)["opinions"]} == {
            row["identity"] for row in stored
        }
        assert all(row["redactions"] for row in stored)
        before = {one["by"]: one["answer"] for one in answer_of(heard)["opinions"]}
        llm.asked.clear()

        assert (await again(heard))["done"] == 3

        assert not llm.asked
        after = answer_of(heard)
        assert after["batch_id"] == "run-2"
        assert {one["by"]: one["answer"] for one in after["opinions"]} == before
        assert after["needs_review"]

    async def test_more_samples_cost_the_difference(self, heard: Day, llm: FakeLlm, setting) -> None:
        await run(Stage.LLM2)
        llm.asked.clear()
        setting("second_opinion", "samples:5")
        await again(heard)
        assert llm.schemas() == {"second_opinion": 2}
        assert len(answer_of(heard)["opinions"]) == 5

    async def test_what_was_paid_for_survives_an_opinion_that_cannot_be_had(
        self, heard: Day, llm: FakeLlm
    ) -> None:
        llm.second = ["no", 500, "no"]
        with pytest.raises(CallsPutOff):
            await run(Stage.LLM2)
        assert heard.state_of(BAD)[0] == "pending" and heard.state_of(GOOD)[0] == "audited"
        assert llm.schemas() == {"scorecard_answers": 3, "second_opinion": 3}
        assert len(heard.rows(LlmResultRow, call_id=BAD.call_id, stage="llm2")) == 1

        assert (await run(Stage.LLM2, attempt=2))["done"] == 1
        assert llm.schemas() == {"second_opinion": 1}
        assert len(answer_of(heard)["opinions"]) == 3

    async def test_an_opinion_that_does_not_fit_is_missing_and_a_person_looks_when_all_are(
        self, heard: Day, llm: FakeLlm
    ) -> None:
        llm.second = [""] * 6  # each, and its repair
        await run(Stage.LLM2)
        answer = answer_of(heard)
        assert [one["answer"] for one in answer["opinions"]] == [None] * 3
        assert answer["review_reasons"][0].startswith("no second opinion: ")
        assert (answer["standing"], answer["pct"]) == ("counted", 0)
        assert not heard.rows(FailureRow)

    async def test_one_that_is_missing_beside_others_that_agree_sends_nobody(
        self, heard: Day, llm: FakeLlm
    ) -> None:
        llm.second = ["no", 400, "no"]
        await run(Stage.LLM2)
        answer = answer_of(heard)
        assert sorted(str(one["answer"]) for one in answer["opinions"]) == ["None", "no", "no"]
        assert not answer["review_reasons"]
        llm.asked.clear()
        await again(heard)
        assert llm.schemas() == {"second_opinion": 1}, "the one that is missing"

    async def test_a_model_without_a_temperature_keeps_its_own(
        self, heard: Day, llm: FakeLlm, connection
    ) -> None:
        extra = {"model": "judge-1", "temperature": None}
        connection("cofi_llm", conn_type="http", host=llm.url, extra=extra)
        await run(Stage.LLM2)
        assert len(llm.opinions()) == 3
        assert all("temperature" not in body for body in llm.opinions())


class TestAll:
    async def test_answers_that_pass_are_asked_again_too(self, heard: Day, llm: FakeLlm, setting) -> None:
        setting("second_opinion", "samples:1")
        setting("second_opinion_on", "all")
        llm.second = ["no"] * 20
        await run(Stage.LLM2)
        passed = answer_of(heard, GOOD)
        assert (passed["answer"], passed["standing"]) == ("yes", "counted")
        assert [one["answer"] for one in passed["opinions"]] == ["no"]
        assert 'first "yes" (judge-1), then "no" (sample 1)' in passed["review_reasons"][0]
        asked = {criteria_in(body["messages"][0]["content"])[0] for body in llm.opinions()}
        assert "no_abuse" in asked and "closing" not in asked, "only what fails more than itself"

    async def test_answers_that_wait_for_a_person_anyway_are_not_paid_for(
        self, heard: Day, llm: FakeLlm, setting
    ) -> None:
        setting("second_opinion_on", "all")
        llm.first = lambda prompt: {"no_abuse": said("no", "words that nobody said")}
        await run(Stage.LLM2)
        assert answer_of(heard)["standing"] == "unsupported"
        assert not any("- no_abuse:" in body["messages"][0]["content"] for body in llm.opinions())


class TestAnotherModel:
    async def test_of_the_same_connection(self, heard: Day, llm: FakeLlm, setting, tmp_path: Path) -> None:
        prices = tmp_path / "prices.yaml"
        prices.write_text(
            "judge-1: {prompt: 1, cached: 1, completion: 1}\n"
            "judge-2: {prompt: 1000, cached: 1, completion: 0}\n"
        )
        setting("llm_prices_file", prices)
        setting("second_opinion", "model:judge-2")
        llm.model = ""  # the API does not say which model it is
        llm.second = ["yes"]
        await run(Stage.LLM2)
        (body,) = llm.opinions()
        assert (body["model"], body["temperature"]) == ("judge-2", 0.0)
        (reason,) = answer_of(heard)["review_reasons"]
        assert reason == 'a second opinion differs: first "no" (judge-1), then "yes" (judge-2)'
        (paid,) = heard.rows(LlmSpendingRow, stage="second_opinion")
        (stored,) = heard.rows(LlmResultRow, stage="second_opinion")
        assert paid["cost_usd"] == stored["cost_usd"] == pytest.approx(0.1)

    async def test_of_another_connection_inside_the_same_slots(
        self, heard: Day, llm: FakeLlm, connection, setting
    ) -> None:
        other = FakeLlm(second=["yes"], model="other-7b", traffic=llm.traffic, latency_s=0.05)
        server = await other.start()
        extra = {"model": "other-7b"}
        connection("cofi_second", conn_type="http", host=other.url, password="own key", extra=extra)
        setting("second_opinion", "connection:cofi_second")
        setting("second_opinion_on", "all")
        llm.latency_s, llm.traffic[:] = 0.05, [0, 0]

        await operator_of(Stage.LLM2, pool_slots=2).aexecute(context(llm_requests=2))
        await server.close()

        assert llm.traffic == [0, 2], "both together keep to the slots"
        assert llm.schemas() == {"scorecard_answers": 3}
        assert set(other.schemas()) == {"second_opinion"}
        assert other.keys == {"Bearer own key"} and "Bearer own key" not in llm.keys
        assert {one["by"] for one in answer_of(heard)["opinions"]} == {"other-7b"}
        assert {row["model"] for row in heard.rows(LlmSpendingRow, stage="second_opinion")} == {"other-7b"}

    async def test_a_wrong_key_of_it_is_one_error_of_the_task(
        self, heard: Day, llm: FakeLlm, connection, setting
    ) -> None:
        other = FakeLlm(second=[401] * 5)
        server = await other.start()
        connection("cofi_second", conn_type="http", host=other.url, extra={"model": "other-7b"})
        setting("second_opinion", "connection:cofi_second")
        with pytest.raises(LlmUnusable, match="check the API key"):
            await run(Stage.LLM2)
        await server.close()
        assert heard.state_of(BAD)[0] == "pending"

    @pytest.mark.usefixtures("heard")
    async def test_a_connection_that_is_missing_is_named(self, setting) -> None:
        setting("second_opinion", "connection:cofi_second")
        with pytest.raises(InvalidInput, match="There is no connection cofi_second"):
            await run(Stage.LLM2)


async def test_the_budget_holds_for_opinions_and_the_call_waits_for_money(
    heard: Day, llm: FakeLlm, setting, tmp_path: Path, runs_folder: Path
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("judge-1: {prompt: 10000, cached: 0, completion: 0}")  # a dollar an answer
    setting("llm_prices_file", prices)
    llm.second = ["no"] * 3
    slots = context(llm_requests=1, llm_budget_usd=4)
    result = await operator_of(Stage.LLM2, pool_slots=1).aexecute(slots)
    assert result["failed"]["budget_reached"] >= 1
    assert sum(row["cost_usd"] or 0 for row in heard.rows(LlmSpendingRow)) == 4
    run_report()
    assert heard.state_of(BAD)[0] == "failed"

    stand = [replace(call, state=heard.state_of(call)[0]) for call in CALLS]
    heard.plan(heard.discover(*stand, batch_id="run-2"))
    await run(Stage.LLM2, "run-2")
    assert {heard.state_of(call)[0] for call in CALLS} == {"audited"}
    assert llm.schemas() == {"scorecard_answers": 3, "second_opinion": 3}, "each was asked once"


async def test_without_the_setting_nobody_is_asked(heard: Day, llm: FakeLlm, setting) -> None:
    setting("second_opinion", "none")
    await run(Stage.LLM2)
    assert llm.schemas() == {"scorecard_answers": 3}
    assert answer_of(heard)["opinions"] == []


async def test_the_report_shows_who_said_what(heard: Day, llm: FakeLlm, runs_folder: Path) -> None:
    llm.second = ["yes", "yes", "no"]
    await run(Stage.LLM2)
    run_report()
    (page,) = runs_folder.rglob("report.html")
    text = page.read_text()
    assert "Second opinions: 1 answer was asked about again" in text
    assert "it is yes" in text and "second_opinion" in text
    assert "a second opinion differs: first" in text


class TestFloor:
    """People have answered 60 questions of the day before: the model is right where it states 0.95."""

    NAMES = ("closing", "ownership", "right_resolution", "next_step_with_date", "courtesy_and_empathy")

    @pytest.fixture(autouse=True)
    def floor(self, setting, tmp_path: Path, llm: FakeLlm) -> None:
        setting("gold_labels", tmp_path / "gold.csv")
        setting("second_opinion", "none")
        setting("review_below_confidence", 0.5)
        answers = {"closing": said("no", "Let me see what I can do", 0.6), "no_abuse": said("yes", "", 0.95)}
        llm.first = lambda prompt: answers

    def label(self, day: Day, tmp_path: Path, calls: int, model: str = "judge-1") -> None:
        rows = []
        before = Batch("run-0", YESTERDAY, "file:///calls", {}, scorecard_sha256=scorecard().sha256)
        day.database.write(lambda connection: batches.open_batch(connection, before))
        for number in range(calls):
            call = recording(f"{number}.wav", YESTERDAY)
            day.discover(call, batch_id="run-0", day=YESTERDAY)
            identity = f"{number:064}"
            self._store(day, call, identity, model)
            for place, name in enumerate(self.NAMES):
                label = "yes" if place < 3 or number == 0 else "no"
                rows.append(f"{YESTERDAY},{call.path},{name},{label}")
        text = "\n".join(["day,file,criterion,answer", *rows])
        (tmp_path / "gold.csv").write_text(text + "\n")

    def _store(self, day: Day, call: Call, identity: str, model: str) -> None:
        now = datetime.now(UTC)
        audit_id = f"audit {call.path}"
        audit = {
            "audit_id": audit_id, "call_id": call.call_id, "batch_id": "run-0", "llm_identity": identity,
            "scorecard_sha256": scorecard().sha256, "transcript_sha256": "", "needs_review": False,
            "review_reasons": [], "sections": [], "created_at": now,
        }  # fmt: skip
        answer = {
            "identity": identity, "call_id": call.call_id, "stage": "llm2", "model": model,
            "prompt_sha256": "", "transcript_sha256": "", "prompt_tokens": 1, "completion_tokens": 1,
            "cached_tokens": 0, "latency_s": 0, "attempts": 1, "repaired": False, "redactions": {},
            "answer": {}, "batch_id": "run-0", "created_at": now,
        }  # fmt: skip
        given = [
            {
                "audit_id": audit_id, "criterion_id": name, "answer": "yes", "answered_by": "llm",
                "justification": "", "confidence": 0.95 if place < 3 else 0.6, "evidence": [],
            }
            for place, name in enumerate(self.NAMES)
        ]  # fmt: skip
        with day.database.writing() as connection:
            connection.execute(insert(LlmResultRow), [answer])
            connection.execute(insert(AuditRow), [audit])
            connection.execute(insert(AnswerRow), given)

    async def test_answers_that_are_seldom_right_wait_for_a_person(self, heard: Day, tmp_path: Path) -> None:
        self.label(heard, tmp_path, calls=12)
        await run(Stage.LLM2)
        unsure, sure = (answer_of(heard, GOOD, name) for name in ("closing", "no_abuse"))
        (reason,) = unsure["review_reasons"]
        assert reason == "of answers as sure as this one (stated 0.60), 8% are right, asked for: 50%"
        assert (unsure["answer"], unsure["standing"], unsure["needs_review"]) == ("no", "counted", True)
        assert sure["review_reasons"] == []

    async def test_with_too_few_labels_stated_confidence_decides_nothing(
        self, heard: Day, tmp_path: Path
    ) -> None:
        self.label(heard, tmp_path, calls=9)  # 45 answers
        await run(Stage.LLM2)
        assert answer_of(heard, GOOD, "closing")["review_reasons"] == []

    async def test_another_models_confidence_is_another_models(self, heard: Day, tmp_path: Path) -> None:
        self.label(heard, tmp_path, calls=12, model="judge-0")
        await run(Stage.LLM2)
        assert answer_of(heard, GOOD, "closing")["review_reasons"] == []

    async def test_a_dated_snapshot_is_the_same_model(self, heard: Day, tmp_path: Path) -> None:
        self.label(heard, tmp_path, calls=12, model="judge-1-2026-05-13")
        await run(Stage.LLM2)
        assert answer_of(heard, GOOD, "closing")["review_reasons"]


class TestRehearsal:
    async def test_the_emulated_llm_gives_opinions_by_chance(self, heard: Day, connection, setting) -> None:
        server = TestServer(EmulatedLlm(LlmEmulation(llm1_s=0, llm2_s=0)).app)
        await server.start_server()
        connection("cofi_llm", conn_type="http", host=str(server.make_url("/v1")), extra={"model": MODEL})
        setting("second_opinion", "samples:6")
        setting("second_opinion_on", "all")
        await again(heard)
        await server.close()
        opinions = [one["answer"] for call in CALLS for one in answer_of(heard, call)["opinions"]]
        assert len(opinions) == 18 and {"yes", "no"} < set(opinions)

    async def test_the_demos_endpoint_answers_them(self, heard: Day, connection, setting) -> None:
        server = TestServer(Endpoint(EndpointSettings()).app)
        await server.start_server()
        extra = {"model": "cofi-rules-1"}
        connection("cofi_llm", conn_type="http", host=str(server.make_url("/v1")), extra=extra)
        setting("second_opinion", "samples:1")
        setting("second_opinion_on", "all")
        await again(heard)
        await server.close()
        answers = {call.path: answer_of(heard, call) for call in CALLS}
        assert any(one["opinions"] for one in answers.values())
        for one in answers.values():
            assert [opinion["answer"] for opinion in one["opinions"]] in ([], [one["answer"]])


class TestSettings:
    @pytest.fixture
    def store(self, day: Day, tmp_path: Path, connection) -> Path:
        (tmp_path / "calls").mkdir()
        connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "gpt-4o-mini"})
        return tmp_path / "calls"

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("second_opinion", "gpt-4o", "write none, samples:K, model:NAME or connection:ID"),
            ("second_opinion", "connection:cofi_second", "There is no connection cofi_second"),
            ("second_opinion_on", "passing", "write failing or all"),
            ("review_below_confidence", 60, "review_below_confidence = 60: enter a share"),
            ("canary_calls", "nowhere.csv", "canary_calls: nowhere.csv: there is no such file"),
        ],
    )
    def test_a_wrong_one_is_refused_before_anything_is_done(
        self, store: Path, setting, name: str, value: object, told: str
    ) -> None:
        setting(name, value)
        with pytest.raises(InvalidInput, match=told):
            open_batch("run-1", params(store, llm_budget_usd=None), None)

    def test_a_budget_needs_the_price_of_the_second_model_too(self, store: Path, setting) -> None:
        setting("second_opinion", "model:nobody-knows-it")
        assert open_batch("run-1", params(store), None)
        with pytest.raises(InvalidInput, match="nobody-knows-it has no price"):
            open_batch("run-2", params(store, llm_budget_usd=5.0), None)
