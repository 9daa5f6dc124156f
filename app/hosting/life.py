"""What a server does once when it starts, and once when it ends."""

from __future__ import annotations

import asyncio
import logging
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Final

from streamlit.web.server.starlette import App

import titans_core as tc
from app import models
from app.hosting import lately, logs, metrics
from app.hosting.records import ROOT, Code
from app.hosting.store import StoreProblem
from app.hosting.where import store
from app.settings import settings, unknown

HOUR: Final[float] = 3600.0  # seconds
SINCE: Final[float] = time.time()


@cache
def version() -> Code:
    """The version of the lab."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Code(project["version"])


async def keep_clear() -> None:
    """Forget the saved sessions that nobody came back to, now and every hour; tell where none can be kept."""
    while True:
        try:
            await asyncio.to_thread(lambda: store().expire())
        except StoreProblem as problem:
            metrics.STORE_PROBLEMS.inc()
            logs.tell(logs.Event.STORE_PROBLEM, logging.ERROR, problem, why=problem.why)
        await asyncio.sleep(HOUR)


async def warm_up() -> None:
    """Load the model that the first page shows, so that whoever comes first need not wait for it."""
    for name in tc.available()[:1]:
        with suppress(ValueError):  # one that cannot be loaded is told on the page
            await asyncio.to_thread(models.load, name)


@asynccontextmanager
async def life(app: App) -> AsyncIterator[None]:
    """Watch the server while it lives."""
    told = settings()
    for name in unknown():
        logs.tell(logs.Event.UNKNOWN_SETTING, logging.WARNING, name=Code(name))
    tasks = [asyncio.create_task(one) for one in (lately.keep_looking(), keep_clear(), warm_up())]
    logs.tell(logs.Event.STARTED, version=version(), sessions=told.sessions, metrics_port=told.metrics_port)
    yield
    for task in tasks:
        task.cancel()
    logs.tell(logs.Event.STOPPED, seconds=round(time.time() - SINCE))
