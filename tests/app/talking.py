"""The rooms' route on a real server, and browsers that talk to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.classroom import socket as route
from app.classroom.hub import Hub
from app.classroom.redis_bus import CHANNEL
from tests.servers.running import RedisServer, until

PATIENCE = 60  # seconds; a busy machine is slow, not wrong


class Browser:
    """One connection, as a browser has it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, **message: Any) -> Browser:
        self.connection.send(json.dumps(message))
        return self

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of this kind."""
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(PATIENCE))
            if message["is"] == kind:
                return message

    def next(self, *kinds: str) -> str:
        """Hear until a message of one of these kinds comes; which."""
        while True:
            kind: str = json.loads(self.connection.recv(PATIENCE))["is"]
            if kind in kinds:
                return kind

    def closed(self) -> bool:
        """Hear until the other side closes."""
        try:
            while True:
                self.connection.recv(PATIENCE)
        except ConnectionClosed:
            return True


@contextmanager
def serving(hub: Callable[[], Hub]) -> Iterator[int]:
    """A server with the route alone; where it listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[route.route(hub)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


Visit = Callable[..., Browser]


@contextmanager
def visiting(ports: list[int]) -> Iterator[Visit]:
    """How to connect as a page of the lab does, to each of these servers in turn; or as a page of ``origin``,
    at the address ``host``."""
    turn = cycle(ports)
    with ExitStack() as opened:

        def visited(origin: str | None = "http://{host}", host: str | None = None) -> Browser:
            port = next(turn)
            host = host or f"127.0.0.1:{port}"
            line = socket.create_connection(("127.0.0.1", port))
            address, comes_from = f"ws://{host}/classroom", origin and origin.format(host=host)
            return Browser(opened.enter_context(connect(address, sock=line, origin=comes_from, proxy=None)))

        yield visited


def hearing(visit: Visit, redis: RedisServer, servers: int) -> None:
    """Wait until each of so many servers hears the others, which it begins to once somebody comes: what is
    said before is lost, and once it does, its guests are told anew how their rooms are."""
    for _ in range(servers):
        visit()
    until(lambda: redis.client.pubsub_numsub(CHANNEL) == [(CHANNEL, servers)])


def hosted(visit: Visit) -> tuple[Browser, str, str]:
    """A host, its room's code and secret."""
    host = visit().say(do="open")
    told = host.hear("opened")
    host.hear("leading")
    return host, told["code"], told["secret"]


def joined(visit: Visit, code: str, seat: str | None = None) -> tuple[Browser, dict[str, Any]]:
    """A learner, and what it was told."""
    learner = visit().say(do="join", code=code, seat=seat)
    return learner, learner.hear("joined")
