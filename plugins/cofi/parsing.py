"""What a task's process makes of the DAG file: no more than its task needs."""

from collections.abc import Sequence

from airflow.sdk import get_parsing_context

from cofi.runs import AUDIT_DAG


def hosts_laid_out(hosts: Sequence[str]) -> Sequence[str]:
    """All hosts of the audit DAG; in the process of a host's task only that host, for it knows of no other.

    Each task reads the DAG file again: measured with 20 hosts, in 0.02 CPU-s instead of 0.09.
    """
    parsed_for = get_parsing_context()
    task_id = (parsed_for.task_id or "") if parsed_for.dag_id == AUDIT_DAG else ""
    return [host for host in hosts if task_id.startswith(f"audit.{host}.")] or hosts
