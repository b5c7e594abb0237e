"""What is wrong with the settings, all of it at once, for `cofi check`: cofi's own, and those of Airflow."""

import difflib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields

from airflow.configuration import conf
from airflow.exceptions import AirflowConfigException, AirflowTimetableInvalid
from airflow.timetables.interval import CronDataIntervalTimetable

from cofi.settings import SECTION, Settings, check_uploads, value_of
from include.errors import InvalidInput
from include.site_time import is_zone

_PREFIX = "AIRFLOW__"
# Read from a command or a store of secrets instead.
_ELSEWHERE = ("_cmd", "_secret")
# Sections that hand their lines to a library, whatever they are.
_HANDED_ON = ("_options", "_configs")


def of_cofi() -> list[str]:
    """A sentence on each setting of cofi that is wrong, also on what only some tasks or pages read."""
    values: dict[str, object] = {}
    wrong = list(_refused(*(_reading(field.name, field.type, values) for field in fields(Settings))))
    if wrong:
        return wrong
    settings = Settings(**values)  # type: ignore[arg-type]
    return list(_refused(*(lambda check=check: check(settings) for check in _CHECKS)))


def _reading(name: str, kind: object, values: dict[str, object]) -> Callable[[], object]:
    return lambda: values.update({name: value_of(name, kind)})


def _refused(*checks: Callable[[], object]) -> Iterator[str]:
    for check in checks:
        try:
            check()
        except InvalidInput as error:
            yield str(error)


def _check_times(settings: Settings) -> None:
    if not is_zone(settings.timezone):
        raise InvalidInput(f"[{SECTION}] timezone = {settings.timezone}: {_NO_ZONE}")
    for name in ("schedule", "webhook_schedule", "close_runs_schedule"):
        text = getattr(settings, name)
        try:
            CronDataIntervalTimetable(text, settings.timezone).validate()
        except AirflowTimetableInvalid as error:
            raise InvalidInput(
                f"[{SECTION}] {name} = {text}: {error}; write it as cron does, like 0 0 * * *."
            ) from error


_NO_ZONE = "there is no such time zone; write one like Europe/Madrid."
_CHECKS: tuple[Callable[[Settings], object], ...] = (
    check_uploads,
    _check_times,
    lambda settings: settings.allowed_languages,
    lambda settings: settings.terms,
    lambda settings: settings.needed_by,
    lambda settings: settings.least_expected,
    lambda settings: settings.on_empty_day,
    lambda settings: settings.roles_of_stereo,
    lambda settings: settings.recorder_profile,
    lambda settings: settings.order_of_dates,
    lambda settings: settings.webhook_retry_delays_s,
    lambda settings: settings.known_people,
)


def of_airflow() -> dict[str, dict[str, str]]:
    """What is odd in environment variables that set lines of Airflow's, or of cofi: a sentence each.

    Returns:
        By `unknown`, of which nothing comes, and `wrong`, of which something breaks; in each by the line's
        environment variable.
    """
    found: dict[str, dict[str, str]] = {"unknown": {}, "wrong": {}}
    for variable in os.environ:
        section, _, name = variable.removeprefix(_PREFIX).lower().partition("__")
        if not variable.startswith(_PREFIX):
            continue
        if variable != variable.upper():
            found["unknown"][variable] = (
                f"{variable}: Airflow reads capitals alone; write {variable.upper()}."
            )
        elif unknown := _unknown(section, name):
            found["unknown"][variable] = unknown
        elif wrong := _wrong(section, name):
            found["wrong"][variable] = wrong
    return found


def _unknown(section: str, name: str) -> str | None:
    """A sentence when Airflow has no such line."""
    known = conf.configuration_description
    if section == SECTION:
        own = [field.name for field in fields(Settings)]
        return None if name in own else f"[{SECTION}] has no setting {name}; {_near(name, own)}."
    if section not in known:
        near = _near(section, known)
        return f"Airflow knows no section [{section}]; {near}, or install the provider that has it."
    options = known[section]["options"]
    names = {name, *(name.removesuffix(ending) for ending in _ELSEWHERE)}
    if section.endswith(_HANDED_ON) or names & set(options):
        return None
    if any((section, name) == old[:2] for old in conf.deprecated_options.values()):
        return None  # Airflow reads it under its new name, and says so
    return f"Airflow knows no [{section}] {name}; {_near(name, options)}."


def _near(written: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(written, list(known), n=1)
    return f"write {near[0]}, if that is meant" if near else "correct it"


_READ = {"integer": conf.getint, "float": conf.getfloat, "boolean": conf.getboolean}


def _wrong(section: str, option: str) -> str | None:
    """A sentence when the line's value is none."""
    described = conf.configuration_description.get(section, {"options": {}})["options"].get(option, {})
    kind, text = described.get("type"), conf.get(section, option, fallback="")
    try:
        if kind in _READ:
            _READ[kind](section, option)
    except (AirflowConfigException, ValueError):
        return f"[{section}] {option} = {text} is not of the kind {kind}: correct it."
    if (section, option) == ("core", "default_timezone") and text != "system" and not is_zone(text):
        return f"[{section}] {option} = {text}: {_NO_ZONE}"
    return None
