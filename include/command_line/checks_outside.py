"""Checks of `cofi check` outside this machine (GPU hosts, LLM, recordings), and of what an audit needs."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from include import __version__
from include.command_line.checks import Check, CheckInput, State, failed
from include.command_line.trying import found_in, llm_tried, status_of
from include.demo.connections import LLM_MODEL
from include.demo.settings import has_samples
from include.errors import CofiError
from include.gpu.wire import HostStatus
from include.gpu_host.ivr.library import files_of
from include.gpu_host.settings import variable
from include.llm.settings import LlmSettings
from include.outside.addresses import shown_address, shown_host
from include.redaction.name_models import read_models
from include.scorecards.loading import load_scorecard
from include.scorecards.schema import Scorecard
from include.site_time import moment_to_the_second

_CLOCK_OFF_S = 30
_CLOCK_ASKED_S = 5
_MAIL_ASKED_S = 5
_ALERT_MENDS = {
    "alert_email": "Correct the connection smtp_default (docs/alerts.md).",
    "alert_chat": "Make the connection that it names (docs/alerts.md).",
    "alert_webhook": "Make the connection cofi_webhook (docs/webhooks.md).",
}
_STAGES = ("denoise", "ivr", "lid", "stt")
_GIB = 1024**3


def hosts(inputs: CheckInput) -> Iterator[Check]:
    """Checks whether each GPU host is ready, and for which stages."""
    for name, connection in inputs.part("hosts").items():
        starts_it = name in inputs.stack.own_hosts and not inputs.stack.running
        if starts_it:
            yield Check(name, State.OK, "the demo's: `cofi up` starts it on this machine")
        elif error := connection.get("error"):
            yield Check(name, State.FAILED, error, "`cofi init` asks for its address.")
        else:
            yield _host(name, connection["url"], connection["token"])


def _host(name: str, url: str, token: str) -> Check:
    try:
        status = status_of(name, url, token)
    except CofiError as error:
        mend = f"Start it at {shown_address(url)} (`cofi gpu-host` there), or correct its connection."
        return failed(name, error, mend)
    missing = [stage for stage in _STAGES if stage not in status.engines]
    finding = (
        f"{shown_address(url)}: {_engines(status)}; {status.capacity} at once, "
        f"{status.free_disk_bytes / _GIB:.0f} GiB free"
    )
    if missing:
        return Check(
            name, State.FAILED, f"{finding}; it has no {', '.join(missing)}", "Run cofi's GPU host there."
        )
    if status.version and status.version != __version__:
        return Check(
            name,
            State.WARN,
            f"{finding}; cofi {status.version} there, {__version__} here",
            "Update one of them.",
        )
    return Check(name, State.OK, finding)


def _engines(status: HostStatus) -> str:
    return ", ".join(f"{stage} {engine.name}" for stage, engine in status.engines.items())


def clock(inputs: CheckInput) -> Iterator[Check]:
    """Checks this machine's clock against those of the GPU hosts: times of results are compared."""
    for name, connection in inputs.part("hosts").items():
        if not connection.get("url"):
            continue
        try:
            answer = requests.get(f"{connection['url']}/health", timeout=_CLOCK_ASKED_S)
            off_s = time.time() - parsedate_to_datetime(answer.headers["Date"]).timestamp()
        except (requests.RequestException, KeyError, ValueError):
            continue  # the check of hosts has said it, or it tells no time
        if abs(off_s) > _CLOCK_OFF_S:
            finding = f"{name} is {abs(off_s):.0f} s {'behind' if off_s > 0 else 'ahead'}"
            yield Check("clock", State.WARN, finding, "Let both take the time from a time server.")
            return
    zone = str(inputs.part("settings").get("timezone") or "UTC")
    yield Check("clock", State.OK, moment_to_the_second(datetime.now(UTC), zone))


def llm(inputs: CheckInput) -> Iterator[Check]:
    """Checks the LLM with two requests about a made-up call, in the schemas of both stages."""
    found = inputs.part("llm")
    is_demos = found.get("model", LLM_MODEL) == LLM_MODEL  # else it stands under Admin > Connections
    if inputs.stack.has_own_llm and is_demos and not inputs.stack.running:
        yield Check("LLM", State.OK, "the demo's rule-based endpoint: `cofi up` starts it")
        return
    if not found or found.get("error"):
        finding = str(found.get("error", "no connection cofi_llm"))
        yield Check("LLM", State.FAILED, finding, "`cofi init` asks for its address, key and model.")
        return
    settings = LlmSettings(**{field.name: found[field.name] for field in fields(LlmSettings)})
    where = f"{settings.model} at {shown_address(settings.base_url)}"
    try:
        tried = llm_tried(settings, _scorecard(inputs))
    except CofiError as error:
        mend = "Correct the connection cofi_llm: `cofi init`, or LLM_URL, LLM_API_KEY and LLM_MODEL in .env."
        yield failed("LLM", error, mend)
        return
    finding = f"{where} answers both stages: {tried.tokens:,} tokens, {tried.latency_s:.1f} s"
    if tried.repaired:
        yield Check(
            "LLM", State.WARN, f"{finding}; an answer did not fit its schema at first", "Try a larger model."
        )
    else:
        yield Check("LLM", State.OK, finding)


def recordings(inputs: CheckInput) -> Iterator[Check]:
    """Checks whether the recorder that is set finds recordings where they should lie."""
    settings = inputs.part("settings")
    if not settings.get("recordings_location"):
        return
    location, recorder = settings["recordings_location"], settings["recorder"]
    try:
        probed = found_in(inputs.site, location, settings["timezone"], recorder)
    except CofiError as error:
        # Airflow's connection opens it for tasks; here there is none.
        state = State.WARN if "@" in location.partition("://")[2].split("/")[0] else State.FAILED
        yield Check("recordings", state, str(error), "`cofi probe` says more.")
        return
    if not probed.calls:
        mend = "`cofi probe` tells which recorder fits; `cofi init` sets it."
        yield Check("recordings", State.FAILED, f"{recorder} finds none in {location}", mend)
        return
    finding = f"{probed.files.recordings:,} on {probed.day} in {location}, as {recorder} lays them"
    wrong = probed.problems
    if wrong and not has_samples(inputs.site.settings):  # the samples have odd files on purpose
        yield Check("recordings", State.WARN, f"{finding}; {wrong[0]}", "`cofi probe` lists them.")
    else:
        yield Check("recordings", State.OK, finding)


def scorecards(inputs: CheckInput) -> Iterator[Check]:
    """Checks the scorecard, and whether the announcements that it names are known."""
    try:
        scorecard = _scorecard(inputs)
    except CofiError as error:
        yield failed("scorecard", error, "`cofi scorecard FILE` shows every line that is wrong.")
        return
    finding = f"{scorecard.title}, version {scorecard.version}, {len(scorecard.criteria)} criteria"
    yield Check("scorecard", State.OK, finding)
    yield from _prompts(inputs, scorecard)


def _prompts(inputs: CheckInput, scorecard: Scorecard) -> Iterator[Check]:
    """What an announcement can settle is asked of the LLM where the announcement is not known."""
    named = {name for criterion in scorecard.criteria for name in _named(criterion)}
    folder = os.environ.get(variable("prompts_dir"), "")
    if inputs.stack.own_hosts:
        folder = str(inputs.stack.prompts_folder)
    if not named:
        return
    if not folder or not Path(folder).is_dir():
        finding = (
            f"the scorecard names {', '.join(sorted(named))}; whether your hosts know them is not known here"
        )
        yield Check(
            "prompts",
            State.WARN,
            finding,
            "With a copy of a host's folder of prompts: `cofi scorecard FILE --prompts FOLDER`.",
        )
        return
    known = named & {file.name for file in files_of(Path(folder))}
    others = ", ".join(sorted(named - known)) or "none"
    finding = (
        f"known in {folder}: {', '.join(sorted(known)) or 'none'}; the LLM is asked instead of: {others}"
    )
    mend = "" if known else f"`cofi prompts add FILE --prompts-dir {folder}`"
    yield Check("prompts", State.OK if known else State.WARN, finding, mend)


def _named(criterion: object) -> list[str]:
    settled = getattr(criterion, "settled_by_prompt", None)
    return list(settled.prompts) if settled else []


def _scorecard(inputs: CheckInput) -> Scorecard:
    settings = inputs.part("settings")
    folder = Path(settings.get("scorecards_folder") or inputs.site.value("scorecards_folder"))
    return load_scorecard(folder / f"{settings.get('scorecard') or inputs.site.value('scorecard')}.yaml")


def names(inputs: CheckInput) -> Iterator[Check]:
    """Checks the models that find people's names before a transcript leaves."""
    settings = inputs.part("settings")
    if not settings.get("llm_redact_pii"):
        yield Check(
            "names",
            State.WARN,
            "nothing is redacted: the LLM sees names and numbers",
            "[cofi] llm_redact_pii = True, unless it may.",
        )
        return
    try:
        models = read_models(str(settings["llm_name_models"]))
    except CofiError as error:
        yield failed("names", error, "Install the model, or take it off the list.")
        return
    missing = [
        one for one in str(settings["languages"]).replace(" ", "").split(",") if one and one not in models
    ]
    if missing or not models:
        finding = f"no model finds people's names in {', '.join(missing) or 'any language'}, rules alone do"
        yield Check("names", State.WARN, finding, "[cofi] llm_name_models, and install them.")
    else:
        by = ", ".join(f"{model} ({language})" for language, model in models.items())
        yield Check("names", State.OK, f"of people are found, and replaced for the LLM, by {by}")


def webhook(inputs: CheckInput) -> Iterator[Check]:
    """Checks the webhook receiver, when one is set."""
    found = inputs.part("webhook")
    if error := found.get("error"):
        yield Check("webhook", State.FAILED, error, "Correct the connection cofi_webhook.")
    elif found.get("url"):
        yield Check("webhook", State.OK, shown_host(str(found["url"])))


def alerts(inputs: CheckInput) -> Iterator[Check]:
    """Checks whether alerts have a way out: a mail server that answers, the connection of the chat."""
    for place, found in inputs.part("alerts").items():
        if error := found.get("error"):
            yield Check("alerts", State.FAILED, f"{place}: {error}", _ALERT_MENDS[place])
        elif place == "alert_email":
            yield _mail_server(found["host"], found["port"], found["to"])
        else:
            yield Check("alerts", State.OK, f"to {found['to']}")


def _mail_server(host: str, port: int, to: str) -> Check:
    try:
        socket.create_connection((host, port), timeout=_MAIL_ASKED_S).close()
    except OSError as error:
        finding = f"alert_email: nobody answers at {host}:{port} ({error.strerror or error})"
        return Check("alerts", State.FAILED, finding, _ALERT_MENDS["alert_email"])
    return Check("alerts", State.OK, f"by mail to {to}, through {host}:{port}")
