"""Somebody is there: the server hears of it now and then, and nothing that they do is lost by that."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, WebSocket, expect

from tests.browser.conftest import PATIENCE, StreamPage

pytestmark = pytest.mark.browser
NEXT = 150_000  # milliseconds after which a touch is told again


def test_a_sign_of_life_takes_nothing_from_the_click_that_it_comes_of(browser: Browser, server: str) -> None:
    """Streamlit sends what is said at the same time together, and as a run of one fragment alone."""
    told: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: told.append(frame))

    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("websocket", listen)
        page.clock.install()
        stream = StreamPage(page, server).open()
        for words in ("Tom likes soup.", "Ivy has a pet owl."):
            page.clock.fast_forward(NEXT)
            page.get_by_label("The text", exact=True).fill(words)
            page.get_by_role("button", name="Read", exact=True).click()
            expect(stream.text).to_have_text(words)
            told.clear()
            page.clock.fast_forward(NEXT)
            page.wait_for_timeout(500)
            assert [b'"event":"alive"' in frame for frame in told if isinstance(frame, bytes)] == [True]
