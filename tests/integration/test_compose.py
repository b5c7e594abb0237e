"""docker-compose.yaml without Docker: each service's command, environment and mounts, tried as a process."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from include.demo.ports import free_port
from include.gpu_host.settings import Settings as GpuHostSettings
from include.gpu_host.settings import described
from include.llm.settings import LlmSettings
from include.plain_yaml import read_yaml
from tests.integration.compose_file import (
    AIRFLOW,
    COMPOSE,
    DOCKERFILE,
    EXAMPLE,
    GPU_HOSTS,
    HOME,
    REFERENCE,
    ROLES,
    ROOT,
    SECRETS,
    SERVICES,
    TEXT,
    airflow_commands,
    airflow_options,
    environment,
    filled_in,
    is_path,
    migration_command,
    parsed,
    strings,
)

# As the image's script has it.
COFI = [sys.executable, "-m", "include.command_line"]


def test_the_images_have_the_command() -> None:
    script = re.search(r"^RUN printf '(.*)' > /usr/local/bin/cofi ", DOCKERFILE, re.MULTILINE)
    assert script and script[1].endswith('exec python -m include.command_line "$@"\\n')


def test_names_refer_to_something() -> None:
    targets = re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)
    for service in SERVICES.values():
        assert {mount.source for mount in service.configs} <= set(COMPOSE.configs)
        named = {source for source, *_ in service.mounts if not is_path(source)}
        assert named <= set(COMPOSE.volumes)
        assert service.build.target in targets if service.build else ":" in service.image
        assert bool(service.build) == (service.pull_policy == "build"), "else it is looked for in a registry"


def test_every_dependency_can_be_met() -> None:
    pairs = [
        (name, service, needed) for name, service in SERVICES.items() for needed in service.depends_on.items()
    ]
    assert pairs
    for name, service, (needed, dependency) in pairs:
        other = SERVICES[needed]
        ends = dependency.condition == "service_completed_successfully"
        assert other.restart == "no" if ends else other.healthcheck, f"{name} waits for {needed} for ever"
        assert set(other.profiles) <= set(service.profiles), f"{needed} may be left out, and {name} needs it"


def test_mounts_show_folders_of_the_project_read_only() -> None:
    for name, service in SERVICES.items():
        for source, target, mode in service.mounts:
            if is_path(source):
                assert (ROOT / source).exists(), f"{name} mounts {source}"
                assert mode == "ro"
                assert target.startswith(HOME)


def test_image_is_built_from_what_is_there() -> None:
    copied = re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.MULTILINE)
    taken = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(taken)
    assert all((ROOT / path).is_file() for path in copied)
    (uv,) = re.findall(r"uv==(\S+)$", DOCKERFILE, re.MULTILINE)
    assert f"\nuv=={uv} " in (ROOT / "requirements.lock").read_text()
    (minor,) = re.findall(r"^FROM python:3\.(\d+)-", DOCKERFILE, re.MULTILINE)
    assert int(minor) >= 11


@pytest.mark.parametrize("name", SECRETS)
def test_does_not_start_without_a_secret(name: str) -> None:
    with pytest.raises(LookupError, match=rf"{name} is missing a value: .*\.env\.example"):
        filled_in(TEXT, SECRETS | {name: ""})


def test_env_example_holds_every_variable() -> None:
    used = {match["name"] for match in REFERENCE.finditer(TEXT) if match["name"]}
    assert used == set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))


def test_env_example_writes_good_keys(tmp_path: Path) -> None:
    lines = re.findall(r"^#   (\S.*)$", EXAMPLE, re.MULTILINE)
    subprocess.run(["bash", "-ec", "\n".join(lines)], cwd=tmp_path, check=True)
    written = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    assert set(written) == set(SECRETS)
    assert len(set(written.values())) == len(SECRETS)
    Fernet(written["FERNET_KEY"])
    assert len(written["JWT_SECRET"]) >= 64, "PyJWT warns of shorter keys"
    assert re.fullmatch(r"\w+", written["POSTGRES_PASSWORD"]), "it stands in URLs"


def test_holds_no_secret() -> None:
    parts = read_yaml(TEXT)
    variables = [
        item for service in parts["services"].values() for item in service.get("environment", {}).items()
    ]
    secret_names = re.compile(r"PASSWORD|TOKEN|SECRET|FERNET|API_KEY")
    values = [str(value) for name, value in variables if secret_names.search(name)]
    values += re.findall(r'"password": "([^"]*)"', TEXT)
    values += re.findall(r"://\w*:([^@\s]+)@", TEXT)
    assert len(values) > len(SECRETS)
    assert [value for value in values if not re.fullmatch(r"\$\{[^}]+\}", value)] == []


# --- What a site sets ---


def test_airflow_takes_all_of_env_and_nobody_else_gets_its_keys() -> None:
    taken = {
        name: [(one.path, one.required) for one in service.env_file] for name, service in SERVICES.items()
    }
    assert {name for name, files in taken.items() if files == [(".env", False)]} == {*AIRFLOW, "roles"}
    assert {name for name, files in taken.items() if not files} == set(SERVICES) - {*AIRFLOW, "roles"}


def test_what_env_may_set_is_not_overruled() -> None:
    """`environment` goes before `env_file`: a fixed value there would hide the line of .env."""
    written = read_yaml(TEXT)["services"]["worker"]["environment"]
    own = {name: value for name, value in written.items() if name.startswith("AIRFLOW__COFI__")}
    assert len(own) >= 3
    assert [name for name, value in own.items() if not re.fullmatch(r"\$\{.*\}", value)] == []
    assert re.fullmatch(r"\$\{AIRFLOW__CORE__PARALLELISM:-\d+\}", written["AIRFLOW__CORE__PARALLELISM"])


@pytest.mark.parametrize(
    ("lines", "provider"),
    [
        ({}, "generic"),
        ({"LLM_PROVIDER": "anthropic", "LLM_MODEL": "m"}, "anthropic"),
        ({"LLM_URL": "https://openrouter.ai/api/v1", "LLM_MODEL": "m"}, "openrouter"),
    ],
    ids=["the demo's", "named", "told by the address"],
)
def test_the_llm_is_of_the_provider_that_env_names(lines: dict[str, str], provider: str) -> None:
    worker = parsed(filled_in(TEXT, SECRETS | lines)).services["worker"]
    connection = json.loads(str(worker.environment["AIRFLOW_CONN_COFI_LLM"]))
    settings = LlmSettings(connection["host"], **connection["extra"])
    assert settings.profile.name == provider
    assert settings.model == lines.get("LLM_MODEL", "cofi-rules-1")


# --- Airflow's services, inside their environment ---


@dataclass(frozen=True)
class Seen:
    """What `compose_probe.py` found."""

    unknown_options: list[list[str]]
    values: dict[str, str]
    command_errors: list[str]
    connections: dict[str, Any]
    dags: dict[str, Any]
    health: dict[str, Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an Airflow service sees: its mounts and no more."""
    folder = tmp_path_factory.mktemp("opt_cofi")
    for source, target, _ in SERVICES["worker"].mounts:
        place = folder / Path(target).relative_to(HOME)
        place.symlink_to(ROOT / source) if is_path(source) else place.mkdir()
    return folder


@pytest.fixture(scope="module")
def seen(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    scratch = tmp_path_factory.mktemp("probe")
    questions, answers = scratch / "questions.json", scratch / "answers.json"
    ping = SERVICES["worker"].health_words
    asked = {
        "options": sorted(airflow_options()),
        "commands": airflow_commands(),
        "celery_app": ping[ping.index("--app") + 1],
    }
    questions.write_text(json.dumps(asked))
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("compose_probe.py"), questions, answers],
        env=environment(SERVICES["worker"], home),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Seen(**json.loads(answers.read_text()))


def test_services_share_one_environment() -> None:
    assert {"init", "api-server", "scheduler", "dag-processor", "triggerer", "worker"} == set(AIRFLOW)
    assert all(service.environment == AIRFLOW["init"].environment for service in AIRFLOW.values())
    assert all(name.startswith(("AIRFLOW__", "AIRFLOW_CONN_")) for name in AIRFLOW["init"].environment)


def test_roles_are_made_once_in_the_environment_of_the_others() -> None:
    assert ROLES.environment == AIRFLOW["init"].environment and ROLES.image == AIRFLOW["init"].image
    assert (ROLES.profiles, ROLES.restart) == (["roles"], "no")
    lines = ROLES.command[-1].splitlines()
    assert [line.split()[:3] for line in lines] == [["airflow", "users", "create"], ["cofi", "roles"]]


def test_the_image_with_logins_of_its_own_is_chosen_in_env() -> None:
    lines = re.findall(r"^#(AIRFLOW_TARGET|AUTH_MANAGER)=(\S+)$", EXAMPLE, re.MULTILINE)
    chosen = parsed(filled_in(TEXT, SECRETS | dict(lines))).services["api-server"]
    assert chosen.build and f"FROM airflow AS {chosen.build.target}\n" in DOCKERFILE
    assert str(chosen.environment["AIRFLOW__CORE__AUTH_MANAGER"]).endswith(".FabAuthManager")


def test_every_option_is_airflows_or_cofis(seen: Seen) -> None:
    assert len(seen.values) >= 10
    assert seen.unknown_options == []


def test_environment_wins_over_airflow_cfg(seen: Seen) -> None:
    expected = {
        "core.fernet_key": SECRETS["FERNET_KEY"],
        "api.secret_key": SECRETS["API_SECRET_KEY"],
        "api_auth.jwt_secret": SECRETS["JWT_SECRET"],
        "core.executor": "CeleryExecutor",
        "api.host": "0.0.0.0",
    }
    assert {key: seen.values[key] for key in expected} == expected


def test_addresses_name_services(seen: Seen) -> None:
    database = urlsplit(seen.values["database.sql_alchemy_conn"])
    postgres = SERVICES["postgres"].environment
    assert (database.hostname, database.path) == ("postgres", f"/{postgres['POSTGRES_DB']}")
    assert database.username == postgres["POSTGRES_USER"]
    assert database.password == postgres["POSTGRES_PASSWORD"]
    assert urlsplit(seen.values["celery.broker_url"]).hostname == "redis"
    assert seen.values["core.execution_api_server_url"] == "http://api-server:8080/execution/"


def test_commands_exist(seen: Seen) -> None:
    assert len(airflow_commands()) >= 10
    assert seen.command_errors == []


def test_health_checks_ask_what_is_served(seen: Seen) -> None:
    api, scheduler = (urlsplit(SERVICES[name].health_url) for name in ("api-server", "scheduler"))
    assert api.path in seen.health["api_paths"]
    assert api.port == urlsplit(seen.values["core.execution_api_server_url"]).port
    assert scheduler.port == seen.health["scheduler_port"]
    assert seen.values["scheduler.enable_health_check"] == "True"
    assert "celery_executor" in seen.health["celery_app"]


def test_dags_load_from_the_mounts(seen: Seen) -> None:
    assert seen.dags["errors"] == {}
    assert "audit_calls" in seen.dags["ids"]
    recordings = urlsplit(seen.values["cofi.recordings_location"]).path
    assert list(Path(recordings).glob("*-*-*/*.csv")), "the demo has calls to audit"


def test_connections_lead_to_the_services(seen: Seen) -> None:
    password = SECRETS["POSTGRES_PASSWORD"]
    assert seen.connections["cofi_db"] == f"postgresql+psycopg://cofi:{password}@postgres/cofi"
    assert "CREATE DATABASE cofi;" in COMPOSE.configs["create_cofi_database"].content
    llm = urlsplit(seen.connections["cofi_llm"]["base_url"])
    assert (llm.hostname, llm.port) == ("llm", urlsplit(SERVICES["llm"].health_url).port)
    assert seen.connections["cofi_llm"]["model"] == "cofi-rules-1"
    for host in seen.connections["gpu"].values():
        address = urlsplit(host["url"])
        served = GPU_HOSTS[str(address.hostname)]
        assert address.port == GpuHostSettings.from_env(strings(served)).port
        assert host["token"] == served.environment["COFI_GPU_HOST_TOKEN"]
    demo = [name for name, host in GPU_HOSTS.items() if host.profiles == ["demo"]]
    assert len(seen.connections["gpu"]) == len(demo) == 2


def test_the_gpu_host_on_cuda_has_a_connection_and_a_gpu() -> None:
    [(name, host)] = [(name, host) for name, host in GPU_HOSTS.items() if host.profiles == ["cuda"]]
    connection = AIRFLOW["worker"].environment[f"AIRFLOW_CONN_{name.upper().replace('-', '_')}"]
    assert f'"host": "{name}"' in str(connection)
    assert host.deploy and host.deploy.resources.reservations.devices
    settings = GpuHostSettings.from_env(strings(host))
    assert settings.device_list == ["cuda:0"] and settings.stt_model == "large-v3-turbo"


def test_init_creates_the_tables_of_cofi(home: Path, tmp_path: Path) -> None:
    _, *arguments = migration_command()
    file = {"conn_type": "sqlite", "host": str(tmp_path / "cofi.db")}
    run = [*COFI, *arguments]
    (home / "var" / "runs").mkdir(parents=True, exist_ok=True)  # as the lines before it in the script do
    variables = environment(SERVICES["init"], home) | {"AIRFLOW_CONN_COFI_DB": json.dumps(file)}
    subprocess.run(run, env=variables, cwd=home, check=True)
    with sqlite3.connect(tmp_path / "cofi.db") as database:
        assert database.execute("SELECT count(*) FROM calls").fetchone() == (0,)


# --- The demo's services, started ---


def test_gpu_hosts_settings_exist() -> None:
    known = {name for name, _ in described()}
    for host in GPU_HOSTS.values():
        assert set(host.environment) <= known
    folders = [GpuHostSettings.from_env(strings(host)).data_dir for host in GPU_HOSTS.values()]
    assert len(set(folders)) == len(GPU_HOSTS), "one server per folder"


@pytest.mark.parametrize("name", ["gpu-a", "llm"])
def test_demo_service_starts_and_answers_its_health_check(name: str, home: Path, tmp_path: Path) -> None:
    service, port = SERVICES[name], free_port()
    served = str(urlsplit(service.health_url).port)
    program, *arguments = service.command
    assert program in ("python", "cofi")
    command = [*([sys.executable] if program == "python" else COFI)]
    command += [{served: str(port)}.get(word, word) for word in arguments]
    started = environment(service, home) | {
        "COFI_GPU_HOST_PORT": str(port),
        "COFI_GPU_HOST_DATA_DIR": str(tmp_path),
    }
    process = subprocess.Popen(command, env=started, cwd=home, stderr=subprocess.PIPE, start_new_session=True)
    try:
        url = service.health_url.replace(f":{served}/", f":{port}/")
        status = first_answer(url, service.environment.get("COFI_GPU_HOST_TOKEN", ""), process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers as well: they would go on loading engines
        process.communicate()
    assert status in {200, 503}, "503: it is right, but its engines are still loading"


def first_answer(url: str, token: str | int, process: subprocess.Popen[bytes]) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    while process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.1)
    raise AssertionError(process.communicate()[1].decode())
