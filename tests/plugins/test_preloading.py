"""The scheduler loads what its tasks need; the start of a task loads nothing."""

import subprocess
import sys

# In a process of its own: here all of it is loaded.
STARTS = """
import sys
import tests.airflow_home
from airflow.dag_processing.dagbag import DagBag
from airflow.jobs.job import Job
from cofi.preloading import Preloader

Preloader().on_starting(object())
assert "cofi.batch" not in sys.modules
Preloader().on_starting(Job())
loaded = set(sys.modules)
bag = DagBag(dag_folder=tests.airflow_home.AIRFLOW_HOME / "dags")
assert set(bag.dags) >= {"audit_calls"}, bag.import_errors
own = {name for name in set(sys.modules) - loaded if name.partition(".")[0] in {"cofi", "include", "aiohttp"}}
print(sorted(own))
"""


def test_a_task_finds_everything_loaded_that_the_dag_file_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "[]"
