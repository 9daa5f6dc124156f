"""A tab without a browser: a client that speaks Streamlit's WebSocket protocol as its frontend does.

It keeps widgets' values and sends them with every run, holds the messages that the server may then refer to,
runs fragments at their intervals, and comes back after its connection was cut. It draws nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from tests.load.shown import Cache, Shown

PATIENCE: Final[float] = 60.0  # seconds
XSRF: Final[str] = "_streamlit_xsrf"
TRIGGER: Final[str] = "$$STREAMLIT_INTERNAL_KEY_"  # begins the id by which components tell of events


class Cut(Exception):
    """The connection has ended, and we did not end it."""


class Tab:
    """One page of the lab at ``address``, open from ``open`` to ``close``.

    ``frame`` is the newest message of the player and ``frame_at`` when it came, in seconds of perf_counter;
    ``problems`` are the errors and warnings that the page has shown; ``key`` is what the tab keeps of its
    session.
    """

    def __init__(self, address: str, query: str = "") -> None:
        self.address, self.query = address, query
        self.shown, self._cache = Shown(), Cache()
        self.problems: list[str] = []
        self.frame, self.frame_at = b"", 0.0
        self.frames = self.runs = 0
        self.running = False
        self.session = self.key = ""
        self._page = ""
        self._widgets: dict[str, WidgetState] = {}
        self._clocks: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._watching = False  # whether a fragment ran at intervals when the connection ended
        self._oldest = 2
        self._told = ""  # what the session's component was told last, since we connected
        self.known = False  # whether the server goes on with our session: before, it heeds no button
        self._xsrf = ""
        self._news = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    # ------------------------------------------------------------------------------------------ connection

    async def open(self, asking: bool = True) -> None:
        """Connect, and ask for the page as it is. Raises OSError or WebSocketException where it cannot."""
        self._xsrf = self._xsrf or await asyncio.to_thread(cookie, self.address)
        self._error, self._told, self.known = None, "", False
        protocols = ["streamlit", self._xsrf or "PLACEHOLDER_AUTH_TOKEN", *filter(None, [self.session])]
        self._connection = await connect(
            self.address.replace("http", "ws", 1) + "/_stcore/stream",
            origin=self.address,  # type: ignore[arg-type]
            subprotocols=[Subprotocol(protocol) for protocol in protocols],
            additional_headers={"Cookie": f"{XSRF}={self._xsrf}"},
            max_size=None,
            open_timeout=PATIENCE,
            ping_interval=None,
            proxy=None,
        )
        self._hearing = asyncio.create_task(self._hear(self._connection))
        if asking:
            await self.run()

    async def close(self) -> None:
        """Leave the page, as a tab that is closed."""
        self._stop_clocks()
        if self._hearing is not None:
            self._hearing.cancel()
        if self._connection is not None:
            await self._connection.close()

    async def come_back(self, seconds: float = PATIENCE) -> None:
        """Connect again as the browser does once its connection was cut: it names the session it had, tries
        until the server answers, and asks for a run only where one was under way. Raises TimeoutError."""
        await self.until(lambda: self.cut)
        asking, self.running = self.running or self._watching, False
        async with asyncio.timeout(seconds):
            while True:
                with suppress(OSError, WebSocketException):
                    return await self.open(asking)
                await asyncio.sleep(0.1)

    async def _hear(self, connection: ClientConnection) -> None:
        """Take what comes until the connection ends."""
        try:
            async for raw in connection:
                assert isinstance(raw, bytes), "Streamlit speaks in binary messages"
                self._take(self._cache.take(raw))
                self._news.set()
            raise Cut("the server ended the connection")
        except ConnectionClosed as error:
            self._error = Cut(str(error))
        except Exception as error:  # told to whoever waits
            self._error = error
        finally:
            self._watching = bool(self._clocks)
            self._stop_clocks()
            self._news.set()

    async def until(self, met: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something holds that a message can bring. Raises TimeoutError, Cut, and whatever a
        message could not be taken for."""
        async with asyncio.timeout(seconds):
            while not met():
                if self._error is not None:
                    raise self._error
                self._news.clear()
                await self._news.wait()

    @property
    def place(self) -> int:
        """The place in the queue that the page shows; 0 where it shows none."""
        for _, found in self.shown.all(["html"]):
            if "class='queue'" in found.body:
                told = re.search(r"(\d+) people", found.body)
                return 1 + int(told[1]) if told else 2 if "One person" in found.body else 1
        return 0

    @property
    def cut(self) -> bool:
        """Whether the connection has ended without our doing."""
        return self._error is not None

    # -------------------------------------------------------------------------------------- what is heard

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "delta":
                element = self.shown.take(message)
                if element is not None:
                    self._look_at(element)
            case "new_session":
                self._begin(message)
            case "script_finished":
                self._finish(message)
            case "session_status_changed":
                self.running = message.session_status_changed.script_is_running
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "navigation":
                self._page = message.navigation.page_script_hash
            case "auto_rerun":
                self._start_clock(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._stop_clock(fragment)
            case "session_event" if message.session_event.HasField("script_compilation_exception"):
                self.problems.append(message.session_event.script_compilation_exception.message)

    def _begin(self, message: ForwardMsg) -> None:
        """A run begins."""
        self.shown.run = message.metadata.run.script_run_id
        if message.metadata.run.fragment_ids:
            return
        self._stop_clocks()
        begun = message.new_session
        if begun.page_script_hash != self._page and self._page:
            self.shown.clear()
        self._page = begun.page_script_hash
        self.session = begun.initialize.session_id
        self._oldest = begun.config.max_cached_message_age

    def _finish(self, message: ForwardMsg) -> None:
        """A run has ended; one that was broken off for another has not shown all."""
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        run = message.metadata.run
        self.shown.ran(run.script_run_id, run.fragment_ids)
        self._cache.ran(self._oldest, run.fragment_ids)
        self.runs += 1

    def _look_at(self, element: Element) -> None:
        """Note what is of interest: the player's data, and what should not be there."""
        match element.WhichOneof("type"):
            case "bidi_component":
                component = element.bidi_component
                if component.component_name == "titans_lab_player" and component.bytes != self.frame:
                    self.frame, self.frame_at = component.bytes, perf_counter()
                    self.frames += 1
                elif component.component_name == "titans_lab_session" and component.json != self._told:
                    self._told = component.json
                    self._keep_key(**json.loads(component.json))
            case "exception":
                self.problems.append(f"{element.exception.type}: {element.exception.message}")
            case "alert" if element.alert.format in (Alert.ERROR, Alert.WARNING):
                self.problems.append(element.alert.body)
            case "text_area" if element.text_area.set_value:
                self._set(element.text_area.id, string_value=element.text_area.value)

    def _keep_key(self, key: str, settled: bool, **_: object) -> None:
        """As app/components/session/session.js, which runs where its data are other: keep the session's key,
        or tell of the one that was kept."""
        if not self.key or settled:
            self.key = key
        elif self.key != key:
            self._telling = asyncio.create_task(self.tell("tab-key", "found", self.key))
        self.known = self.key == key

    # --------------------------------------------------------------------------------------- what is said

    def _set(self, widget: str, **value: Any) -> None:
        self._widgets[widget] = WidgetState(id=widget, **value)

    async def write(self, box: str, text: str) -> None:
        """Type into a text area, by its key or label, and leave it."""
        self._set(self.shown.one("text_area", box).id, string_value=text)
        await self.run()

    async def submit(self, box: str, text: str, button: str) -> None:
        """Type into the text area of a form, and press its button."""
        self._set(self.shown.one("text_area", box).id, string_value=text)
        await self.press(button)

    async def press(self, button: str) -> None:
        """Press a button, by its key or label."""
        widget = self.shown.one("button", button).id
        self._set(widget, trigger_value=True)
        await self.run()
        del self._widgets[widget]

    async def tell(self, component: str, event: str, value: object) -> None:
        """A component, by its key, says that something happened."""
        base = self.shown.one("bidi_component", component).id
        widget = f"{TRIGGER}{base}__events"
        self._set(widget, json_trigger_value=json.dumps([{"event": event, "value": value}]))
        await self.run()
        del self._widgets[widget]

    async def run(self, fragment: str = "") -> None:
        """Ask for a run of the page, or of one of its fragments. Raises Cut where we are cut off."""
        state = ClientState(
            query_string=self.query,
            page_script_hash=self._page,
            fragment_id=fragment,
            is_auto_rerun=bool(fragment),
            cached_message_hashes=self._cache.hashes(),
        )
        state.widget_states.widgets.extend(self._widgets.values())
        state.context_info.url = f"{self.address}/"
        state.context_info.timezone, state.context_info.locale = "UTC", "en-US"
        assert self._connection is not None, "open the tab first"
        try:
            await self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        except ConnectionClosed as error:
            raise Cut(str(error)) from error

    # ---------------------------------------------------------------------------------- fragments' clocks

    def _start_clock(self, fragment: str, interval: float) -> None:
        if fragment in self._clocks and self._clocks[fragment][0] == interval:
            return
        self._stop_clock(fragment)
        self._clocks[fragment] = interval, asyncio.create_task(self._tick(fragment, interval))

    async def _tick(self, fragment: str, interval: float) -> None:
        with suppress(Cut):
            while True:
                await asyncio.sleep(interval)
                await self.run(fragment)

    def _stop_clock(self, fragment: str) -> None:
        _, task = self._clocks.pop(fragment, (0.0, None))
        if task is not None:
            task.cancel()

    def _stop_clocks(self) -> None:
        for fragment in list(self._clocks):
            self._stop_clock(fragment)


def cookie(address: str) -> str:
    """The token that a server gives every browser, and wants back; empty where it gives none."""
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE) as answer:
        given = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
    name, _, value = given.partition("=")
    return value.strip('"') if name == XSRF else ""
