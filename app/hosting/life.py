"""What a server does once when it starts, and once when it ends."""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from streamlit.web.server.starlette import App

from app.hosting import lately, logs, metrics
from app.hosting.records import ROOT, Code
from app.settings import settings

SINCE: Final[float] = time.time()


@cache
def version() -> Code:
    """The version of the lab."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Code(project["version"])


@asynccontextmanager
async def life(app: App) -> AsyncIterator[None]:
    """Watch the server while it lives. Raises OSError where the metrics' port cannot be had."""
    told = settings()
    metrics.serve(told)
    looking = asyncio.create_task(lately.keep_looking())
    logs.tell(logs.Event.STARTED, version=version(), sessions=told.sessions, metrics_port=told.metrics_port)
    yield
    looking.cancel()
    logs.tell(logs.Event.STOPPED, seconds=round(time.time() - SINCE))
