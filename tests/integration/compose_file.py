"""Reads docker-compose.yaml as Compose does: anchors, variables, and no key that is not known."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, StringConstraints

from include.plain_yaml import read_yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
HOME = "/opt/cofi"

# What .env.example leaves empty must be filled in.
SECRETS = {name: f"{name.lower()}-for-tests" for name in re.findall(r"^(\w+)=$", EXAMPLE, re.MULTILINE)}
REFERENCE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")

Duration = Annotated[str, StringConstraints(pattern=r"^(\d+m)?(\d+s)?$", min_length=2)]


class Part(BaseModel):
    """A part of the file; a key that is not listed is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Build(Part):
    context: Literal["."]
    target: str


class Healthcheck(Part):
    test: str
    interval: Duration
    timeout: Duration
    retries: StrictInt = 3
    start_period: Duration = "0s"


class Dependency(Part):
    condition: Literal["service_healthy", "service_completed_successfully"]


class ConfigMount(Part):
    source: str
    target: str


class Config(Part):
    content: str


class DeviceReservation(Part):
    driver: Literal["nvidia"]
    count: Literal["all"]
    capabilities: list[Literal["gpu"]]


class Reservations(Part):
    devices: list[DeviceReservation]


class Resources(Part):
    reservations: Reservations


class Deploy(Part):
    resources: Resources


class EnvFile(Part):
    path: Literal[".env"]
    required: bool


class Service(Part):
    image: str
    build: Build | None = None
    pull_policy: Literal["build"] | None = None
    profiles: list[Literal["demo", "cuda", "roles"]] = []
    init: bool = False
    restart: Literal["no", "unless-stopped"]
    command: list[StrictStr] = []
    env_file: list[EnvFile] = []
    environment: dict[str, StrictStr | StrictInt] = {}
    ports: list[Annotated[str, StringConstraints(pattern=r"^127\.0\.0\.1:\d+:\d+$")]] = []
    configs: list[ConfigMount] = []
    volumes: list[Annotated[str, StringConstraints(pattern=r"^[^:]+:/[^:]+(:ro)?$")]] = []
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None
    stop_grace_period: Duration | None = None
    deploy: Deploy | None = None

    @property
    def mounts(self) -> list[tuple[str, str, str]]:
        """Source, place in the container, and `ro` or nothing."""
        parts = [[*volume.split(":"), ""] for volume in self.volumes]
        return [(source, target, mode) for source, target, mode, *_ in parts]

    @property
    def health_words(self) -> list[str]:
        """The health check's command; empty when there is none."""
        return shlex.split(self.healthcheck.test) if self.healthcheck else []

    @property
    def health_url(self) -> str:
        """What the health check asks."""
        return next(word for word in self.health_words if word.startswith("http"))


class Compose(Part):
    name: str
    services: dict[str, Service]
    configs: dict[str, Config]
    volumes: dict[str, None]


def filled_in(text: str, variables: dict[str, str]) -> str:
    """Replaces the references to variables as Compose does."""

    def value(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        if found := variables.get(match["name"]):
            return found
        if match["kind"] == "?":
            raise LookupError(f"required variable {match['name']} is missing a value: {match['rest']}")
        return match["rest"] or ""

    return REFERENCE.sub(value, text)


def parsed(text: str) -> Compose:
    parts = read_yaml(text)
    return Compose.model_validate({key: part for key, part in parts.items() if not key.startswith("x-")})


def is_path(source: str) -> bool:
    """Whether a mount's source is a folder, and no named volume."""
    return source.startswith((".", "/"))


COMPOSE = parsed(filled_in(TEXT, SECRETS))
SERVICES = COMPOSE.services
# Those that always run. What the profile `roles` runs once belongs to a package that is not installed here.
AIRFLOW = {
    name: service
    for name, service in SERVICES.items()
    if "AIRFLOW__CORE__EXECUTOR" in service.environment and not service.profiles
}
ROLES = SERVICES["roles"]
GPU_HOSTS = {name: service for name, service in SERVICES.items() if service.command == ["cofi", "gpu-host"]}


def strings(service: Service) -> dict[str, str]:
    return {name: str(value) for name, value in service.environment.items()}


def environment(service: Service, home: Path) -> dict[str, str]:
    """What a process of the service sees: the image's variables and the service's, at another place."""
    of_image = dict(re.findall(r"(AIRFLOW_HOME|PYTHONPATH)=(\S+)", DOCKERFILE))
    assert len(of_image) == 2
    variables = {"PATH": os.environ["PATH"], "HOME": str(home)} | of_image | strings(service)
    return {name: value.replace(HOME, str(home)) for name, value in variables.items()}


def airflow_options() -> list[tuple[str, str]]:
    names = [name.split("__") for name in AIRFLOW["worker"].environment if name.startswith("AIRFLOW__")]
    return [(section.lower(), key.lower()) for _, section, key in names]


def commands() -> Iterator[list[str]]:
    """Every command of an Airflow service: its own, its health check's, and the lines of a shell script."""
    for service in AIRFLOW.values():
        yield from (
            shlex.split(line)
            for line in re.split(r"\n|\|\|", service.command[-1])
            if service.command[0] == "bash"
        )
        yield service.command
        yield service.health_words


def airflow_commands() -> list[list[str]]:
    return [arguments for program, *arguments in filter(None, commands()) if program == "airflow"]


def migration_command() -> list[str]:
    (command,) = [words for words in commands() if words[:1] == ["cofi"]]
    return command
