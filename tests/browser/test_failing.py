"""Where a page fails the person reads one sentence and goes on, and the log tells where, not on what; and
whatever is typed into the real app, its log never holds it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app import permalink
from app.hosting.errors import SENTENCE
from tests.browser.conftest import PATIENCE, StreamPage
from tests.browser.served import serving

pytestmark = pytest.mark.browser
MARK = "zimorka-zimorka"


def test_a_page_that_fails_says_one_sentence_and_goes_on_with_what_was_typed(browser: Browser) -> None:
    with serving("tests/browser/failing.py") as served:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(served.address)
        box = page.get_by_label("Text")
        box.fill(MARK)
        box.press("Enter")
        expect(page.get_by_test_id("stAlert")).to_have_text(SENTENCE, use_inner_text=False)
        assert "ValueError" not in page.content() and "Traceback" not in page.content()
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text(f"{len(MARK)} characters")).to_be_visible()
        expect(box).to_have_value(MARK)
        for name in ("one", "two"):  # of two parts each fails alone, and both may have failed
            page.get_by_role("button", name=f"Fail {name}").click()
            expect(page.get_by_role("button", name="Try again")).to_have_count(1 + (name == "two"))
        page.get_by_role("button", name="Try again").first.click()
        expect(page.get_by_role("button", name="Try again")).to_have_count(1)
        page.close()
        errors = [event for event in served.events if event["event"] == "error"]
        assert [error["kind"] for error in errors] == ["ValueError", "KeyError", "KeyError"]
        assert all("tests/browser/failing.py:" in error["trace"] for error in errors)
        assert MARK not in served.said


def test_a_page_that_lost_a_message_is_loaded_again_and_has_what_was_read(
    browser: Browser, server: str
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    lines: list[WebSocketRoute] = []
    page.route_web_socket(re.compile("_stcore/stream"), lambda line: lines.append(through(line)))
    opened = StreamPage(page, server).open().read(f"Mara put the {MARK} in the attic.")
    lost = ForwardMsg(ref_hash="lost")
    lost.metadata.delta_path[:] = [0, 0]
    lines[-1].send(lost.SerializeToString())
    deadline = time.monotonic() + PATIENCE / 1000
    while len(lines) < 2 and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert len(lines) == 2, "the page was not loaded again"
    opened.shows(f"Mara put the {MARK} in the attic.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.close()


def through(line: WebSocketRoute) -> WebSocketRoute:
    """What goes on by itself between a page and its server."""
    line.connect_to_server()
    return line


@pytest.mark.slow
def test_nothing_that_is_typed_linked_or_uploaded_is_ever_logged(browser: Browser, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with serving("app/main.py", TITANS_STATE=state, XDG_STATE_HOME=state) as served:
        packed = permalink.pack(f"Mara put the {MARK} in the attic.")
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        opened = StreamPage(page, served.address).open(f"?v=1&text={packed}&{MARK}={MARK}")
        expect(opened.text).to_contain_text(MARK)
        opened.read(f"Tom likes {MARK}.")
        page.get_by_placeholder("What comes next.").fill(f"Ivy has a {MARK}.")
        page.get_by_role("button", name="Read on").click()
        expect(opened.text).to_contain_text(f"Ivy has a {MARK}.")
        for content, comes in ((f"{MARK} up".encode(), f"{MARK} up"), (b"\xff", "is not UTF-8 text")):
            page.get_by_role("button", name="Upload").click()
            page.locator("input[type=file]").set_input_files(
                {"name": f"{MARK}.txt", "mimeType": "text/plain", "buffer": content}
            )
            expect(page.get_by_test_id("stMain")).to_contain_text(comes)
        page.goto(f"{served.address}/compare?models=LMM&ask={MARK}&v=1")
        expect(page.get_by_label("A question about the text")).to_have_value(MARK)
        expect(page.locator(".compare .answer").first).to_be_visible()
        page.goto(f"{served.address}/needle?length=256&searchers=LMM&fact={MARK}&answer={MARK}")
        page.get_by_role("button", name="Search").click()
        expect(page.locator(".needle td b").first).to_be_visible()
        page.goto(f"{served.address}/?room={MARK}")
        expect(page.get_by_role("alert").filter(has_text="ask your teacher").first).to_be_visible()
        page.goto(f"{served.address}/{MARK}?{MARK}")
        page.goto(f"{served.address}/compare?v=1&text={MARK}&ask={MARK}&edits={MARK}")
        expect(page.get_by_text("The text in this link is damaged")).to_be_visible()
        for path in (f"_stcore/{MARK}", f"media/{MARK}.png?{MARK}", f"_stcore/upload_file/{MARK}/{MARK}"):
            page.request.get(f"{served.address}/{path}")
        page.close()
        assert MARK not in served.said and packed not in served.said
        assert "started" in served.said and "?" not in served.said
