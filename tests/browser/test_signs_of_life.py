"""Somebody is there: the server hears of it now and then, and nothing that they do is lost by that."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.conftest import PATIENCE, StreamPage

pytestmark = pytest.mark.browser
NEXT = 150_000  # milliseconds after which a touch is told again


def alive(frame: str | bytes) -> bool:
    """Whether a sign of life is in it."""
    return isinstance(frame, bytes) and b'"event":"alive"' in frame


def pressed(frame: str | bytes) -> bool:
    """Whether the press of a button is in it."""
    assert isinstance(frame, bytes)
    return any(one.trigger_value for one in BackMsg.FromString(frame).rerun_script.widget_states.widgets)


def test_a_sign_of_life_takes_nothing_from_the_click_that_it_comes_of(browser: Browser, server: str) -> None:
    """Streamlit sends what is said at the same time together, and as a run of one fragment alone."""
    told: list[str | bytes] = []
    sockets: list[WebSocket] = []

    def listen(socket: WebSocket) -> None:
        sockets.append(socket)
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
            told.clear()
            # it may be told before the text is shown: the page's clock goes on by itself, too
            with sockets[-1].expect_event("framesent", alive, timeout=PATIENCE):
                page.get_by_role("button", name="Read", exact=True).click()
                expect(stream.text).to_have_text(words)
                page.clock.fast_forward(NEXT)
            page.wait_for_timeout(500)  # time in which it could be told again
            assert any(pressed(frame) for frame in told)
            assert [pressed(frame) for frame in told if alive(frame)] == [False]
