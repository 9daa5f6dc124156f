"""Which pages may open a connection: the lab's own, and those that Streamlit's settings name."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

FOREIGN: Final[str] = "The lab is open to its own pages alone: open it in a browser, at its own address."


def own(headers: Headers) -> bool:
    """Whether a page of the lab asks, or one that ``server.corsAllowedOrigins`` names, at an address that
    ``server.allowedHosts`` allows. Who does not say where it comes from is no browser, and not let in."""
    host, origin = headers.get("host"), headers.get("origin")
    if not origin or not is_host_allowed(host):
        return False
    try:
        asks = urlsplit(origin)
    except ValueError:  # a bracket that is not closed
        return False
    same = asks.scheme in ("http", "https") and asks.netloc == host
    return same or origin in config.get_option("server.corsAllowedOrigins")


class Own:
    """An ASGI middleware that refuses every WebSocket of a foreign page, Streamlit's own too: Streamlit would
    first ask a server abroad for this machine's address, and keep everybody waiting meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or with why not."""
        if scope["type"] == "websocket" and not own(Headers(scope=scope)):
            refusal = PlainTextResponse(FOREIGN, 403)
            await WebSocket(scope, receive, send).send_denial_response(refusal)
            return
        await self._app(scope, receive, send)
