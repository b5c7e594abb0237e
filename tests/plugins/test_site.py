"""What `cofi check` gets of Airflow: settings and connections as tasks have them, and what is wrong there."""

import json

import pytest

from cofi import site
from tests.plugins.conftest import Connect


@pytest.fixture
def connected(connection: Connect) -> None:
    connection("cofi_db", conn_type="sqlite", host="/srv/cofi.db")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", password="key", extra={"model": "m"})
    connection("gpu_a", conn_type="http", host="10.0.0.1", port=9001, password="token")
    connection("gpu_b", conn_type="http", host="https://two.example")


def test_all_is_resolved_as_tasks_have_it(connected: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "_pools", lambda: {"llm_api": 100})
    found = json.loads(json.dumps(site.found(), default=str))
    assert found["settings"]["timezone"] == found["settings"]["default_timezone"] == "UTC"
    assert found["database"] == {"url": "sqlite:////srv/cofi.db"}
    assert found["hosts"] == {
        "gpu_a": {"url": "http://10.0.0.1:9001", "token": "token"},
        "gpu_b": {"url": "https://two.example", "token": ""},
    }
    assert (found["llm"]["base_url"], found["llm"]["model"]) == ("http://llm/v1", "m")
    assert found["pools"] == {"llm_api": 100}
    assert {"llm_api", "uploads", "recovery", "gpu_a", "gpu_b"} <= set(found["wanted_pools"])


def test_what_is_wrong_stands_where_its_value_would(
    connected: None, connection: Connect, setting: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_pools", dict)
    connection("cofi_llm", conn_type="http", host="http://llm/v1")
    assert "names no model" in site.found()["llm"]["error"]
    setting("lookback_days", -1)
    assert site.found()["settings"]["problems"] == ["[cofi] lookback_days = -1: enter 0 or more."]


def test_where_alerts_go_is_resolved_for_what_is_set(
    connected: None, connection: Connect, setting: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_pools", dict)
    assert site.found()["alerts"] == {}
    setting("alert_email", "qa@example.org")
    setting("alert_chat", "cofi_chat")
    setting("alert_webhook", True)
    wrong = {place: found["error"] for place, found in site.found()["alerts"].items()}
    assert "There is no connection smtp_default" in wrong["alert_email"]
    assert "There is no connection cofi_chat" in wrong["alert_chat"]
    assert wrong["alert_webhook"] == "there is no connection cofi_webhook"
    connection("smtp_default", conn_type="smtp", host="mail.example", extra={"disable_ssl": True})
    connection("cofi_chat", conn_type="http", password="https://chat.example/hook")
    connection(
        "cofi_webhook",
        conn_type="http",
        host="https://hooks.example/cofi",
        password="whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
    )
    assert site.found()["alerts"] == {
        "alert_email": {"to": "qa@example.org", "host": "mail.example", "port": 25},
        "alert_chat": {"to": "the chat of the connection cofi_chat"},
        "alert_webhook": {"to": "the receiver of webhooks"},
    }
