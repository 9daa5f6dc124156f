"""What waits to be told over one line."""

from __future__ import annotations

import asyncio


class Outbox:
    """What a connection is to be told next: of each kind only the newest, for that alone still counts. So a
    slow connection delays nobody, and never has much to catch up with."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._some = asyncio.Event()
        self._closed = False

    def put(self, kind: str, text: str) -> None:
        """To be told, instead of what waits of this kind."""
        self._waiting.pop(kind, None)
        self._waiting[kind] = text
        self._some.set()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._some.set()

    async def take(self) -> list[str]:
        """What waits, once something does; nothing, where nothing more will come."""
        await self._some.wait()
        waiting, self._waiting = list(self._waiting.values()), {}
        if not self._closed:
            self._some.clear()
        return waiting
