"""Which cofi this is, and what is set for it: airflow.cfg, then site.cfg, .env and the environment.

`site.cfg` is written like airflow.cfg and holds what a site has of its own; `.env` holds lines NAME=value,
such as keys. Neither is in git. Both become environment variables of Airflow's processes, so all of Airflow
obeys them; what stands in the environment already goes before them.
"""

import json
import os
import sys
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import include
from include.command_line import config_file
from include.command_line.config_file import COFI, refuse_unknown
from include.command_line.env_file import variables_in
from include.demo.settings import edited, variables_of

SHIPPED_FILE, SITE_FILE, ENV_FILE = "airflow.cfg", "site.cfg", ".env"
_OF_AIRFLOW = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")
# Which names of the environment a command that has been entered has from .env, for what it starts.
_TAKEN_OVER = "COFI_FROM_ENV_FILE"
_LLM = "AIRFLOW_CONN_COFI_LLM"
# What the LLM's connection is made of where it is not given itself.
OF_LLM = ("LLM_URL", "LLM_API_KEY", "LLM_MODEL", "LLM_PROVIDER")


@dataclass(frozen=True)
class Site:
    """One deployment of cofi.

    Attributes:
        home: AIRFLOW_HOME: holds dags, plugins, include and airflow.cfg.
        environment: The environment of this process, with the lines of `.env` that it had not.
        from_file: The lines of `.env`.
    """

    home: Path
    environment: Mapping[str, str]
    from_file: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> "Site":
        """The site in AIRFLOW_HOME, if cofi lies there, else in the checkout that runs.

        Raises:
            InvalidInput: `.env` cannot be read.
        """
        own = dict(os.environ if environment is None else environment)
        home = _home(own)
        written = variables_in(home / ENV_FILE)
        taken_over = own.pop(_TAKEN_OVER, "").split()
        from_file = {name: text for name, text in written.items() if name not in own or name in taken_over}
        return cls(home, {**written, **own}, from_file)

    def enter(self) -> None:
        """Gives this process the home and the lines of `.env`, and keeps what it writes to its owner."""
        os.umask(0o077)
        taken_over = {_TAKEN_OVER: " ".join(self.from_file)}
        os.environ.update({**self.from_file, **taken_over, "AIRFLOW_HOME": str(self.home)})

    @property
    def var(self) -> Path:
        """The folder for everything that running creates."""
        return self.home / "var"

    @cached_property
    def settings(self) -> dict[str, str]:
        """All that somebody has set for this site, as environment variables of Airflow.

        Raises:
            InvalidInput: site.cfg cannot be read, or it or .env names what is no setting of cofi.
        """
        self._check_env_file()
        values = {**self.edited, **self._written, **_of_airflow(self.environment)}
        if _LLM not in values and self.environment.get("LLM_URL"):
            values[_LLM] = _llm_of(self.environment)
        return values

    def source_of(self, name: str) -> str:
        """Where a setting was set, for a reader."""
        read = "LLM_URL" if name == _LLM and name not in self.environment else name
        if read in self.from_file:
            return ENV_FILE
        if read in self.environment:
            return "the environment"
        return SITE_FILE if name in self._written else SHIPPED_FILE

    def overruled(self, name: str, value: str) -> bool:
        """Whether the environment has another value for what a line of `.env` sets."""
        return name not in self.from_file and self.environment.get(name, value) != value

    def value(self, name: str, section: str = COFI) -> str:
        """A setting as it holds now; empty when there is none."""
        set_by_site = self.settings.get(variable(section, name))
        text = self._shipped.get(section, name, fallback="") if set_by_site is None else set_by_site
        return text.replace("${AIRFLOW_HOME}", "$AIRFLOW_HOME").replace("$AIRFLOW_HOME", str(self.home))

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of cofi's database.

        Raises:
            InvalidInput: The connection cofi_db of the environment is none.
        """
        from include.database.urls import VARIABLE, url_of  # noqa: PLC0415 - a GPU host has no SQLAlchemy

        connection = self.settings.get(VARIABLE)
        return url_of(connection) if connection else f"sqlite:///{self.var / 'cofi.db'}"

    def airflow_environment(self) -> dict[str, str]:
        """An Airflow process's environment: the site's settings, its home, this environment's programs."""
        programs = os.pathsep.join([str(Path(sys.executable).parent), self.environment.get("PATH", "")])
        folders = [str(self.home), str(self.home / "plugins"), self.environment.get("PYTHONPATH", "")]
        return {
            **self.environment,
            **self.settings,
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, folders))),
            "PATH": programs,
        }

    @cached_property
    def edited(self) -> dict[str, str]:
        """What airflow.cfg says otherwise than the embedded stack would have it."""
        return edited(variables_of(self._shipped))

    @cached_property
    def _shipped(self) -> ConfigParser:
        return config_file.read(self.home / SHIPPED_FILE)

    @cached_property
    def _written(self) -> dict[str, str]:
        """The settings of site.cfg."""
        found = config_file.read(self.home / SITE_FILE)
        config_file.check_names(found, self._known, self.home / SITE_FILE)
        return variables_of(found)

    @property
    def _known(self) -> set[str]:
        """The names of cofi's settings."""
        return set(self._shipped[COFI]) if self._shipped.has_section(COFI) else set()

    def _check_env_file(self) -> None:
        """What is misspelled in `.env` is refused as in site.cfg; `cofi check` tells of the environment's."""
        begin = variable(COFI, "")
        for name in self.from_file:
            if name.startswith(begin) and (known := self._known):
                problem = f"{self.home / ENV_FILE}: [cofi] has no setting for {name}"
                refuse_unknown(name.removeprefix(begin).lower(), known, problem)


def variable(section: str, name: str) -> str:
    """The environment variable that overrides a line of airflow.cfg."""
    return f"AIRFLOW__{section.upper()}__{name.upper()}"


def _home(environment: Mapping[str, str]) -> Path:
    named = environment.get("AIRFLOW_HOME")
    # An Airflow of something else may be named there.
    if named and (Path(named) / "dags" / "audit_calls.py").exists():
        return Path(named).absolute()
    return Path(include.__file__).absolute().parents[1]


def _of_airflow(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith(_OF_AIRFLOW)}


def _llm_of(environment: Mapping[str, str]) -> str:
    extra = {"model": environment.get("LLM_MODEL", "")}
    if environment.get("LLM_PROVIDER"):
        extra["provider"] = environment["LLM_PROVIDER"]
    return json.dumps(
        {
            "conn_type": "http",
            "host": environment["LLM_URL"],
            "password": environment.get("LLM_API_KEY", ""),
            "extra": extra,
        }
    )
