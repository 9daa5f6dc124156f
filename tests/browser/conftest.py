"""The Stream page in a real browser, as a person uses it; and any other view of the app."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from app.permalink import VERSION, pack
from benchmarks.browser import running_app
from tests.browser.looks import settled
from tests.browser.rooms import player

PATIENCE = 120_000  # milliseconds; a busy machine is slow, not wrong

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app, which keeps its class rooms in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        with running_app() as address:
            yield address


def linked(address: str, text: str) -> str:
    """An address at which a page opens with a text: it need not read its own first, and then another."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'v': VERSION, 'text': pack(text)})}"


def spoken(told: str) -> float:
    """A number as a page tells it, with a true minus."""
    return float(told.replace("−", "-"))


class StreamPage:
    """The Stream page as a person uses it."""

    def __init__(self, page: Page, server: str) -> None:
        self.page, self.server = page, server
        self.player = page.locator(".player")
        self.text = page.locator(".player .text")
        self.slider = page.locator(".player .slider")
        self.alert = page.get_by_test_id("stAlert")

    def open(self, query: str = "") -> StreamPage:
        self.page.goto(f"{self.server}/{query}")
        self.page.wait_for_selector(".player[data-position]")
        return self

    def type(self, text: str) -> None:
        """Replace what is in the text box, and have it read."""
        box = self.page.get_by_label("The text", exact=True)
        box.fill(text)
        box.press("Control+Enter")

    def read(self, text: str) -> StreamPage:
        """Type a text and wait until the player shows exactly that."""
        self.type(text)
        return self.shows(text)

    def shows(self, text: str) -> StreamPage:
        """Wait until the player shows exactly that."""
        self.wait("(text) => player.querySelector('.text').textContent === text", text)
        # while a bar stands above the player it asks the server, and what is below moves as it goes
        expect(self.page.get_by_test_id("stProgress")).to_have_count(0)
        return self

    def choose_model(self, title: str) -> None:
        self.page.get_by_role("radio", name=title, exact=True).click()

    def wait(self, condition: str, argument: object = None) -> None:
        """Wait until a function of one argument is true in the browser; ``player`` is the player's root."""
        self.page.wait_for_function(
            "(argument) => { const host = [...document.querySelectorAll('*')]"
            ".find((e) => e.shadowRoot?.querySelector('.player'));"
            "const player = host?.shadowRoot.querySelector('.player');"
            f"return player && ({condition})(argument); }}",
            arg=argument,
        )

    def settle(self) -> None:
        """Wait until the browser has painted what was asked for."""
        settled(self.page)

    @property
    def position(self) -> int:
        self.settle()
        return int(self.player.get_attribute("data-position") or -1)

    @property
    def shown(self) -> int:
        self.settle()
        return int(self.player.get_attribute("data-shown") or -1)

    @property
    def weights(self) -> dict[str, Any]:
        """The weights as drawn: layer, head, matrix, token, rows, columns, values."""
        self.settle()
        found: dict[str, Any] = self.player.evaluate("(player) => player.weightsShown()")
        return found

    def token(self, index: int) -> Locator:
        return self.text.locator(f"[data-token='{index}']")

    def value(self, quantity: str) -> str:
        self.settle()
        return self.player.locator(f"output[data-quantity={quantity}]").inner_text()


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Open a view of the app in a fresh browser context; whatever the console complains of fails the test."""
    contexts, complaints = [], []

    def complain(message: ConsoleMessage) -> None:
        # Streamlit looks for its own files beside the page's address first
        own = re.search(r"/[a-z]+/_stcore/", message.location["url"])
        if message.type == "error" and not own:
            complaints.append(message.text)

    def opened(address: str = "", width: int = 1280, **context: Any) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server}/{address}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visit(open_page: Callable[..., Page], server: str) -> Callable[..., StreamPage]:
    """Open the Stream page, with this text or its own, and wait until its player stands."""

    def opened(query: str = "", width: int = 1280, text: str | None = None, **context: Any) -> StreamPage:
        address = query if text is None else linked(query, text)
        page = StreamPage(open_page(address, width, **context), server)
        page.page.wait_for_selector(".player[data-position]")
        return page if text is None else page.shows(text)

    return opened


@pytest.fixture
def teacher(open_page: Callable[..., Page]) -> Page:
    """A teacher's page, before there is a room."""
    page = open_page()
    player(page)
    return page
