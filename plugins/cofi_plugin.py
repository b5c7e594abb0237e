"""The only file that Airflow loads as a plugin. Every task imports it, so it stays light."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from cofi.notes import NoteWriter
from cofi.pools import PoolMaker
from cofi.preloading import Preloader
from cofi.redaction import RecogniserLoader
from cofi.timetable import DaysOnDemand, NightlyDays
from cofi.ui.links import URL_PREFIX, ReportLink


async def pages(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Loads the pages at the first request: importing FastAPI would cost every task half a second."""
    from cofi.ui.app import app  # noqa: PLC0415

    await app(scope, receive, send)


class CofiPlugin(AirflowPlugin):
    """Calls in the navigation, the report on every run and linked from its task, pools, notes, timetables."""

    name = "cofi"
    fastapi_apps: ClassVar = [{"app": pages, "url_prefix": URL_PREFIX, "name": "cofi"}]
    external_views: ClassVar = [
        {
            "name": "Calls",
            "href": URL_PREFIX + "/",
            "destination": "nav",
            "nav_top_level": True,
            "icon": URL_PREFIX + "/static/1/calls.svg",
            "url_route": "calls",
        },
        {
            "name": "Audit report",
            "href": URL_PREFIX + "/report?dag_id={DAG_ID}&run_id={RUN_ID}",
            "destination": "dag_run",
            "url_route": "audit-report",
        },
        {
            "name": "Calls",
            "href": URL_PREFIX
            + "/shard?dag_id={DAG_ID}&run_id={RUN_ID}&task_id={TASK_ID}&map_index={MAP_INDEX}",
            "destination": "task_instance",
            "url_route": "shard-calls",
        },
    ]
    operator_extra_links: ClassVar = [ReportLink()]
    listeners: ClassVar = [PoolMaker(), Preloader(), RecogniserLoader(), NoteWriter()]
    timetables: ClassVar = [NightlyDays, DaysOnDemand]
