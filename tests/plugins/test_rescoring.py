"""Rescoring, task by task as Airflow runs them, against the rule-based endpoint."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import Connection

from cofi import rescoring
from cofi.operators.llm_stage import LlmStageOperator
from cofi.runs import batch_id_of, running
from cofi.scorecards import PROMOTED
from include.calls.call import Call
from include.calls.stage import GPU_STAGES, LLM_STAGES, Stage
from include.calls.transcript import Transcript, Turn
from include.database import scorecards
from include.database.models import AnswerRow, AuditRow, BatchRow, ScorecardRow, TranscriptRow
from include.demo.llm_endpoint.server import Endpoint, EndpointSettings
from include.demo.sample_calls.script import CallScript, load_scripts
from include.errors import BelowTheBar, InvalidInput
from include.llm.wording import PROMPTS_FOLDER, SHIPPED
from include.plain_yaml import read_yaml
from include.review.answering import Given, Verdict, answer, finish
from include.review.people import Actor
from include.review.picking import pick
from tests.plugins.shard import CALLS, run, run_report
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost
from tests.yaml_text import as_yaml

DEFAULTS: dict[str, Any] = {
    "day": "2026-11-16",
    "last_day": None,
    "share": 1.0,
    "only_labelled": False,
    "shadow": True,
    "scorecard": PROMOTED,
    "model": None,
    "prompts": SHIPPED,
    "promote": False,
    "llm_requests": 2,
}
GPU_BEFORE_LLM = [Stage.DISTRIBUTE, *GPU_STAGES]
SHIPPED_CARD = Path("include/scorecards/service_call.yaml")


class Asked(SimpleNamespace):
    """Counts what the LLM is asked, by schema."""

    def __init__(self) -> None:
        super().__init__(schemas=[], models=[], prompts=[])

    def take(self) -> list[str]:
        """What was asked since the last time."""
        taken, self.schemas = self.schemas, []
        return taken


@pytest.fixture
async def llm(connection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    from include.demo.llm_endpoint import server as endpoint

    asked, answered = Asked(), endpoint.answered

    def counting(body: dict[str, Any]) -> dict[str, Any]:
        asked.schemas.append(body["response_format"]["json_schema"]["name"])
        asked.models.append(body["model"])
        asked.prompts.append(body["messages"][0]["content"])
        return answered(body)

    monkeypatch.setattr(endpoint, "answered", counting)
    server = TestServer(Endpoint(EndpointSettings()).app)
    await server.start_server()
    extra = {"model": "cofi-rules-1"}
    connection("cofi_llm", conn_type="http", host=str(server.make_url("/v1")), extra=extra)
    yield asked
    await server.close()


@pytest.fixture
def cards(setting, tmp_path: Path) -> Path:
    """A folder of scorecards that tests may change."""
    folder = tmp_path / "scorecards"
    folder.mkdir()
    shutil.copy(SHIPPED_CARD, folder)
    setting("scorecards_folder", folder)
    return folder


@pytest.fixture
async def audited(day: Day, batch, gpu_a: FakeGpuHost, llm: Asked, cards: Path) -> Day:
    """The three calls, with conversations of sample calls, audited."""
    for stage in GPU_BEFORE_LLM:
        await run(stage)
    scripts = load_scripts(Path("include/demo/sample_calls/scripts"))
    for call, script in zip(CALLS, scripts, strict=False):
        converse(day, call, script)
    for stage in LLM_STAGES:
        await run(stage)
    assert sorted(llm.take()) == ["call_understanding"] * 3 + ["scorecard_answers"] * 3
    return day


def converse(day: Day, call: Call, script: CallScript) -> None:
    """Makes a call's transcript that of a sample call."""
    turns = [
        Turn(
            id=f"t{number}",
            speaker=turn.speaker,
            channel=int(turn.speaker == "customer"),
            start_ms=number * 5000,
            end_ms=number * 5000 + 4000,
            text=turn.text,
            confidence=0.9,
        )
        for number, turn in enumerate(script.turns, 1)
    ]
    transcript = Transcript(call_id=call.call_id, language=script.language, turns=turns)
    values = {"transcript": transcript.model_dump(mode="json"), "sha256": transcript.sha256}
    with day.database.writing() as connection:
        rows = TranscriptRow.__table__
        connection.execute(rows.update().where(rows.c.call_id == call.call_id).values(values))


def candidate(cards: Path, name: str = "candidate", version: str = "stricter", **changes: Any) -> str:
    """Writes a scorecard that differs from the shipped one."""
    content = read_yaml(SHIPPED_CARD.read_text())
    content |= {"version": version, "pass_threshold_pct": 20.0, **changes}
    text = as_yaml(content, sort_keys=False, allow_unicode=True)
    (cards / f"{name}.yaml").write_text(text)
    return name


def context_of(run_id: str, params: dict[str, Any]) -> dict[str, Any]:
    """What Airflow hands to a task."""
    ti = SimpleNamespace(dag_id="rescore_calls", run_id=run_id, try_number=1, map_index=0)
    return {"ti": ti, "params": params}


async def rescore(run_id: str = "run", **changes: Any) -> dict[str, Any]:
    """Runs a rescore from its first task to its report; what the batch was told."""
    params = {**DEFAULTS, **changes}
    opened = rescoring.open_batch(run_id, params, None)
    planned = rescoring.plan(opened, params, lambda _: False)
    for shard in planned:
        for stage in LLM_STAGES:
            operator = LlmStageOperator(task_id=f"rescore.{stage}", stage=stage, shard=shard, pool_slots=2)
            await operator.aexecute(context_of(run_id, params))
    ledger = run_report(opened, planned)
    return opened | {"ledger": {state: calls for state, calls in ledger.items() if calls}, "params": params}


def official(day: Day) -> dict[str, tuple[str, str]]:
    """By call, the audit that counts and its scorecard."""
    rows = day.rows(AuditRow, superseded_at=None)
    return {row["call_id"]: (row["audit_id"], row["scorecard_sha256"]) for row in rows}


async def test_only_the_scorecard_differs_so_only_llm2_is_asked(
    audited: Day, gpu_a: FakeGpuHost, llm: Asked, runs_folder: Path, tmp_path: Path
) -> None:
    before, asked = official(audited), len(gpu_a.asked)
    for recording in tmp_path.glob("*.wav"):
        recording.unlink()  # archived since

    done = await rescore(scorecard=candidate(tmp_path / "scorecards"))

    assert done["ledger"] == {"audited": 3}
    assert llm.take() == ["scorecard_answers"] * 3
    assert len(gpu_a.asked) == asked
    assert official(audited) == before, "a shadow run"
    assert len(audited.rows(AuditRow, batch_id=done["batch_id"])) == 3
    assert list(runs_folder.rglob("report.html"))


async def test_the_same_again_asks_nothing_and_an_official_one_takes_effect(
    audited: Day, llm: Asked, cards: Path, runs_folder: Path
) -> None:
    before = official(audited)
    await rescore("first", scorecard=candidate(cards))
    llm.take()
    done = await rescore("second", scorecard="candidate", shadow=False)
    assert (done["ledger"], llm.take()) == ({"audited": 3}, [])
    after = official(audited)
    assert set(after) == set(before)
    assert {card for _, card in after.values()}.isdisjoint({card for _, card in before.values()})


async def test_another_model_or_wording_asks_both_stages(
    audited: Day, llm: Asked, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await rescore("model", model="cofi-rules-2")
    assert sorted(llm.take()) == ["call_understanding"] * 3 + ["scorecard_answers"] * 3
    assert set(llm.models[-6:]) == {"cofi-rules-2"}

    prompts = tmp_path / "prompts"
    shutil.copytree(PROMPTS_FOLDER, prompts)
    (prompts / "terse").mkdir()
    (prompts / "terse" / "system.md").write_text("Be terse.")
    monkeypatch.setattr("include.llm.wording.PROMPTS_FOLDER", prompts)
    await rescore("wording", prompts="terse")
    assert len(llm.take()) == 6
    assert {prompt.splitlines()[0] for prompt in llm.prompts[-6:]} == {"Be terse."}


async def test_a_file_that_changes_while_a_run_goes_on_does_not_matter(
    audited: Day, llm: Asked, cards: Path, runs_folder: Path
) -> None:
    params = DEFAULTS | {"scorecard": candidate(cards)}
    opened = rescoring.open_batch("run", params, None)
    candidate(cards, pass_threshold_pct=99.0)
    planned = rescoring.plan(opened, params, lambda _: False)
    (shard,) = planned
    for stage in LLM_STAGES:
        operator = LlmStageOperator(task_id=f"rescore.{stage}", stage=stage, shard=shard, pool_slots=2)
        await operator.aexecute(context_of("run", params))
    (batch,) = audited.rows(BatchRow, batch_id=opened["batch_id"])
    used = {row["scorecard_sha256"] for row in audited.rows(AuditRow, batch_id=opened["batch_id"])}
    assert used == {batch["scorecard_sha256"]}

    with pytest.raises(InvalidInput, match=r"version stricter, was used with another content"):
        rescoring.open_batch("next", params, None)


async def test_every_stored_fail_carries_evidence_that_counts_or_a_stated_absence(
    audited: Day, llm: Asked, cards: Path, runs_folder: Path
) -> None:
    done = await rescore(scorecard=candidate(cards))
    of_rescore = {row["audit_id"] for row in audited.rows(AuditRow, batch_id=done["batch_id"])}
    outside = {"NA", "CANNOT_DETERMINE"}
    fails = [row for row in audited.rows(AnswerRow) if row["earned"] == 0 and row["answer"] not in outside]
    assert {row["audit_id"] in of_rescore for row in fails} == {True, False}
    for fail in fails:
        grounded = any(item["counts"] for item in fail["evidence"]) or fail["absence"]
        assert grounded or fail["answered_by"] == "metric" or fail["review_reasons"], fail["criterion_id"]
    assert any(fail["absence"] for fail in fails)


class TestPromotion:
    @pytest.fixture
    def labels(self, setting, tmp_path: Path) -> Path:
        """Gold labels of the three calls, as the endpoint answers them; and a bar that three calls reach."""
        for name in ("calls", "kappa", "fail_recall", "auto_fail_recall"):
            setting(f"promotion_min_{name}", 0)
        path = tmp_path / "gold.csv"
        setting("gold_labels", path)
        return path

    @staticmethod
    def label(path: Path, answer: str) -> None:
        lines = [f"2026-11-16,{call.path},dead_air_within_limit,{answer}" for call in CALLS]
        path.write_text("\n".join(["day,file,criterion,answer", *lines]))

    async def test_a_version_that_agrees_is_what_audits_use_from_then_on(
        self, audited: Day, llm: Asked, cards: Path, runs_folder: Path, labels: Path
    ) -> None:
        self.label(labels, "yes")
        done = await rescore(scorecard=candidate(cards), promote=True)
        promoted = rescoring.promote(done, done["params"])
        (row,) = [row for row in audited.rows(ScorecardRow) if row["promoted_at"]]
        assert (row["version"], row["sha256"]) == ("stricter", promoted["sha256"])

        (cards / "candidate.yaml").unlink()
        opened = rescoring.open_batch("next", DEFAULTS, None)
        with audited.database.reading() as connection:
            assert scorecards.scorecard_of(connection, opened["batch_id"]).version == "stricter"

    async def test_a_version_below_the_bar_is_refused_and_the_old_one_stays(
        self, audited: Day, llm: Asked, cards: Path, runs_folder: Path, labels: Path
    ) -> None:
        self.label(labels, "no")
        done = await rescore(scorecard=candidate(cards), promote=True)
        with pytest.raises(BelowTheBar, match=r"service_call stricter is not promoted: accuracy is 0\.000"):
            rescoring.promote(done, done["params"])
        assert [row["promoted_at"] for row in audited.rows(ScorecardRow)] == [None, None]

    async def test_labels_that_the_version_cannot_answer_are_told_before_anything_is_paid(
        self, audited: Day, llm: Asked, cards: Path, runs_folder: Path, labels: Path
    ) -> None:
        self.label(labels, "n/a")
        llm.take()
        with pytest.raises(InvalidInput, match=r"gold\.csv:2: .* cannot answer dead_air_within_limit"):
            await rescore(scorecard=candidate(cards), promote=True)
        assert llm.take() == []

    async def test_false_auto_fails_forbid_a_promotion(
        self, audited: Day, cards: Path, runs_folder: Path, labels: Path, setting
    ) -> None:
        given = {row["criterion_id"]: row["answer"] for row in audited.rows(AnswerRow)}
        content = read_yaml((cards / "service_call.yaml").read_text("utf-8"))
        yes = next(c for c in content["criteria"] if c["id"] == "dead_air_within_limit")
        assert given["dead_air_within_limit"] == "yes"
        # With the limit turned round every call fails, and for nothing.
        yes["metric"]["op"], yes["options"][1]["auto_fail"] = "gt", "form"
        self.label(labels, "yes")
        done = await rescore(scorecard=candidate(cards, criteria=content["criteria"]), promote=True)
        setting("promotion_min_accuracy", 0)
        with pytest.raises(BelowTheBar, match=r"3 auto-fails are false, allowed: 0 \(\[cofi\] promotion_"):
            rescoring.promote(done, done["params"])
        setting("promotion_max_false_auto_fails", 2)
        with pytest.raises(BelowTheBar, match="3 auto-fails are false, allowed: 2"):
            rescoring.promote(done, done["params"])
        setting("promotion_max_false_auto_fails", -1)
        assert rescoring.promote(done, done["params"])["version"] == "stricter"

    async def test_nobody_is_promoted_unasked_or_without_labels(
        self, audited: Day, llm: Asked, runs_folder: Path, setting
    ) -> None:
        done = await rescore()
        with pytest.raises(AirflowSkipException):
            rescoring.promote(done, DEFAULTS)
        with pytest.raises(InvalidInput, match="No labelled call was audited with service_call 3"):
            rescoring.promote(done, DEFAULTS | {"promote": True})
        setting("gold_labels", "")
        with pytest.raises(InvalidInput, match="no gold labels"):
            rescoring.promote(done, DEFAULTS | {"promote": True})

    async def test_only_labelled_calls_are_taken_up_when_told_so(
        self, audited: Day, llm: Asked, runs_folder: Path, labels: Path
    ) -> None:
        labels.write_text(f"day,file,criterion,answer\n2026-11-16,{CALLS[1].path},closing,yes\n")
        assert (await rescore(only_labelled=True))["ledger"] == {"audited": 1}

    async def test_reviewed_calls_are_labelled_too(
        self, audited: Day, llm: Asked, runs_folder: Path, setting
    ) -> None:
        setting("gold_labels", "")
        for changes in ({"only_labelled": True}, {"promote": True}):
            with pytest.raises(InvalidInput, match="no gold labels"):
                rescoring.open_batch("early", DEFAULTS | changes, None)
        reviewed = _reviewed(audited)
        done = await rescore(only_labelled=True)
        assert done["ledger"] == {"audited": 1}
        assert [row["call_id"] for row in audited.rows(AuditRow, batch_id=done["batch_id"])] == [reviewed]
        # A share is told of random calls alone, answered blind.
        with pytest.raises(InvalidInput, match="review random calls blind"):
            rescoring.open_batch("later", DEFAULTS | {"promote": True}, None)


def _reviewed(day: Day) -> str:
    """Ana has answered one call, which she picked; its id."""
    ana = Actor("ana")

    def review(connection: Connection) -> str:
        call_id = next(iter(official(day)))
        item = pick(connection, ana, call_id)
        answer(connection, ana, item.item_id, Given("closing", Verdict.CONFIRM))
        finish(connection, ana, item.item_id)
        return call_id

    return str(day.database.write(review))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"day": None}, "enter the Param 'day'"),
        ({"last_day": "2026-11-15"}, "'last_day' 2026-11-15 is before the day"),
        ({"promote": True, "model": "cheaper"}, "leave 'model' and 'prompts' as they are"),
        ({"prompts": "unheard_of"}, "There are no prompts unheard_of: choose from shipped"),
    ],
)
def test_a_wrong_param_is_told(day: Day, connection, changes: dict[str, Any], told: str) -> None:
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    with pytest.raises(InvalidInput, match=told):
        rescoring.open_batch("run", DEFAULTS | changes, None)


def test_a_backfill_rescores_the_day_of_its_interval(day: Day, connection) -> None:
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    params = DEFAULTS | {"day": None}
    opened = rescoring.open_batch("run", params, datetime(2026, 11, 17, tzinfo=UTC))
    assert (opened["day"], opened["last_day"], opened["kind"]) == ("2026-11-17", None, "shadow")
    assert rescoring.plan(opened, params, lambda _: False) == []


def test_runs_of_both_dags_may_have_the_same_id() -> None:
    states = {("audit_calls", "backfill__1"): "success", ("rescore_calls", "backfill__1"): "running"}

    def state(dag_id: str, run_id: str) -> str:
        return states[dag_id, run_id]

    goes_on = running({"ti": SimpleNamespace(get_dagrun_state=state)})
    audit, rescored = (batch_id_of(dag_id, "backfill__1") for dag_id in ("audit_calls", "rescore_calls"))
    assert audit != rescored
    assert (goes_on(audit), goes_on(rescored)) == (False, True)
