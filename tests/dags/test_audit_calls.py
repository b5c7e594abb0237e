"""The DAG parses, has the shape that the design asks for, and its form refuses what is wrong."""

import json
import re
from datetime import datetime
from itertools import pairwise

import jsonschema
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.definitions.context import (
    _AIRFLOW_PARSING_CONTEXT_DAG_ID,
    _AIRFLOW_PARSING_CONTEXT_TASK_ID,
)
from airflow.sdk.definitions.taskgroup import MappedTaskGroup
from airflow.sdk.exceptions import DownstreamTasksSkipped, ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from cofi import recovery
from cofi.batch import deal, places_of
from cofi.pools import LLM_POOL, RECOVERY_POOL, UPLOAD_POOL, pools
from cofi.runs import AUDIT_DAG
from cofi.scorecards import PROMOTED
from cofi.settings import Settings
from cofi.timetable import NightlyDays
from include.calls.discovery_rules import Redo
from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage
from tests.airflow_home import AIRFLOW_HOME

# The design's promise: never more requests in flight than the pool has slots.
POOL_SLOTS = 100
HOSTS = Settings.load().hosts


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=AIRFLOW_HOME / "dags")


@pytest.fixture(scope="module")
def dag(bag: DagBag) -> DAG:
    return bag.dags["audit_calls"]


def parsed_for(task_id: str, dag_id: str = AUDIT_DAG) -> DAG:
    """As the process of a task reads it."""
    with pytest.MonkeyPatch.context() as environment:
        # Airflow's own context leaves these behind: stacks that later tests start would inherit them.
        environment.setenv(_AIRFLOW_PARSING_CONTEXT_DAG_ID, dag_id)
        environment.setenv(_AIRFLOW_PARSING_CONTEXT_TASK_ID, task_id)
        return DagBag(dag_folder=AIRFLOW_HOME / "dags" / "audit_calls.py").dags[AUDIT_DAG]


def test_writing_the_dag_down_checks_each_param_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG processor does it whenever it has read the file; each task has all Params, and is compared."""
    checked: list[str] = []
    check = jsonschema.validate

    def noted(value: object, schema: dict[str, object], **options: object) -> None:
        checked.append(str(schema["title"]))
        check(value, schema, **options)

    monkeypatch.setattr(jsonschema, "validate", noted)
    dag = DagBag(dag_folder=AIRFLOW_HOME / "dags" / "audit_calls.py").dags[AUDIT_DAG]
    written = DagSerialization.to_dict(dag)
    assert sorted(checked) == sorted(dag.params.get_param(name).schema["title"] for name in dag.params)
    assert {name for name, _ in written["dag"]["params"]} == set(dag.params)


def test_a_task_of_a_host_reads_no_other_host_and_is_the_same_task(dag: DAG) -> None:
    task_id = f"audit.{HOSTS[-1]}.{Stage.STT}"
    lean = parsed_for(task_id)
    others = {t for t in dag.task_ids if any(t.startswith(f"audit.{host}.") for host in HOSTS[:-1])}
    assert others
    assert set(lean.task_ids) == set(dag.task_ids) - others
    one, other = lean.get_task(task_id), dag.get_task(task_id)
    assert one.upstream_task_ids == other.upstream_task_ids
    assert one.downstream_task_ids == other.downstream_task_ids
    assert one.pool == other.pool == HOSTS[-1]


@pytest.mark.parametrize("task_id", ["plan", "recover_1", f"audit_recover_1.{Stage.STT}"])
def test_other_tasks_read_all_hosts(dag: DAG, task_id: str) -> None:
    assert set(parsed_for(task_id).task_ids) == set(dag.task_ids)


def test_a_task_of_another_dag_that_reads_this_one_reads_all_of_it(dag: DAG) -> None:
    task_id = f"audit.{HOSTS[-1]}.{Stage.STT}"
    assert set(parsed_for(task_id, dag_id="reports").task_ids) == set(dag.task_ids)


def test_canaries_have_a_task_where_there_are_any_below_the_runs_own_calls(dag: DAG) -> None:
    assert "canaries" not in dag.task_ids
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW__COFI__CANARY_CALLS", "2026-11-16/1001-billing.wav")
        bag = DagBag(dag_folder=AIRFLOW_HOME / "dags" / "audit_calls.py")
    with_canaries = bag.dags[AUDIT_DAG]
    assert set(with_canaries.task_ids) == {*dag.task_ids, "canaries"}
    canaries = with_canaries.get_task("canaries")
    assert canaries.upstream_task_ids == {"open_batch"}, "they wait for no call"
    assert canaries.downstream_task_ids == {"report"}
    assert (canaries.pool, canaries.pool_slots) == (LLM_POOL, Settings.load().llm_requests_per_task)
    others = [task for task in with_canaries.tasks if task.pool == LLM_POOL and task is not canaries]
    assert others and all(task.priority_weight > canaries.priority_weight for task in others)
    assert with_canaries.get_task("report").trigger_rule == "all_done", (
        "without them it is written all the same"
    )


def test_every_dag_file_parses(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert "audit_calls" in bag.dags


def test_the_dag_explains_itself(dag: DAG) -> None:
    assert dag.doc_md
    assert dag.doc_md.startswith("Audit a day of call recordings.")
    for stage in STAGES:
        assert stage in dag.doc_md


def test_the_scheduler_reads_back_the_same_dag(dag: DAG) -> None:
    read = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))
    assert set(read.task_dict) == set(dag.task_dict)
    for task in dag.tasks:
        copy = read.get_task(task.task_id)
        assert copy.downstream_task_ids == task.downstream_task_ids, task.task_id
        assert (copy.pool, copy.pool_slots) == (task.pool, task.pool_slots), task.task_id
        assert (copy.trigger_rule, copy.priority_weight) == (task.trigger_rule, task.priority_weight)


def stages_of(dag: DAG, group: str = "audit.gpu_a") -> list[str]:
    """Task ids of a shard's stages, in order."""
    return [f"{group}.{stage}" for stage in STAGES]


class TestShape:
    def test_a_run_begins_with_the_batch_and_ends_with_the_report(self, dag: DAG) -> None:
        assert dag.get_task("open_batch").upstream_task_ids == set()
        assert dag.get_task("discover").upstream_task_ids == {"open_batch"}
        assert dag.get_task("plan").upstream_task_ids == {"open_batch", "discover"}
        assert {f"audit.{host}.llm2" for host in HOSTS} < dag.get_task("settle").upstream_task_ids
        assert "settle" in dag.get_task("report").upstream_task_ids
        assert dag.get_task("report").downstream_task_ids == {"clean_up"}

    def test_a_run_that_somebody_marks_is_ended_by_its_books(self, dag: DAG) -> None:
        clean_up = dag.get_task("clean_up")
        # Airflow leaves a teardown to run, and takes the run's state from this one alone.
        assert clean_up.is_teardown and clean_up.on_failure_fail_dagrun
        assert [task.task_id for task in dag.leaves] == ["clean_up"]
        assert clean_up.upstream_task_ids == {"report"}

    @pytest.mark.parametrize(
        ("group", "after"),
        [*((f"audit.{host}", "deal") for host in HOSTS), ("audit_recover_1", "recover_1")],
    )
    def test_a_shard_passes_the_stages_in_their_order(self, dag: DAG, group: str, after: str) -> None:
        chain = stages_of(dag, group)
        mapped = dag.get_task(chain[0]).get_closest_mapped_task_group()
        assert isinstance(mapped, MappedTaskGroup)
        assert {task.task_id for task in mapped.iter_tasks()} == set(chain)
        assert dag.get_task(chain[0]).upstream_task_ids == {after}
        for one, next_one in pairwise(chain):
            assert next_one in dag.get_task(one).downstream_task_ids
            assert dag.get_task(next_one).upstream_task_ids - {"recover_1"} == {one}

    def test_the_places_of_hosts_are_laid_out_before_a_plan_is_made(self, dag: DAG) -> None:
        places = places_of(Settings.load())
        for host in HOSTS:
            mapped = dag.get_task(f"audit.{host}.stt").get_closest_mapped_task_group()
            assert isinstance(mapped, MappedTaskGroup)
            assert mapped._expand_input.value == {"shard": list(places.of(host))}
            assert len(places.of(host)) == Settings.load().shards_per_host

    def test_what_deal_skips_are_tasks_of_the_dag(self, dag: DAG) -> None:
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            deal(None)
        of_hosts = {task.task_id for task in dag.tasks if task.task_id.startswith("audit.")}
        assert {task_id for task_id, _ in skipped.value.tasks} == of_hosts

    def test_after_a_plan_that_failed_deal_leaves_nothing_to_run(self, dag: DAG) -> None:
        assert dag.get_task("deal").upstream_task_ids == {"plan"}
        assert dag.get_task("deal").trigger_rule == "all_done"

    def test_a_round_that_finds_nothing_can_skip_its_own_tasks_and_no_others(self, dag: DAG) -> None:
        for number in range(1, Settings.load().recovery_rounds + 1):
            group = set(stages_of(dag, f"audit_recover_{number}"))
            assert set(recovery.tasks_after(dag.get_task(f"recover_{number}"))) == group

    def test_all_rounds_but_the_last_watch_the_hosts_while_gpu_tasks_go_on(self, dag: DAG) -> None:
        watching = range(1, Settings.load().recovery_rounds)
        assert len(watching) >= 2
        groups = [f"audit.{host}" for host in HOSTS]
        for number in watching:
            sensor = dag.get_task(f"recover_{number}")
            assert (sensor.task_type, sensor.mode) == ("DecoratedSensorOperator", "reschedule")
            watched = [f"{group}.stt" for group in groups]
            assert recovery.stt_tasks_watched(sensor) == watched, "of all that may work before it"
            before = "deal" if number == 1 else f"recover_{number - 1}"
            assert sensor.upstream_task_ids == {"open_batch", before}
            groups.append(f"audit_recover_{number}")

    def test_slow_hosts_do_not_use_up_the_last_round_that_watches(self, dag: DAG) -> None:
        rounds = range(1, Settings.load().recovery_rounds + 1)
        kept = [n for n in rounds if recovery.is_kept_for_lost_hosts(dag.get_task(f"recover_{n}"))]
        assert kept == [rounds[-2]]

    def test_what_is_left_behind_is_planned_again_when_the_gpu_work_of_all_has_ended(self, dag: DAG) -> None:
        *watching, last = (f"recover_{n}" for n in range(1, Settings.load().recovery_rounds + 1))
        groups = [*(f"audit.{host}" for host in HOSTS), *(f"audit_{watch}" for watch in watching)]
        stt = {f"{group}.stt" for group in groups}
        assert dag.get_task(last).upstream_task_ids == {"open_batch", watching[-1], *stt}
        assert {dag.get_task(task).trigger_rule for task in (*watching, last)} == {"all_done"}

    def test_only_in_the_last_round_a_lost_host_keeps_what_others_could_do(self, dag: DAG) -> None:
        rounds = [f"audit_recover_{n}" for n in range(1, Settings.load().recovery_rounds + 1)]
        groups = ["audit.gpu_a", *rounds]
        may_leave = [dag.get_task(f"{group}.denoise").may_leave for group in groups]
        assert may_leave == [*[True] * (len(groups) - 1), False]

    def test_a_stage_works_on_although_the_one_before_failed_for_some(self, dag: DAG) -> None:
        rules = [dag.get_task(task_id).trigger_rule for task_id in stages_of(dag)]
        assert rules == ["all_success", *["all_done"] * (len(STAGES) - 1)]
        assert dag.get_task("settle").trigger_rule == dag.get_task("report").trigger_rule == "all_done"

    def test_shards_that_are_further_along_go_first(self, dag: DAG) -> None:
        tasks = [dag.get_task(task_id) for task_id in stages_of(dag)]
        weights = [task.priority_weight for task in tasks]
        assert weights == sorted(set(weights))
        assert {task.weight_rule for task in tasks} == {"absolute"}

    def test_llm_tasks_hold_a_slot_for_each_request_and_no_other_task_holds_any(self, dag: DAG) -> None:
        per_task = Settings.load().llm_requests_per_task
        of_pool = [task for task in dag.tasks if task.pool == LLM_POOL]
        assert {task.task_id.rpartition(".")[2] for task in of_pool} == set(LLM_STAGES)
        assert len([task for task in of_pool if task.task_id.startswith("audit.")]) == 2 * len(HOSTS)
        assert {task.pool_slots for task in of_pool} == {per_task}
        assert 1 <= per_task <= POOL_SLOTS

    def test_gpu_tasks_of_a_host_share_its_pool_and_those_of_recovery_theirs(self, dag: DAG) -> None:
        rounds = range(1, Settings.load().recovery_rounds + 1)
        groups = {host: [f"audit.{host}"] for host in HOSTS}
        groups[RECOVERY_POOL] = [f"audit_recover_{n}" for n in rounds]
        for pool, of_pool in groups.items():
            gpu = [task for task in dag.tasks if task.pool == pool]
            assert {task.task_id for task in gpu} == {f"{g}.{s}" for g in of_pool for s in GPU_STAGES}
            assert {task.pool_slots for task in gpu} == {1}

    def test_a_host_takes_up_one_new_shard_at_a_time(self, dag: DAG) -> None:
        for host in HOSTS:
            at_once = [
                dag.get_task(f"audit.{host}.{stage}").max_active_tis_per_dagrun for stage in GPU_STAGES
            ]
            assert at_once == [1, None, None, None]

    def test_uploads_are_bounded_for_each_host_and_in_all(self, dag: DAG) -> None:
        uploads = [task for task in dag.tasks if task.pool == UPLOAD_POOL]
        assert {task.task_id.rpartition(".")[2] for task in uploads} == {"distribute"}
        assert {task.pool_slots for task in uploads} == {Settings.load().uploads_per_task}
        of_hosts = [task for task in uploads if task.task_id.startswith("audit.")]
        assert {task.max_active_tis_per_dag for task in of_hosts} == {1}

    def test_every_pool_that_a_task_needs_is_made(self, dag: DAG) -> None:
        made = pools(Settings.load())
        for task in dag.tasks:
            assert task.pool == "default_pool" or task.pool_slots <= made[task.pool][0], task.task_id

    def test_discoveries_do_not_overlap_over_all_runs(self, dag: DAG) -> None:
        assert dag.get_task("discover").max_active_tis_per_dag == 1

    def test_every_task_is_tried_again_by_the_error_tree(self, dag: DAG) -> None:
        settings = Settings.load()
        for task in dag.tasks:
            assert task.retries == settings.task_retries, task.task_id
            assert task.retry_policy is not None, task.task_id

    def test_the_dag_holds_back_no_shard(self, dag: DAG) -> None:
        hosts, gpu_tasks_per_host = 20, 2
        llm_tasks = POOL_SLOTS // Settings.load().llm_requests_per_task
        assert dag.max_active_tasks >= hosts * (1 + gpu_tasks_per_host) + llm_tasks


class TestSchedule:
    def test_every_night_audits_the_day_that_ended(self, dag: DAG) -> None:
        settings = Settings.load()
        assert dag.timetable == NightlyDays(settings.schedule, settings.timezone)
        assert str(dag.timezone) == settings.timezone
        assert isinstance(dag.start_date, datetime)

    def test_days_before_the_first_start_are_left_to_backfills(self, dag: DAG) -> None:
        assert dag.catchup is False


class TestForm:
    def test_every_param_is_explained(self, dag: DAG) -> None:
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema.get("title"), name
            assert re.search(r"\w{3}.*\.$", param.description or "", re.DOTALL), name

    def test_it_opens_with_day_and_location(self, dag: DAG) -> None:
        # Airflow shows fields without a section open, and folds the sections.
        schemas = {name: dag.params.get_param(name).schema for name in dag.params}
        assert list(schemas)[:2] == ["day", "location"]
        assert [name for name, schema in schemas.items() if "section" not in schema] == ["day", "location"]

    def test_what_may_stay_empty_is_not_marked_as_required_and_all_else_is(self, dag: DAG) -> None:
        # Airflow marks what has a type, and takes no null.
        schemas = {name: dag.params.get_param(name).schema for name in dag.params}
        optional = {name for name, schema in schemas.items() if "null" in schema["type"]}
        assert optional == {"day", "limit", "lookback_days", "hosts"}
        told = {name for name in schemas if "Empty:" in (dag.params.get_param(name).description or "")}
        assert told == optional

    def test_the_defaults_are_valid_so_that_the_schedule_can_run(self, dag: DAG) -> None:
        defaults = dag.params.validate()
        assert defaults["day"] is None
        assert defaults["redo"] == Redo.SKIP
        assert defaults["first_stage"] == STAGES[0]
        assert defaults["hosts"] == []
        assert defaults["location"] == Settings.load().recordings_location
        assert defaults["scorecard"] == PROMOTED

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("day", ["2026-11-16", None]),
            ("redo", [redo.value for redo in Redo]),
            ("first_stage", [stage.value for stage in STAGES]),
            ("limit", [1, 100_000, None]),
            ("lookback_days", [0, 2, 60, None]),
            ("hosts", [None, [], ["gpu_a"]]),
            ("llm_requests", [1, 10]),
            ("llm_budget_usd", [0, 2.5, 1000]),
            ("location", ["s3://aws@calls/in", "/srv/calls"]),
        ],
    )
    def test_sound_values_are_taken(self, dag: DAG, name: str, values: list[object]) -> None:
        for value in values:
            assert dag.params.get_param(name).resolve(value) == value

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("day", ["yesterday", "2026-13-01", "16.11.2026", "2026-11-16T00:00:00", 20261116, ""]),
            ("redo", ["everything", None, "", True]),
            ("first_stage", ["diarise", "STT", None]),
            ("limit", [0, -1, "5", 1.5, 10**30]),
            ("lookback_days", [-1, 61, "2", 1.5]),
            ("scorecard", ["no_such_card", "", None, "../service_call"]),
            ("hosts", ["gpu_a", [1]]),
            ("llm_requests", [0, 11, 1000, "10", None]),
            ("llm_budget_usd", [-1, "5", None]),
            ("location", ["", None]),
        ],
    )
    def test_wrong_values_are_refused(self, dag: DAG, name: str, values: list[object]) -> None:
        for value in values:
            with pytest.raises(ParamValidationError):
                dag.params.get_param(name).resolve(value)
                pytest.fail(f"{name} = {value!r} was taken")
