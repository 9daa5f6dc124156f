"""A long text in a real browser: opened from a file, seen whole, and any stretch of it zoomed into."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import titans_core as tc
from app import book
from app.book import Book
from tests.browser.conftest import StreamPage
from tests.browser.test_accessibility import in_every_look
from titans_core.tasks import filler

pytestmark = pytest.mark.browser
TEXT = "\n\n".join(filler(seed) for seed in range(120))[:28_000]  # some tokens more than a page reads
Visit = Callable[..., StreamPage]


def opened(page: Page) -> Locator:
    """Upload the text and wait until all of it is read; its overview."""
    page.get_by_role("button", name="Upload").first.click()
    upload = page.locator("input[type=file]")
    named: Any = {"name": "<i>hours.txt", "mimeType": "text/plain", "buffer": TEXT.encode()}
    upload.set_input_files(named)
    overview = page.locator(".overview")
    expect(overview).to_have_attribute("data-end", str(book.FIRST))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.get_by_test_id("stCaptionContainer").first).to_contain_text(
        re.compile(r"[\d,]+ tokens, read")
    )
    return overview


def ticks(overview: Locator) -> list[int]:
    """The numbers along its strip."""
    return [int(told.replace(",", "")) for told in overview.locator(".ticks span").all_inner_texts()]


def test_a_long_text_is_seen_whole_and_zoomed_into_by_click_by_keys_and_by_its_peaks(visit: Visit) -> None:
    page = visit("?model=LMM")
    overview = opened(page.page)
    expect(page.page.get_by_label("The text", exact=True)).to_have_count(0)
    expect(page.page.locator(".cover")).to_contain_text("<i>hours.txt")
    *_, last = book.stages(tc.load("lmm"), Book("", TEXT), None)
    read = last.value
    whole = book.means(tc.Stream(tc.load("lmm"), history=0).feed(read.ids.tolist()))

    def shows(start: int, end: int) -> None:
        """Overview and player show just these tokens."""
        expect(overview).to_have_attribute("data-start", str(start))
        expect(overview).to_have_attribute("data-end", str(end))
        page.wait(
            "(text) => player.querySelector('.text').textContent === text", "".join(whole.tokens[start:end])
        )

    shows(0, 1023)
    strip = overview.get_by_role("slider")
    box = strip.bounding_box()
    assert box
    strip.click(position={"x": box["width"] / 2, "y": 40})
    middle = book.floor(len(read.ids) // 2 - 512)
    shows(middle, middle + 1024)
    strip.press("End")
    end = len(read.ids)
    shows(book.floor(end - 1024 + 255), end)
    strip.press("Home")
    strip.press("ArrowRight")
    shows(1023, 2047)
    assert strip.get_attribute("aria-valuetext") == f"tokens 1,024 to 2,047 of {end:,} tokens"
    overview.get_by_role("button", name="Zoom in").click()
    shows(1279, 1791)
    peak = int(whole["surprise"].argmax())
    overview.get_by_role("button", name=re.compile(f"^Token {peak + 1:,},")).click()
    start = book.floor(max(0, peak - 256))
    shows(start, start + 512 - (start == 0))
    assert page.position == peak - start
    assert f"token {peak + 1:,} of {end:,}" in page.player.inner_text()
    assert ticks(overview) == list(range(0, end, 1_000))
    at = {share: box["width"] * share for share in (0.01, 0.99)}
    strip.hover(position={"x": at[0.01], "y": 40})
    page.page.mouse.down()
    strip.hover(position={"x": at[0.99], "y": 40})
    expect(overview.locator(".under")).to_have_text("8,192 tokens at most are shown")
    page.page.mouse.up()
    expect(overview).to_have_attribute("data-end", str(8_191))
    overview.locator(".heights").hover()
    expect(overview.locator(".under")).to_have_text("8,192 tokens at most are shown")
    overview.get_by_role("button", name="Zoom in").click()
    expect(overview.locator(".under")).to_have_text("")
    page.page.get_by_role("button", name="Close", exact=True).click()
    expect(page.page.get_by_label("The text", exact=True)).to_be_visible()


def test_nothing_keeps_anybody_from_a_long_text(visit: Visit) -> None:
    page = visit("?model=LMM", color_scheme="dark").page
    overview = opened(page)
    for look, found in in_every_look(page):
        assert found == [], look
        assert ticks(overview) == list(range(0, 8_001, 2_000 if look[1] == 390 else 1_000)), look
        assert page.evaluate("document.documentElement.scrollWidth") <= look[1]
