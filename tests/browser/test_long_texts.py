"""A long text in a real browser: it is shown while it is being read, can be stopped, and goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE
from titans_core.tasks import filler
from titans_core.tokenizer import Tokenizer

pytestmark = pytest.mark.browser
LONG = "\n".join(filler(seed) for seed in range(400))[:16_000]
TOKENS = len(Tokenizer.load().encode(LONG))
READ = re.compile(r"([\d,]+) of ([\d,]+) tokens")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def opened(page: Page, address: str, component: str) -> Page:
    """A page on which the long text is being read."""
    page.goto(address)
    page.wait_for_selector(f"{component}[data-position]")
    box = page.get_by_label("The text", exact=True)
    box.fill(LONG)
    box.press("Control+Enter")
    # of this text, not of the one that the page opens with; and once, however many models read it
    expect(page.get_by_test_id("stProgress")).to_contain_text(f" of {TOKENS:,} tokens read")
    return page


def count(text: str) -> tuple[int, int]:
    found = READ.search(text)
    assert found, text
    done, total = (int(number.replace(",", "")) for number in found.groups())
    return done, total


def test_a_long_text_is_painted_from_its_beginning_stopped_and_gone_on_with(page: Page, server: str) -> None:
    opened(page, f"{server}/compare?models=MAC&models=LMM", ".compare")
    bar, text = page.get_by_test_id("stProgress"), page.locator(".compare .text")
    page.wait_for_function(  # some of it is shown while the rest is being read
        "(whole) => { const host = [...document.querySelectorAll('*')]"
        ".find((e) => e.shadowRoot?.querySelector('.compare'));"
        "const text = host?.shadowRoot.querySelector('.compare .text').textContent;"
        "return text && text.length > 1000 && text.length < whole.length && whole.startsWith(text); }",
        arg=LONG,
    )
    page.get_by_role("button", name="Cancel").click()
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("Press Read to go on")
    stopped, _ = count(alert.inner_text())
    assert 0 < stopped < TOKENS
    shown = text.text_content() or ""
    assert LONG.startswith(shown) and shown != LONG
    page.get_by_role("button", name="Read", exact=True).click()
    expect(text).to_have_text(LONG, use_inner_text=False)
    expect(bar).to_have_count(0)


def test_a_page_that_is_left_stops_reading_and_goes_on_when_one_returns(page: Page, server: str) -> None:
    opened(page, f"{server}/compare?models=MAC&models=LMM", ".compare")
    bar = page.get_by_test_id("stProgress")
    page.get_by_role("link", name="Lessons").click()
    expect(page.locator(".compare")).to_have_count(0)
    page.get_by_role("link", name="Compare").click()
    expect(bar).to_contain_text("tokens read")
    expect(page.locator(".compare .text")).to_have_text(LONG, use_inner_text=False)
