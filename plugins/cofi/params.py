"""The Params of a run: the fields of the trigger form; their schema holds for REST and CLI too.

The form opens with the fields that name no section, and shows sections folded. It marks a field as required
when its schema has a type and takes no null: so those that may stay empty take null, and no others do.
"""

from typing import Any

from airflow.sdk import Param as AirflowParam
from airflow.sdk.definitions.param import NOTSET

from cofi.scorecards import PROMOTED
from cofi.settings import Settings
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.llm.wording import SHIPPED, variants

# Sections of the form.
WHICH, HOW = "Which calls", "How"


class Param(AirflowParam):
    """Airflow's, but it checks its default against its schema once.

    Airflow does so 20 times for each task when it writes a DAG down, which it does each time it has read the
    file: of 0.40 CPU-s for `audit_calls`, these checks took 0.37 (measured).
    """

    __module__ = AirflowParam.__module__  # Airflow writes down Params of its own name alone
    __slots__ = ("_is_right",)  # and what their `__dict__` holds

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:
        """The value, checked, or the default.

        Raises:
            ParamValidationError: It does not fit the schema, and exceptions are not suppressed.
        """
        if value is NOTSET and getattr(self, "_is_right", False):
            return self.value
        found = super().resolve(value, suppress_exception)
        # Without exceptions, None may be that of a value that is wrong.
        self._is_right = found is not None or not suppress_exception
        return found


def audit_params(settings: Settings) -> dict[str, Param]:
    """Params of `audit_calls`; their defaults are what the schedule runs with."""
    return {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day to audit, up to today. Empty: the day before the logical date above; "
            "a night and a backfill have days of their own.",
        ),
        "location": Param(
            settings.recordings_location,
            type="string",
            minLength=1,
            title="Recordings",
            description="Folder with a folder per day: file:, or s3:, gs:, abfs: with their connection.",
        ),
        "redo": Param(
            Redo.SKIP.value,
            type="string",
            enum=[redo.value for redo in Redo],
            title="Calls that were worked on before",
            description="skip: audit what is not audited yet. failed only: nothing but failed calls. "
            "all: audit all again; an LLM answer that would be the same is not paid for again.",
            section=WHICH,
        ),
        "first_stage": Param(
            Stage.DISTRIBUTE.value,
            type="string",
            enum=[stage.value for stage in STAGES],
            title="First stage to run",
            description="With 'all': results of earlier stages are kept. llm1 leaves the GPU hosts alone.",
            section=WHICH,
        ),
        "limit": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=1_000_000,
            title="Trial run",
            description="Only so many recordings, in order of their paths. Empty: all.",
            section=WHICH,
        ),
        "lookback_days": Param(
            None,
            type=["null", "integer"],
            minimum=0,
            maximum=60,
            title="Late recordings of so many days before",
            description="How many days before are looked at again: recordings that came since go into their "
            "day, what was discovered there stays as it is. Empty: none, and "
            f"{settings.lookback_days} in runs of the schedule.",
            section=WHICH,
        ),
        "scorecard": _scorecard(settings, HOW),
        "hosts": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            examples=settings.hosts,
            title="GPU hosts",
            description="Which hosts work on this run. Empty: all that are ready.",
            section=HOW,
        ),
        "llm_requests": _llm_requests(settings),
        "llm_budget_usd": llm_budget(settings),
    }


def rescore_params(settings: Settings) -> dict[str, Param]:
    """Params of `rescore_calls`; their defaults compare, and change nothing."""
    return {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day whose audited calls are taken up. Empty: the day before the logical date "
            "above; a backfill has days of its own.",
        ),
        "last_day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Last day",
            description="For a range: its last day, inclusive. Empty: one day.",
        ),
        "scorecard": _scorecard(settings),
        "shadow": Param(
            True,
            type="boolean",
            title="Shadow run",
            description="Compare old and new answers only. Untick it to make the new ones the calls' "
            "official results.",
        ),
        "share": Param(
            1.0,
            type="number",
            exclusiveMinimum=0,
            maximum=1,
            title="Share of the calls",
            description="0.1 takes up every tenth call, the same ones each time. 1: all.",
            section=WHICH,
        ),
        "only_labelled": Param(
            False,
            type="boolean",
            title="Only calls with gold labels",
            description="Those that stand in [cofi] gold_labels: what a promotion needs, at the least cost.",
            section=WHICH,
        ),
        "model": Param(
            None,
            type=["null", "string"],
            minLength=1,
            title="Model",
            description="As the LLM API names it. Empty: the model of the connection cofi_llm.",
            section=HOW,
        ),
        "prompts": Param(
            SHIPPED,
            type="string",
            enum=variants(),
            title="Prompts",
            description="The wording: a folder in include/llm/prompts with the files that differ.",
            section=HOW,
        ),
        "promote": Param(
            False,
            type="boolean",
            title="Promote",
            description="At the end, make the scorecard the one that nightly runs use, if this run's answers "
            "agree with the gold labels as [cofi] promotion_… asks for; else the run fails.",
            section=HOW,
        ),
        "llm_requests": _llm_requests(settings),
        "llm_budget_usd": llm_budget(settings),
    }


def _scorecard(settings: Settings, section: str | None = None) -> Param:
    return Param(
        PROMOTED,
        type="string",
        enum=[PROMOTED, *settings.scorecards],
        title="Scorecard",
        description="The criteria that LLM2 answers. promoted: the version that was promoted last; until one "
        f"was, {settings.scorecard}.",
        **({"section": section} if section else {}),
    )


def _llm_requests(settings: Settings) -> Param:
    return Param(
        settings.llm_requests_per_task,
        type="integer",
        minimum=1,
        maximum=settings.llm_requests_per_task,
        title="LLM requests in flight per task",
        description=f"At most the pool slots that a task holds: {settings.llm_requests_per_task}.",
        section=HOW,
    )


def llm_budget(settings: Settings) -> Param:
    """What a run may pay."""
    return Param(
        settings.llm_budget_per_run_usd,
        type="number",
        minimum=0,
        title="LLM budget of this run, USD",
        description="When it is used up, calls that would cost more end as failed, and are taken up when the "
        "day, or the rescore, is run again. 0: any sum. The budget of a day over all runs stands in "
        "airflow.cfg.",
        section=HOW,
    )
