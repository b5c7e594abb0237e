"""The connection `cofi_webhook` becomes the settings of the webhook's receiver."""

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from cofi.hooks.connections import base_url
from cofi.settings import Settings
from include.delivery.webhooks.receiver import ReceiverSettings

CONNECTION = "cofi_webhook"


class WebhookHook(BaseHook):
    """An `http` connection: the receiver's URL as host, `whsec_…` as password (two while one is changed)."""

    def get_conn(self) -> ReceiverSettings | None:
        """Reads the connection; None when there is none."""
        try:
            connection = BaseHook.get_connection(CONNECTION)
        except AirflowNotFoundException:
            return None
        host, settings = connection.host or "", Settings.load()
        return ReceiverSettings(
            # A URL stays as it is written, with its last slash.
            url=host if "://" in host else base_url(connection.schema, host, connection.port),
            secrets=(connection.password or "").split(),
            width=settings.webhook_requests,
            timeout_s=settings.webhook_timeout_s,
            longest_wait_s=settings.webhook_longest_wait_s,
            allow_http=settings.webhook_allow_http,
            allow_private=settings.webhook_allow_private,
        )
