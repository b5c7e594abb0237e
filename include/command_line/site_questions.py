"""The questions of `cofi init`, one after the other; each answer is tried before the next is asked."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from zoneinfo import available_timezones

from include.calls.recorders.loading import named
from include.command_line.asking import Answers, Asking, Found
from include.command_line.site import ENV_FILE, SITE_FILE, Site, variable
from include.command_line.site_files import Line, connection
from include.command_line.trying import found_in, llm_tried, status_of
from include.demo.settings import GPU_HOSTS, HOSTS, LLM, LOCATION, SAMPLES_LOCATION, has_samples
from include.errors import InvalidInput
from include.llm.settings import LlmSettings
from include.outside.addresses import shown_address
from include.probe.printing import settings_lines
from include.scorecards.loading import load_scorecard
from include.scorecards.schema import Scorecard

SAMPLES, DEMO = "samples", "demo"


def answered(site: Site, options: Answers, asking: Asking) -> Found:
    """Asks all questions of `cofi init`, and returns what to write.

    Raises:
        CofiError: Something that was given is wrong or does not answer, and nobody is there to correct it.
    """
    found = Found()
    zone = _timezone(site, options, asking, found)
    _recordings(site, options, asking, found, zone)
    scorecard = _scorecard(site, options, asking, found)
    _hosts(site, options, asking, found)
    _llm(site, options, asking, found, scorecard)
    for line in _overruled(site, found):
        asking.tell(f"  {line}: unset it, or it holds")
    return found


def _overruled(site: Site, found: Found) -> Iterator[str]:
    """What is answered, but holds nowhere as long as the environment says otherwise."""
    for (section, name), line in found.settings.items():
        override = variable(section, name)
        if site.environment.get(override, line.value) != line.value:
            yield f"{override} in {site.source_of(override)} goes before what is written into {SITE_FILE}"
    for name, line in found.variables.items():
        if site.overruled(name, line.value):
            yield f"{name} in the environment goes before what is written into {ENV_FILE}"


def _timezone(site: Site, options: Answers, asking: Asking, found: Found) -> str:
    default = site.value("timezone") if "AIRFLOW__COFI__TIMEZONE" in site.settings else own_zone()

    def answer() -> str:
        zone = asking.ask("Time zone of the site", options.timezone, default)
        if zone not in _zones():
            raise InvalidInput(f"{zone} is no time zone: write one like {' or '.join(_zones_like(zone))}.")
        return zone

    zone = asking.until_right(answer, options.timezone)
    found.set("timezone", zone, "Time zone of the site: a day begins and ends at its midnight.")
    found.set("default_timezone", zone, "The same, so that backfills know the same days.", section="core")
    return zone


@cache
def _zones() -> frozenset[str]:
    """The names of all time zones: a file of each is opened to tell them."""
    return frozenset(available_timezones())


def _zones_like(written: str) -> list[str]:
    """Zones of which it is the city, or two that show how one is written."""
    city = written.replace(" ", "_").casefold()
    cities = sorted(zone for zone in _zones() if zone.rpartition("/")[2].casefold() == city)
    return cities[:2] or ["UTC", "Europe/Madrid"]


def _recordings(site: Site, options: Answers, asking: Asking, found: Found, zone: str) -> None:
    default = SAMPLES if has_samples(site.settings) else site.value("recordings_location")
    question = "Recordings: a folder, s3://…, or `samples` for the sample calls"

    def answer() -> None:
        location = asking.ask(question, options.recordings, default)
        if not location:
            raise InvalidInput(
                "Where do your recordings lie? Name a folder, or `samples` for the sample calls."
            )
        if location == SAMPLES:
            found.remove("recordings_location", "recorder", "recordings_layout", "gold_labels")
            if LOCATION in site.edited:
                found.set("recordings_location", SAMPLES_LOCATION, "The sample calls.")
        else:
            _own_recordings(site, location, options, asking, found, zone)

    asking.until_right(answer, options.recordings)


def _own_recordings(
    site: Site, location: str, options: Answers, asking: Asking, found: Found, zone: str
) -> None:
    if "://" not in location:
        location = f"file://{Path(location).expanduser().absolute()}"
    found.set("recordings_location", location, "Where your recordings lie.")
    if "AIRFLOW__COFI__GOLD_LABELS" not in site.settings:
        found.set("gold_labels", "", "CSV of what people answered about your calls, once you have one.")
    if options.recorder:
        recorder, folder = named(options.recorder, None)
        found.set("recorder", recorder, "What wrote them.")
        if folder:
            found.set("recorders_folder", str(folder), "Recorders of your own.")
    asking.try_out(partial(_look, site, location, options, asking, found, zone), options.recordings)


def _look(site: Site, location: str, options: Answers, asking: Asking, found: Found, zone: str) -> None:
    probed = found_in(site, location, zone, options.recorder)
    if not probed.calls:
        raise InvalidInput(
            f"No recorder finds a recording in {location}: `cofi probe {location}` says what is there; "
            "--no-test takes it all the same."
        )
    recordings = probed.files.recordings
    of = "1 recording" if recordings == 1 else f"{recordings:,} recordings"
    asking.tell(f"  {of} on {probed.day}, in the layout of {probed.recorder.id}; `cofi probe` says more")
    for name, value in settings_lines(probed):
        if name not in ("timezone", "recordings_location"):
            found.set(name, value, "As `cofi probe` found it.")


def _scorecard(site: Site, options: Answers, asking: Asking, found: Found) -> Scorecard:
    folder, default = Path(site.value("scorecards_folder")), site.value("scorecard")

    def answer() -> Scorecard:
        named = asking.ask("Scorecard: a name, or a YAML file of your own", options.scorecard, default)
        file = Path(named).expanduser().absolute()
        own = file.suffix in (".yaml", ".yml")
        scorecard = load_scorecard(file if own else folder / f"{named}.yaml")
        if own and file.suffix != ".yaml":
            raise InvalidInput(f"{file}: call it {file.stem}.yaml, as scorecards are looked for.")
        if own:
            found.set("scorecards_folder", str(file.parent), "Your scorecards.")
        if own or named != default or "AIRFLOW__COFI__SCORECARD" in site.settings:
            found.set("scorecard", file.stem if own else named, "The scorecard, until one is promoted.")
        return scorecard

    return asking.until_right(answer, options.scorecard)


def _hosts(site: Site, options: Answers, asking: Asking, found: Found) -> None:
    default = site.value("gpu_hosts") if HOSTS in site.settings else DEMO
    question = "GPU hosts, as NAME=URL with commas between, or `demo` for the demo's two on this machine"

    def answer() -> None:
        nonlocal default
        written = asking.ask(question, ",".join(options.gpu_hosts) if options.gpu_hosts else None, default)
        default = written if "://" in written else default
        if written == DEMO:
            found.remove("gpu_hosts")
            if HOSTS in site.edited:
                found.set("gpu_hosts", ", ".join(GPU_HOSTS), "The demo's two on this machine.")
        elif "=" in written or HOSTS not in site.settings:
            _own_hosts([one.strip() for one in written.split(",") if one.strip()], options, asking, found)
        if not written.strip(" ,"):
            raise InvalidInput("Which GPU hosts? Name each as NAME=URL, or `demo` for the demo's two.")

    asking.until_right(answer, options.gpu_hosts)


def _own_hosts(written: list[str], options: Answers, asking: Asking, found: Found) -> None:
    hosts = {}
    for one in written:
        name, _, url = one.partition("=")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or "://" not in url:
            raise InvalidInput(f"{one}: write a GPU host as NAME=URL, like gpu_1=http://gpu-1:9001.")
        hosts[name] = url.rstrip("/")
    token = asking.ask("Token of the GPU hosts", options.gpu_token, "", hidden=True)
    found.set("gpu_hosts", ", ".join(hosts), "Your GPU hosts: connections, which stand in .env.")
    for name, url in hosts.items():
        found.variables[f"AIRFLOW_CONN_{name.upper()}"] = Line(connection(url, token), f"GPU host {name}.")
    for name, url in hosts.items():
        asking.try_out(partial(_ask_host, name, url, token, asking), options.gpu_hosts)


def _ask_host(name: str, url: str, token: str, asking: Asking) -> None:
    status = status_of(name, url, token)
    engines = ", ".join(f"{stage} {engine.name}" for stage, engine in status.engines.items())
    asking.tell(f"  {name} is ready: {engines}; {status.capacity} requests at once")


def _llm(site: Site, options: Answers, asking: Asking, found: Found, scorecard: Scorecard) -> None:
    if LLM in site.environment:
        _connected_llm(site, options, asking)
        return
    default = site.environment.get("LLM_URL") or DEMO

    def answer() -> None:
        nonlocal default
        question = "LLM: address of its API up to /v1, or `demo` for the demo's endpoint"
        url = asking.ask(question, options.llm_url, default).rstrip("/")
        default = url if "://" in url else default
        if url == DEMO:
            _take(site, found, LLM_URL="", LLM_PROVIDER="")
        elif url:
            _own_llm(site, url, options, asking, found, scorecard)

    asking.until_right(answer, options.llm_url)


def _connected_llm(site: Site, options: Answers, asking: Asking) -> None:
    """A connection goes before LLM_URL: what is answered here would hold nowhere."""
    where = f"{LLM} in {site.source_of(LLM)}"
    answers = {"url": options.llm_url, "key": options.llm_key, "model": options.llm_model}
    given = [name for name, text in {**answers, "provider": options.llm_provider}.items() if text]
    if given:
        raise InvalidInput(f"{where} goes before --llm-{given[0]}: change it there, or remove it first.")
    asking.tell(f"  The LLM is that of {where}: change it there, or remove it and be asked for another")


def _own_llm(
    site: Site, url: str, options: Answers, asking: Asking, found: Found, scorecard: Scorecard
) -> None:
    if not url.startswith(("http://", "https://")):
        raise InvalidInput(f"{url} is no address of an API: write it like https://api.example.com/v1.")
    known = site.environment
    # Another address is somebody else's: they get no key of the one before.
    of_url = known if known.get("LLM_URL", "").rstrip("/") in ("", url) else {}
    key = asking.ask("Its key", options.llm_key, of_url.get("LLM_API_KEY", ""), hidden=True)
    model = asking.ask("Its model", options.llm_model, known.get("LLM_MODEL", ""))
    if not model:
        raise InvalidInput("Which model? Name it as the API does, like gpt-4o-mini (--llm-model).")
    provider = of_url.get("LLM_PROVIDER", "") if options.llm_provider is None else options.llm_provider
    settings = LlmSettings(url, model, api_key=key, provider=provider)
    _take(site, found, LLM_URL=url, LLM_API_KEY=key, LLM_MODEL=model, LLM_PROVIDER=provider)
    asking.try_out(partial(_ask_llm, settings, scorecard, asking), options.llm_url)


def _ask_llm(settings: LlmSettings, scorecard: Scorecard, asking: Asking) -> None:
    asking.tell(
        f"  asking {settings.model} at {shown_address(settings.base_url)} ({settings.profile.name}) "
        "about a made-up call"
    )
    tried = llm_tried(settings, scorecard)
    asking.tell(f"  it answers both stages: {tried.tokens:,} tokens, {tried.latency_s:.1f} s")


_OF_LLM = {
    "LLM_URL": "Address of the LLM's API, up to /v1; empty for the demo's.",
    "LLM_API_KEY": "The key of that API.",
    "LLM_MODEL": "The model, as the API names it.",
    "LLM_PROVIDER": "Whose API it is, such as vllm (docs/llm.md); empty: found out by the address.",
}


def _take(site: Site, found: Found, **variables: str) -> None:
    """Notes what to write about the LLM, unless runs would use something else all the same."""
    for name, value in variables.items():
        if site.overruled(name, value):
            raise InvalidInput(f"{name} in the environment goes before .env: unset it there, and try again.")
        found.variables[name] = Line(value, _OF_LLM[name])


def own_zone() -> str:
    """The time zone of this machine; UTC when it does not say."""
    with suppress(OSError):
        _, _, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
        zone = os.environ.get("TZ") or name
        return zone if zone in _zones() else "UTC"
    return "UTC"
