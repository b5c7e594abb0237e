"""Airflow connections become URLs and clients, or say what is missing in them."""

import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from sqlalchemy import make_url, text
from tenacity import wait_none

from cofi.hooks import connections
from cofi.hooks.connections import connection_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.gpu_host import GpuHostHook, base_url
from cofi.hooks.llm import LlmHook
from include.errors import HostMisconfigured, InvalidInput
from include.llm.client import LlmSettings
from tests.unit.gpu.fake_host import FakeGpuHost


class TestDatabase:
    def test_sqlite_is_opened_at_the_hosts_path(self, connection, tmp_path: Path) -> None:
        connection("cofi_db", conn_type="sqlite", host=str(tmp_path / "cofi.db"))
        database = CofiDatabaseHook().get_conn()
        with database.writing() as opened:
            opened.execute(text("CREATE TABLE calls (call_id TEXT)"))
        database.close()
        assert (tmp_path / "cofi.db").stat().st_size > 0

    def test_postgres_keeps_every_character_of_its_password(self, connection) -> None:
        connection(
            "cofi_db",
            conn_type="postgres",
            host="db.example",
            port=5433,
            login="cofi",
            password="p@ss/w:rd?",
            schema="calls",
        )
        url = make_url(CofiDatabaseHook().url())
        assert url.drivername == "postgresql+psycopg"
        assert (url.username, url.password) == ("cofi", "p@ss/w:rd?")
        assert (url.host, url.port, url.database) == ("db.example", 5433, "calls")

    @pytest.mark.skipif("COFI_TEST_POSTGRES_URL" not in os.environ, reason="needs COFI_TEST_POSTGRES_URL")
    def test_postgres_is_opened(self, connection) -> None:
        url = make_url(os.environ["COFI_TEST_POSTGRES_URL"])
        connection(
            "cofi_db",
            conn_type="postgres",
            host=url.host,
            port=url.port,
            login=url.username,
            password=url.password,
            schema=url.database,
        )
        database = CofiDatabaseHook().get_conn()
        with database.reading() as opened:
            assert opened.execute(text("SELECT 1 + 1")).scalar_one() == 2
        database.close()

    def test_another_kind_of_connection_says_which_it_must_be(self, connection) -> None:
        connection("cofi_db", conn_type="mysql", host="db.example")
        with pytest.raises(
            InvalidInput,
            match=r"cofi_db is no database of cofi \(mysql is neither postgres nor sqlite\): make it",
        ):
            CofiDatabaseHook().get_conn()

    @pytest.mark.parametrize(
        ("written", "url"),
        [
            ("sqlite:////srv/cofi.db", "sqlite:////srv/cofi.db"),
            ("sqlite:////srv/our%20calls.db", "sqlite:////srv/our calls.db"),
            (
                "postgres://me:s%40x@db:5433/cofi?sslmode=require&sslrootcert=%2Fsrv%2Fca.pem&unknown=1",
                "postgresql+psycopg://me:s%40x@db:5433/cofi?sslmode=require&sslrootcert=%2Fsrv%2Fca.pem",
            ),
        ],
    )
    def test_a_connection_that_is_written_as_a_url_is_the_same_database(
        self, monkeypatch: pytest.MonkeyPatch, written: str, url: str
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_COFI_DB", written)
        assert CofiDatabaseHook().url() == url

    @pytest.mark.parametrize("written", ["sqlite://", "sqlite:///", "sqlite:///cofi.db", "sqlite://cofi.db"])
    def test_a_file_that_each_process_would_look_for_elsewhere_or_none_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_COFI_DB", written)
        with pytest.raises(InvalidInput, match=r"write the whole path, like /srv/cofi\.db"):
            CofiDatabaseHook().url()


class TestGpuHost:
    @pytest.mark.parametrize(
        ("schema", "host", "port", "url"),
        [
            (None, "gpu-a", 9001, "http://gpu-a:9001"),
            ("https", "gpu-a", None, "https://gpu-a"),
            (None, "https://gpu-a.example/cofi", None, "https://gpu-a.example/cofi"),
            ("http", "https://gpu-a.example/", 8443, "https://gpu-a.example:8443"),
            (None, None, None, "http://localhost"),
        ],
    )
    def test_a_connection_is_a_url(
        self, schema: str | None, host: str | None, port: int | None, url: str
    ) -> None:
        assert base_url(schema, host, port) == url

    async def test_the_client_brings_the_connections_password(self, gpu_a: FakeGpuHost, connection) -> None:
        async with GpuHostHook("gpu_a").get_conn() as client:
            assert (await client.status()).ready
            assert client.name == "gpu_a"
        connection("gpu_a", conn_type="http", host=gpu_a.url, password="wrong")
        async with GpuHostHook("gpu_a").get_conn() as client:
            with pytest.raises(HostMisconfigured, match="password"):
                await client.status()


class TestLlm:
    def test_the_connection_is_the_settings(self, connection) -> None:
        connection(
            "cofi_llm",
            conn_type="http",
            host="https://llm.example/v1",
            password="key",
            extra={"model": "m-1", "max_output_tokens": 99, "extra_headers": {"api-key": "k"}},
        )
        assert LlmHook().get_conn() == LlmSettings(
            base_url="https://llm.example/v1",
            api_key="key",
            model="m-1",
            max_output_tokens=99,
            extra_headers={"api-key": "k"},
        )

    def test_cofi_sets_what_the_connection_does_not(self, connection, setting) -> None:
        for name, value in (("attempts", 3), ("total_timeout_s", 30), ("requests_per_minute", 500)):
            setting(f"llm_{name}", value)
        setting("llm_tokens_per_minute", 1_000_000)
        extra = {"model": "m-1", "total_timeout_s": 40}
        connection("cofi_llm", conn_type="http", host="https://llm.example/v1", extra=extra)
        settings = LlmHook(slots=10).get_conn()
        assert (settings.max_attempts, settings.total_timeout_s) == (3, 40)
        # 10 of the 100 slots of the pool: a tenth of what the account allows.
        assert (settings.requests_per_minute, settings.tokens_per_minute) == (50, 100_000)

    def test_an_api_without_a_key_needs_none(self, connection) -> None:
        connection("cofi_llm", conn_type="http", host="127.0.0.1", port=9100, extra='{"model": "m"}')
        settings = LlmHook().get_conn()
        assert (settings.base_url, settings.api_key) == ("http://127.0.0.1:9100", "")

    @pytest.mark.parametrize("extra", [{}, {"model": ""}, {"modell": "m-1"}])
    def test_a_connection_without_a_model_says_where_to_put_it(self, connection, extra: object) -> None:
        connection("cofi_llm", conn_type="http", host="https://llm.example/v1", extra=extra)
        with pytest.raises(InvalidInput, match=r'names no model: put \{"model": .*\} into its extra'):
            LlmHook().get_conn()

    def test_a_provider_is_one_word_or_told_by_the_address(self, connection) -> None:
        extra = {"model": "claude-sonnet-5-5"}
        connection("cofi_llm", conn_type="http", host="https://api.anthropic.com/v1", extra=extra)
        assert LlmHook().get_conn().profile.name == "anthropic"
        extra = {"model": "qwen3", "provider": "vllm", "reasoning_effort": "low"}
        connection("cofi_llm", conn_type="http", host="http://gpu-1:8000/v1", extra=extra)
        assert LlmHook().get_conn().profile.name == "vllm"

    @pytest.mark.parametrize("wrong", [{"provider": "opneai"}, {"reasoning_effort": "lots"}])
    def test_a_typo_is_refused_with_what_there_is(self, connection, wrong: dict[str, str]) -> None:
        extra = {"model": "gpt-6.1-sol", **wrong}
        connection("cofi_llm", conn_type="http", host="https://api.openai.com/v1", extra=extra)
        with pytest.raises(InvalidInput, match=r"enter one of (anthropic, azure|none, minimal)"):
            LlmHook().get_conn()

    def test_an_unknown_setting_is_named_and_the_key_is_not(self, connection) -> None:
        extra = {"model": "m-1", "max_token": 99}
        connection("cofi_llm", conn_type="http", host="https://x/v1", password="s3cret", extra=extra)
        with pytest.raises(InvalidInput, match="max_token") as refused:
            LlmHook().get_conn()
        assert "s3cret" not in str(refused.value)


class TestAConnectionThatIsNotFound:
    @pytest.fixture(autouse=True)
    def no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections._ask_for.retry, "wait", wait_none())  # type: ignore[attr-defined]

    def test_is_named_with_what_to_do(self) -> None:
        with pytest.raises(InvalidInput, match="no connection gpu_z: make it under Admin > Connections"):
            connection_of("gpu_z")

    def test_is_asked_for_again_because_an_overloaded_airflow_says_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = [AirflowNotFoundException(), AirflowNotFoundException(), Connection(conn_id="gpu_a")]
        monkeypatch.setattr(connections, "BaseHook", Mock(get_connection=Mock(side_effect=answers)))
        assert connection_of("gpu_a").conn_id == "gpu_a"
