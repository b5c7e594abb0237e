"""The connection `cofi_llm` becomes the settings of the LLM client."""

from typing import Any

from airflow.sdk import BaseHook

from cofi.hooks.connections import base_url, connection_of
from include.errors import InvalidInput
from include.llm.client import LlmSettings

CONNECTION = "cofi_llm"
EXAMPLE = '{"model": "gpt-4o-mini"}'


class LlmHook(BaseHook):
    """An `http` connection: the URL up to `/v1` as host, the API key as password, and in its extra `model`.

    The extra may also hold any other setting of `LlmSettings`, such as `max_output_tokens`.
    """

    def get_conn(self) -> LlmSettings:
        """Reads the connection; call it before anything else is awaited.

        Raises:
            InvalidInput: It names no model, or an unknown setting.
        """
        connection = connection_of(CONNECTION)
        extra: dict[str, Any] = connection.extra_dejson
        if not extra.get("model"):
            raise InvalidInput(f"Connection {CONNECTION} names no model: put {EXAMPLE} into its extra.")
        try:
            return LlmSettings(
                base_url=base_url(connection.schema, connection.host, connection.port),
                api_key=connection.password or "",
                **extra,
            )
        except TypeError as error:
            raise InvalidInput(
                f"The extra of connection {CONNECTION} holds an unknown setting: {error}."
            ) from error
