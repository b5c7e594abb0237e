"""Where a run's report lies, on disk and in the UI."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

from cofi.runs import AUDIT_DAG, RESCORE_DAG
from cofi.settings import Settings

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.sdk import BaseOperator

URL_PREFIX = "/cofi"
# Only runs of these have reports. Who may see another DAG may not see theirs.
DAG_IDS = {AUDIT_DAG, RESCORE_DAG}


def report_folder(settings: Settings, batch_id: str) -> Path:
    """The folder of a batch; a run id holds colons and plus signs, which some file systems refuse."""
    return settings.runs_folder / re.sub(r"[^A-Za-z0-9_.-]", "_", batch_id).lstrip(".")


class ReportLink(BaseOperatorLink):
    """The button on the report task."""

    name = "Audit report"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """The page that `cofi.ui.app` serves."""
        return f"{URL_PREFIX}/report?{urlencode({'dag_id': ti_key.dag_id, 'run_id': ti_key.run_id})}"
