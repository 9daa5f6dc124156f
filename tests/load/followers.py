"""A class without people: one host and many learners, each a real WebSocket, and when each heard what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

BEAT = 10.0  # seconds between two signs of life, as in a browser


@asynccontextmanager
async def line(address: str) -> AsyncIterator[ClientConnection]:
    """A connection to the rooms of the lab at ``address``, as one of its pages has it."""
    route = address.replace("http", "ws", 1) + "/classroom"
    async with connect(route, origin=address, proxy=None, ping_interval=None) as connection:
        yield connection


async def ask(connection: ClientConnection, kind: str, **message: Any) -> dict[str, Any]:
    """Say something, and wait for an answer of this kind."""
    await connection.send(json.dumps(message))
    while True:
        told: dict[str, Any] = json.loads(await connection.recv())
        if told["is"] == kind:
            return told
        if told["is"] == "refused":
            raise RuntimeError(told["why"])


@dataclass
class Learner:
    """When it heard of each step and each playhead, in seconds of ``perf_counter``, and whether its line was
    cut."""

    steps: dict[int, float] = field(default_factory=dict)
    looks: dict[int, float] = field(default_factory=dict)
    dropped: bool = False

    async def listen(self, connection: ClientConnection) -> None:
        """Hear until the room ends."""
        try:
            async for text in connection:
                now, message = perf_counter(), json.loads(text)
                match message["is"]:
                    case "place":
                        self.steps[message["step"]] = now
                    case "look":
                        self.looks[message["look"]["token"]] = now
                    case "ended":
                        return
        except ConnectionClosed:
            pass
        self.dropped = True

    async def live(self, connection: ClientConnection, delay: float) -> None:
        """Show signs of life, the first after ``delay`` seconds."""
        with suppress(ConnectionClosed):
            await asyncio.sleep(delay)
            while True:
                await connection.send('{"do": "alive"}')
                await asyncio.sleep(BEAT)


class Host:
    """Leads a room, and knows when it said what; its page can be loaded anew."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.code = self.secret = ""
        self.steps: dict[int, float] = {}
        self.looks: dict[int, float] = {}
        self.said = self.reloads = 0

    async def __aenter__(self) -> Host:
        self._stack = AsyncExitStack()
        await self._stack.__aenter__()
        self.connection = await self._stack.enter_async_context(line(self.address))
        opened = await ask(self.connection, "opened", do="open")
        self.code, self.secret = opened["code"], opened["secret"]
        self._hearing = asyncio.create_task(self._hear())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hearing.cancel()
        await self._stack.aclose()

    async def _hear(self) -> None:
        """What a host is told is of no interest here, but must be taken."""
        async for _ in self.connection:
            pass

    async def reload(self) -> None:
        """Go, come back, and lead on."""
        self._hearing.cancel()
        await self.connection.close()
        self.connection = await self._stack.enter_async_context(line(self.address))
        await ask(self.connection, "leading", do="lead", code=self.code, secret=self.secret)
        self._hearing = asyncio.create_task(self._hear())
        self.reloads += 1

    async def step(self, **fields: str) -> None:
        """Go to the front page with these fields in its address."""
        self.said += 1
        self.steps[self.said] = perf_counter()
        query = urlencode(sorted(({"v": "1"} | fields).items()))
        await self.connection.send(json.dumps({"do": "place", "path": "", "query": query}))

    async def look(self) -> None:
        """Move the playhead on by one token."""
        token = len(self.looks)
        self.looks[token] = perf_counter()
        await self.connection.send(json.dumps({"do": "look", "length": 1_000_000, "token": token}))

    async def close(self) -> None:
        """End the room."""
        await self.connection.send('{"do": "close"}')


@asynccontextmanager
async def seated(address: str, code: str, count: int) -> AsyncIterator[list[Learner]]:
    """So many learners in a room; they leave with the block."""
    learners = [Learner() for _ in range(count)]
    async with AsyncExitStack() as stack:
        tasks = []
        for number, learner in enumerate(learners):
            connection = await stack.enter_async_context(line(address))
            await ask(connection, "joined", do="join", code=code, seat=None)
            tasks.append(asyncio.create_task(learner.listen(connection)))
            tasks.append(asyncio.create_task(learner.live(connection, BEAT * number / count)))
        yield learners
        for task in tasks:
            task.cancel()
