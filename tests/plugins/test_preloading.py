"""The scheduler loads what its tasks need; the start of a task loads nothing."""

import subprocess
import sys

# In a process of its own: here all of it is loaded.
STARTS = """
import sys
import tests.airflow_home
from airflow.executors import local_executor
from airflow.dag_processing.dagbag import DagBag
from airflow.jobs.job import Job
from cofi.preloading import Preloader

Preloader().on_starting(object())
sys.argv = ["airflow", "triggerer"]
Preloader().on_starting(Job())
assert "cofi.batch" not in sys.modules
sys.argv = ["airflow", "scheduler"]
Preloader().on_starting(Job())
loaded = set(sys.modules)
bag = DagBag(dag_folder=tests.airflow_home.AIRFLOW_HOME / "dags")
assert set(bag.dags) >= {"audit_calls"}, bag.import_errors
bag.dags["audit_calls"].get_template_env()
from airflow.sdk import ObjectStoragePath
from airflow.sdk.execution_time import supervisor, task_runner
with ObjectStoragePath(f"file://{tests.airflow_home.__file__}").open("rb") as opened:
    opened.read()
print(sorted(name for name in set(sys.modules) - loaded if not name.startswith("unusual_prefix_")))
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
