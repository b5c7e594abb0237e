"""An `http` connection becomes the client of a GPU host."""

from airflow.sdk import BaseHook

from cofi.hooks.connections import base_url, connection_of
from cofi.settings import Settings
from include.gpu.client import GpuHostClient
from include.gpu.settings import HostSettings


class GpuHostHook(BaseHook):
    """One GPU host: host and port (or a URL as host), and the bearer token as password.

    Args:
        conn_id: One of `[cofi] gpu_hosts`.
    """

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self._conn_id = conn_id

    def get_conn(self) -> GpuHostClient:
        """Makes the client; call it inside a running event loop, before anything else is awaited."""
        connection = connection_of(self._conn_id)
        settings = Settings.load()
        return GpuHostClient(
            self._conn_id,
            base_url(connection.schema, connection.host, connection.port),
            connection.password or "",
            HostSettings(
                connect_timeout_s=settings.gpu_connect_timeout_s,
                stage_timeout_s=settings.gpu_stage_timeout_s,
                attempts=settings.gpu_attempts,
                health_every_s=settings.gpu_health_every_s,
                busy_patience_s=settings.gpu_busy_patience_s,
                unready_patience_s=settings.gpu_unready_patience_s,
            ),
        )
