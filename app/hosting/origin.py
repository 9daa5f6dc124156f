"""Which pages may open a connection: the lab's own, and those that Streamlit's settings name."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from app.hosting import logs

FOREIGN: Final[str] = "The lab is open to its own pages alone: open it in a browser, at its own address."
MINUTE: Final[float] = 60.0  # seconds from one line about the refused to the next


class Why(Enum):
    """Why a connection is refused."""

    NO_ORIGIN = auto()
    ANOTHER_HOST = auto()  # than those that ``server.allowedHosts`` names
    ANOTHER_ORIGIN = auto()  # than the host: a foreign page, or a proxy that does not pass Host


def refused(headers: Headers) -> Why | None:
    """None where a page of the lab asks, or one that ``server.corsAllowedOrigins`` names, at an address that
    ``server.allowedHosts`` allows. Who does not say where it comes from is no browser, and not let in."""
    host, origin = headers.get("host"), headers.get("origin")
    if not origin:
        return Why.NO_ORIGIN
    if not is_host_allowed(host):
        return Why.ANOTHER_HOST
    try:
        asks = urlsplit(origin)
    except ValueError:  # a bracket that is not closed
        return Why.ANOTHER_ORIGIN
    same = asks.scheme in ("http", "https") and asks.netloc == host
    allowed = same or origin in config.get_option("server.corsAllowedOrigins")
    return None if allowed else Why.ANOTHER_ORIGIN


def own(headers: Headers) -> bool:
    """Whether a connection is let in."""
    return refused(headers) is None


class Refusals:
    """Tells of the refused, how many for each reason, at most once a minute: a scanner is not to fill the
    log. ``now`` tells the time in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._untold: Counter[Why] = Counter()
        self._quiet_until = now()

    def add(self, why: Why) -> None:
        """One more was refused."""
        self._untold[why] += 1
        if self._now() >= self._quiet_until:
            logs.tell(
                logs.Event.REFUSED,
                logging.WARNING,
                no_origin=self._untold[Why.NO_ORIGIN],
                another_host=self._untold[Why.ANOTHER_HOST],
                another_origin=self._untold[Why.ANOTHER_ORIGIN],
            )
            self._untold.clear()
            self._quiet_until = self._now() + MINUTE


class Own:
    """An ASGI middleware that refuses every WebSocket of a foreign page, Streamlit's own too: Streamlit would
    first ask a server abroad for this machine's address, and keep everybody waiting meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or with why not."""
        if scope["type"] == "websocket" and (why := refused(Headers(scope=scope))):
            self._refusals.add(why)
            refusal = PlainTextResponse(FOREIGN, 403)
            await WebSocket(scope, receive, send).send_denial_response(refusal)
            return
        await self._app(scope, receive, send)
