"""The route of the class rooms: a WebSocket beside Streamlit's own, with the same checks of who may come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config

from app.classroom.bus import spell
from app.classroom.hub import Guest, Hub
from app.classroom.messages import BadMessage, TooLong, read
from app.classroom.rooms import NotKept, RoomProblem
from app.hosting import metrics
from app.hosting.origin import own

PATH: Final[str] = "classroom"
SILENCE: Final[float] = 150.0  # seconds; who is silent for longer is gone (a tab unseen speaks every 60)
LAST_WORD: Final[float] = 5.0  # seconds that it may take to say why a connection is closed
RATE: Final[int] = 40  # messages a second that one connection may send for long
BURST: Final[int] = 80  # and at once
PROBLEMS: Final[int] = 10  # refusals, after which a connection is closed: codes are not to be guessed
FOREIGN: Final[str] = "Class rooms are open to the lab's own pages alone: open the lab, and join there."
TOO_FAST: Final[str] = "Too many messages: this connection is closed. Load the page again to go on."
NOT_TEXT: Final[str] = "A message must be text."


def route(hub: Callable[[], Hub]) -> WebSocketRoute:
    """The route; ``hub`` is called for the rooms and their guests once somebody comes."""
    hubs: list[Hub] = []

    async def meet(websocket: WebSocket) -> None:
        if not own(websocket.headers):
            await websocket.send_denial_response(PlainTextResponse(FOREIGN, 403))
            return
        await websocket.accept()
        try:
            if not hubs:
                hubs.append(hub())
        except RoomProblem as problem:
            await websocket.send_text(spell("refused", why=str(problem), over=True))
            await websocket.close()
        else:
            with metrics.CONNECTED.track_inprogress():
                await converse(websocket, hubs[0])

    base = config.get_option("server.baseUrlPath").strip("/")
    return WebSocketRoute(f"/{base}/{PATH}" if base else f"/{PATH}", meet)


async def converse(websocket: WebSocket, hub: Hub) -> None:
    """Hear and tell until either side goes."""
    guest = Guest(websocket.headers["origin"] + websocket.url.path.removesuffix(f"/{PATH}"))
    telling = asyncio.create_task(tell(websocket, guest))
    try:
        await listen(websocket, hub, guest)
        guest.outbox.close()
        await asyncio.wait_for(telling, LAST_WORD)
        await websocket.close()
    except (WebSocketDisconnect, TimeoutError):
        pass  # gone already, or as good as gone: with the end of this the connection ends
    finally:
        telling.cancel()
        await hub.leave(guest)


async def listen(websocket: WebSocket, hub: Hub, guest: Guest) -> None:
    """Do what is said, and answer what cannot be done with why; returns where too much of that came, a
    message over the limit, or something to be kept while that cannot be."""
    problems, allowance, since = 0, float(BURST), time.monotonic()
    while problems < PROBLEMS:
        text = await asyncio.wait_for(receive(websocket), SILENCE)
        now = time.monotonic()
        allowance, since = min(BURST, allowance + (now - since) * RATE) - 1, now
        if allowance < 0:
            guest.tell("refused", why=TOO_FAST, over=True)
            return
        try:
            if text is None:
                raise BadMessage(NOT_TEXT)
            await hub.hear(guest, read(text, guest.secret is not None))
        except RoomProblem as problem:
            problems += 1
            guest.tell("refused", why=str(problem), over=problem.over)
            if isinstance(problem, TooLong | NotKept):
                return  # after the latter who comes again greets anew, and says again what was not done


async def receive(websocket: WebSocket) -> str | None:
    """The next message; None where it is not text. Raises WebSocketDisconnect."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | None = message.get("text")
    return text


async def tell(websocket: WebSocket, guest: Guest) -> None:
    """Send what the guest is to be told, as fast as its connection takes it."""
    while texts := await guest.outbox.take():
        for text in texts:
            await websocket.send_text(text)
