"""Reads docker-compose.yaml as Compose does: anchors, variables, and no key that is not known."""

import re
import shlex
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, StringConstraints

HOME = "/opt/cofi"
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


class Service(Part):
    image: str
    build: Build | None = None
    pull_policy: Literal["build"] | None = None
    profiles: list[Literal["demo"]] = []
    init: bool = False
    restart: Literal["no", "unless-stopped"]
    command: list[StrictStr] = []
    environment: dict[str, StrictStr | StrictInt] = {}
    ports: list[Annotated[str, StringConstraints(pattern=r"^127\.0\.0\.1:\d+:\d+$")]] = []
    configs: list[ConfigMount] = []
    volumes: list[Annotated[str, StringConstraints(pattern=r"^[^:]+:/[^:]+(:ro)?$")]] = []
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None
    stop_grace_period: Duration | None = None

    @property
    def mounts(self) -> list[tuple[str, str, str]]:
        """Source, place in the container, and `ro` or nothing."""
        return [(*volume.split(":"), "")[:3] for volume in self.volumes]  # type: ignore[misc]

    @property
    def health_url(self) -> str:
        """What the health check asks."""
        assert self.healthcheck
        return next(word for word in shlex.split(self.healthcheck.test) if word.startswith("http"))


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
    parts = yaml.safe_load(text)
    return Compose.model_validate({key: part for key, part in parts.items() if not key.startswith("x-")})


def is_path(source: str) -> bool:
    """Whether a mount's source is a folder, and no named volume."""
    return source.startswith((".", "/"))
