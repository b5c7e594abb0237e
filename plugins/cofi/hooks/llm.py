"""The connection `cofi_llm` becomes the settings of the LLM client."""

from typing import Any

from airflow.sdk import BaseHook

from cofi.hooks.connections import base_url, connection_of
from cofi.pools import LLM_POOL, pools
from cofi.settings import Settings
from include.errors import InvalidInput
from include.llm.client import LlmSettings

CONNECTION = "cofi_llm"
EXAMPLE = '{"model": "gpt-4o-mini"}'


class LlmHook(BaseHook):
    """An `http` connection: the URL up to `/v1` as host, the API key as password, and in its extra `model`.

    The extra may also hold `provider` (where the address does not tell it) and any other setting of
    `LlmSettings`, such as `max_output_tokens`; it goes before the provider's profile and `[cofi]`.

    Args:
        slots: Of the pool, which the client will hold: its share of what the account allows in a minute.
        conn_id: Of the connection.
    """

    def __init__(self, slots: int = 1, conn_id: str = CONNECTION) -> None:
        super().__init__()
        self._slots = slots
        self._conn_id = conn_id

    def get_conn(self) -> LlmSettings:
        """Reads the connection and `[cofi]`; call it before anything else is awaited.

        Raises:
            InvalidInput: It names no model, an unknown provider, or an unknown setting.
        """
        connection = connection_of(self._conn_id)
        extra: dict[str, Any] = connection.extra_dejson
        if not extra.get("model"):
            raise InvalidInput(f"Connection {self._conn_id} names no model: put {EXAMPLE} into its extra.")
        try:
            return LlmSettings(
                base_url=base_url(connection.schema, connection.host, connection.port),
                api_key=connection.password or "",
                **self._configured() | extra,
            )
        except TypeError as error:
            raise InvalidInput(
                f"The extra of connection {self._conn_id} holds an unknown setting: {error}."
            ) from error

    def _configured(self) -> dict[str, Any]:
        settings = Settings.load()
        share = self._slots / pools(settings)[LLM_POOL][0]
        return {
            "connect_timeout_s": settings.llm_connect_timeout_s,
            "read_timeout_s": settings.llm_read_timeout_s,
            "total_timeout_s": settings.llm_total_timeout_s,
            "max_attempts": settings.llm_attempts,
            "longest_wait_s": settings.llm_longest_wait_s,
            "outage_patience_s": settings.llm_outage_patience_s,
            "longest_answer_mib": settings.llm_longest_answer_mib,
            "requests_per_minute": settings.llm_requests_per_minute * share,
            "tokens_per_minute": settings.llm_tokens_per_minute * share,
        }
