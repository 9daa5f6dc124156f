"""The Family page's tables in a real browser: they fit a common screen, and a command stands whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
BROKEN = """(words) => words.filter((word) => word.getClientRects().length > 1)
  .map((word) => word.textContent)"""


@pytest.fixture
def tables(open_page: Open) -> Page:
    page = open_page("family?family=Tables")
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    expect(page.get_by_text("makes what its file lacks").last).to_be_visible()
    return page


def test_no_table_is_scrolled_sideways_on_a_common_screen(tables: Page) -> None:
    wide = tables.locator(".measured").evaluate_all(
        "(tables) => tables.filter((t) => t.scrollWidth > t.clientWidth).map((t) => t.ariaLabel)"
    )
    assert wide == []


def test_no_option_of_a_command_is_broken_however_narrow_the_screen(tables: Page) -> None:
    words = tables.get_by_test_id("stCaptionContainer").locator("code")
    assert "--suite" in words.all_inner_texts()
    for width in (1280, 768, 390):
        tables.set_viewport_size({"width": width, "height": 900})
        assert words.evaluate_all(BROKEN) == [], width
        assert tables.evaluate("() => document.documentElement.scrollWidth") <= width
