"""Which cofi this is, and what is set for it: airflow.cfg, then site.cfg, .env and the environment.

`site.cfg` is written like airflow.cfg and holds what a site has of its own; `.env` holds lines NAME=value,
such as keys. Neither is in git. Both become environment variables of Airflow's processes, so all of Airflow
obeys them; what stands in the environment already goes before them.
"""

import difflib
import json
import os
import sys
from collections.abc import Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import include
from include.demo.settings import edited, variables_of
from include.errors import InvalidInput

SHIPPED_FILE, SITE_FILE, ENV_FILE = "airflow.cfg", "site.cfg", ".env"
COFI = "cofi"
_OF_AIRFLOW = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")
# Which names of the environment a command that has been entered has from .env, for what it starts.
_TAKEN_OVER = "COFI_FROM_ENV_FILE"
_LLM = "AIRFLOW_CONN_COFI_LLM"


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
        written = _lines_of(home / ENV_FILE)
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
            InvalidInput: site.cfg cannot be read, or names what is no setting of cofi.
        """
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
        return _read(self.home / SHIPPED_FILE)

    @cached_property
    def _written(self) -> dict[str, str]:
        """The settings of site.cfg."""
        file = self.home / SITE_FILE
        if not file.exists():
            return {}
        found = _read(file)
        known = set(self._shipped[COFI]) if self._shipped.has_section(COFI) else set()
        for name in found[COFI] if found.has_section(COFI) and known else ():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                meant = f"did you mean {near[0]}?" if near else "airflow.cfg has those that there are."
                raise InvalidInput(f"{file}: [cofi] has no setting {name}; {meant}")
        return variables_of(found)


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


def _read(file: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text() if file.exists() else "", str(file))
    except (Error, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    return parser


def _lines_of(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - only a site that has the file needs it

    return {name: text for name, text in dotenv_values(file, interpolate=False).items() if text}
