"""What a run can be told: the fields of the trigger form; their schema holds for REST and CLI too."""

from airflow.sdk import Param

from cofi.settings import Settings
from include.calls.discovery import Redo
from include.calls.stage import STAGES, Stage


def audit_params(settings: Settings) -> dict[str, Param]:
    """Params of `audit_calls`; their defaults are what the schedule runs with."""
    return {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day to audit. Empty: the day of the run's data interval. Schedule and backfill "
            "know theirs; this form infers it from the logical date: the day before.",
            section="What",
        ),
        "location": Param(
            settings.recordings_location,
            type="string",
            minLength=1,
            title="Recordings",
            description="Folder with a folder per day: file:, or s3:, gs:, abfs: with their connection.",
            section="What",
        ),
        "redo": Param(
            Redo.SKIP.value,
            enum=[redo.value for redo in Redo],
            title="Calls that were worked on before",
            description="skip: audit what is not audited yet. failed only: nothing but failed calls. "
            "all: audit all again; an LLM answer that would be the same is not paid for again.",
            section="What",
        ),
        "first_stage": Param(
            Stage.DISTRIBUTE.value,
            enum=[stage.value for stage in STAGES],
            title="First stage to run",
            description="With 'all': results of earlier stages are kept. llm1 leaves the GPU hosts alone.",
            section="What",
        ),
        "limit": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Trial run",
            description="Only so many recordings, in order of their paths. Empty: all.",
            section="What",
        ),
        "scorecard": Param(
            settings.scorecard,
            enum=settings.scorecards,
            title="Scorecard",
            description="The criteria that LLM2 answers.",
            section="How",
        ),
        "hosts": Param(
            [],
            type="array",
            items={"type": "string"},
            examples=settings.hosts,
            title="GPU hosts",
            description="Which hosts work on this run. Empty: all that are ready.",
            section="How",
        ),
        "llm_requests": Param(
            settings.llm_requests_per_task,
            type="integer",
            minimum=1,
            maximum=settings.llm_requests_per_task,
            title="LLM requests in flight per task",
            description=f"At most the pool slots that a task holds: {settings.llm_requests_per_task}.",
            section="How",
        ),
        "llm_budget_usd": llm_budget(settings),
    }


def llm_budget(settings: Settings) -> Param:
    """What a run may pay."""
    return Param(
        settings.llm_budget_per_run_usd,
        type="number",
        minimum=0,
        title="LLM budget of this run, USD",
        description="When it is used up, calls that would cost more end as failed, and are taken up when the "
        "day is run again. 0: any sum. The budget of a day over all runs stands in airflow.cfg.",
        section="How",
    )
