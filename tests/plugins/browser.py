"""A real browser on the pages: the sample calls as the demo heard them, with their recordings."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy import update

from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import CallRow
from tests.demo_calls import audited_by_demo, heard

RECORDINGS = Path(__file__).parents[2] / "include" / "demo" / "sample_calls" / "recordings"


async def demo_database(file: Path) -> None:
    """The demo's database as its run leaves it, with the recordings where this checkout has them."""
    url = f"sqlite:///{file}"
    upgrade(url)
    database = Database(url)
    await audited_by_demo(database, redact=False)
    with database.writing() as connection:
        for call in heard():
            uri = f"file://{RECORDINGS / call['day'] / call['path']}"
            connection.execute(update(CallRow).where(CallRow.call_id == call["call_id"]).values(uri=uri))
    database.close()


def call_id_of(path: str) -> str:
    """The call of a sample recording."""
    return str(next(call["call_id"] for call in heard() if call["path"] == path))


@contextmanager
def listening(outer: FastAPI) -> Iterator[str]:
    """The pages on a free port of loopback; their URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(outer, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/cofi"
    server.should_exit = True
    thread.join()
