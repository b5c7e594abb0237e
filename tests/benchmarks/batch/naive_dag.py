"""What one writes first: a mapped task for each file and stage. For comparison only; do not build on it."""

import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests
from airflow.sdk import BaseHook, dag, task, task_group

from include.calls.stage import GPU_STAGES, LLM_STAGES, Stage
from include.gpu.wire import SHA256_HEADER
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

HOSTS = os.environ["AIRFLOW__COFI__GPU_HOSTS"].split(", ")
_SCHEMAS = dict(zip(LLM_STAGES, (FACTS_SCHEMA, AUDIT_SCHEMA), strict=True))
_ANSWER = {"type": "object", "properties": {"passed": {"type": "boolean"}}, "required": ["passed"]}


@dag(schedule=None, params={"folder": "", "files": 0}, max_active_tasks=256)
def naive() -> None:
    """Every file through every stage, a task each."""

    @task
    def files(folder: str, most: str) -> list[str]:
        return [str(path) for path in sorted(Path(folder).glob("*.wav"))][: int(most)]

    audit_file.expand(path=files("{{ params['folder'] }}", "{{ params['files'] }}"))


@task_group
def audit_file(path: str) -> None:
    """The stages of a file."""
    passed = task(task_id="upload")(upload)(path)
    for stage in GPU_STAGES:
        passed = task(task_id=stage)(on_host)(path, stage, passed)
    for stage in LLM_STAGES:
        passed = task(task_id=stage, pool="llm_api")(ask)(path, stage, passed)


def upload(path: str) -> bool:
    """Sends a file to its host."""
    audio = Path(path).read_bytes()
    return _sent(path, "PUT", "audio", data=audio, headers={SHA256_HEADER: sha256(audio).hexdigest()})


def on_host(path: str, stage: str, _: bool) -> bool:
    """One GPU stage."""
    return _sent(path, "POST", stage, json={})


def ask(path: str, stage: str, _: bool) -> bool:
    """One request to the LLM."""
    asked = {"name": _SCHEMAS[Stage(stage)], "schema": _ANSWER}
    body = {
        "messages": [{"role": "user", "content": f"{stage} of {Path(path).stem}"}],
        "response_format": {"type": "json_schema", "json_schema": asked},
    }
    llm = BaseHook.get_connection("cofi_llm")
    requests.post(f"{llm.host}/chat/completions", json=body, timeout=600).raise_for_status()
    return True


def _sent(path: str, method: str, what: str, **body: Any) -> bool:
    """A request to the file's host; a host at its capacity is asked again."""
    name = Path(path).stem
    host = BaseHook.get_connection(HOSTS[int(name) % len(HOSTS)])
    url = f"http://{host.host}:{host.port}/v1/calls/naive-{name}/{what}"
    headers = {"Authorization": f"Bearer {host.password}", **body.pop("headers", {})}
    while True:
        answer = requests.request(method, url, headers=headers, timeout=600, **body)
        if answer.status_code != 429:
            answer.raise_for_status()
            return True
        time.sleep(0.5)


naive()
