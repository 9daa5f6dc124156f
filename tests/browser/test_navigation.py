"""Every page can be the first that anyone visits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.browser import running_app
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser


def test_a_fresh_server_shows_a_page_that_is_asked_for_first(browser: Browser) -> None:
    with running_app() as address:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/lessons")
        expect(page.get_by_text("Surprise is a gradient").first).to_be_visible()
        expect(page.get_by_role("link", name="Stream")).to_be_visible()
        page.close()


def test_the_stream_page_opens_by_its_name_too(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server}/stream")
    page.wait_for_selector(".player[data-position]")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_role("link", name="Stream")).to_have_count(1)
    page.close()
