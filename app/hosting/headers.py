"""What the browser is told to refuse on our pages: headers of every answer. SECURITY.md tells why, and what
Streamlit needs that one would rather refuse too."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import file_util

INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
HEADERS: Final[dict[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # our addresses hold texts
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@cache
def policy() -> str:
    """The Content-Security-Policy: only what this server serves, and the script that stands in Streamlit's
    page itself, known by its digest."""
    page = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
    inline = " ".join(digest(script) for script in INLINE.findall(page))
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' blob: {inline}",  # Streamlit makes a blob of each component's module
        "style-src": "'self' 'unsafe-inline'",  # Streamlit and the charts write styles as they draw
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'none'",
        "worker-src": "'none'",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}".strip() for name, sources in rules.items())


def digest(script: str) -> str:
    """A script as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class Guarded:
    """An ASGI middleware that adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the headers."""

        async def sent(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS | {"Content-Security-Policy": policy()})
            await send(message)

        await self._app(scope, receive, sent)
