"""What this site's Airflow is set to, for `cofi check` (`cofi.site_as_json`).

It resolves settings and connections as tasks do. Passwords are in it.
"""

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

# Airflow then looks for connections in its own database too, as its servers do.
os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")

from airflow import __version__ as airflow_version
from airflow.models.pool import Pool
from airflow.sdk.configuration import conf
from sqlalchemy.exc import SQLAlchemyError

from cofi import settings_check
from cofi.hooks.connections import base_url, connection_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.llm import LlmHook
from cofi.hooks.webhook import WebhookHook
from cofi.pools import pools
from cofi.settings import Settings
from include.errors import CofiError, InvalidInput

# Where the connection names none.
_SMTP_PORT, _SMTPS_PORT = 25, 465


def found() -> dict[str, Any]:
    """All of it; what is wrong stands as `error` where its value would, of settings as `problems`."""
    values: dict[str, Any] = {
        "airflow": airflow_version,
        "pools": _or_error(_pools),
        "airflow_settings": settings_check.of_airflow(),
    }
    if problems := settings_check.of_cofi():
        return {**values, "settings": {"problems": problems}}
    settings = Settings.load()
    return {
        **values,
        "settings": asdict(settings) | {"default_timezone": conf.get("core", "default_timezone")},
        "wanted_pools": {name: slots for name, (slots, _) in pools(settings).items()},
        "database": _or_error(lambda: {"url": CofiDatabaseHook().url()}),
        "hosts": {name: _or_error(lambda name=name: _host(name)) for name in settings.hosts},
        "llm": _or_error(lambda: asdict(LlmHook().get_conn())),
        "webhook": _or_error(_webhook),
        "alerts": {place: _or_error(found) for place, found in _alerts(settings).items()},
    }


def _or_error(value: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return value()
    except (CofiError, SQLAlchemyError) as error:
        return {"error": str(error).splitlines()[0]}


def _pools() -> dict[str, Any]:
    return {pool.pool: pool.slots for pool in Pool.get_pools()}


def _host(name: str) -> dict[str, Any]:
    connection = connection_of(name)
    url = base_url(connection.schema, connection.host, connection.port)
    return {"url": url, "token": connection.password or ""}


def _webhook() -> dict[str, Any]:
    receiver = WebhookHook().get_conn()
    return {"url": receiver.url} if receiver else {}


def _alerts(settings: Settings) -> dict[str, Callable[[], dict[str, Any]]]:
    """By each setting that is set, what finds where its alerts go."""
    places: dict[str, Callable[[], dict[str, Any]]] = {}
    if settings.alert_email:
        places["alert_email"] = lambda: _mail_server(settings.alert_email)
    if settings.alert_chat:
        places["alert_chat"] = lambda: _named(settings.alert_chat)
    if settings.alert_webhook:
        places["alert_webhook"] = _receiver
    return places


def _mail_server(to: str) -> dict[str, Any]:
    connection = connection_of("smtp_default")
    default = _SMTP_PORT if connection.extra_dejson.get("disable_ssl") else _SMTPS_PORT
    return {"to": to, "host": connection.host or "localhost", "port": connection.port or default}


def _named(conn_id: str) -> dict[str, Any]:
    connection_of(conn_id)
    return {"to": f"the chat of the connection {conn_id}"}


def _receiver() -> dict[str, Any]:
    if not _webhook():
        raise InvalidInput("there is no connection cofi_webhook")
    return {"to": "the receiver of webhooks"}
