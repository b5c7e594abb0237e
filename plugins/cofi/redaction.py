"""What finds private data in transcripts, as the settings describe it."""

import logging
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.sdk.configuration import conf

from cofi.settings import Settings
from cofi.starting import DAG_PROCESSOR, TRIGGERER, is_job
from include.errors import InvalidInput

if TYPE_CHECKING:
    from include.redaction.recognition import NameRecogniser

log = logging.getLogger(__name__)


def recogniser_of(settings: Settings) -> "NameRecogniser | None":
    """Finds names in calls; None when nothing is redacted, or when rules have to do.

    Raises:
        InvalidInput: A model is not installed, or the list of models cannot be read.
    """
    if not settings.llm_redact_pii:
        return None
    # Seconds; only a task that redacts pays for them.
    from include.redaction.recognition import name_recogniser  # noqa: PLC0415

    return name_recogniser(settings.llm_name_models)


class RecogniserLoader:
    """Listens for the scheduler's start: a task of LocalExecutor is a fork of it, and has the models then.

    A task of another executor loads them itself, in about 2 CPU-s.
    """

    @hookimpl
    def on_starting(self, component: object) -> None:
        """Loads them; the start of a task is announced too."""
        is_scheduler = is_job(component, but_not=(DAG_PROCESSOR, TRIGGERER))
        if is_scheduler and "LocalExecutor" in conf.get("core", "executor"):
            try:
                recogniser_of(Settings.load())
            except InvalidInput as error:
                log.error("%s", error)  # runs say it too
