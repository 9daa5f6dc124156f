"""Every page can be the first that anyone visits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from app.samples import text as sample
from app.samples import titles
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


def test_a_text_and_a_question_that_nobody_touched_go_from_page_to_page(
    browser: Browser, server: str
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server}/?v=1&ask=Where+is+the+red+key%3F")
    page.wait_for_selector(".player[data-position]")
    box = page.get_by_label("The text", exact=True)
    for name in ("Weights", "Compare", "Intervene", "Stream"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        expect(box).to_have_value(sample(titles()[0]))
        if name in ("Compare", "Intervene"):
            expect(page.get_by_label("A question about the text")).to_have_value("Where is the red key?")
    expect(page.get_by_text("There is nothing to read yet")).to_have_count(0)
    page.close()


def test_the_bar_at_the_top_begins_and_ends_where_the_page_does(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server}/stream")
    page.wait_for_selector(".player[data-position]")
    for width in (1680, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.get_by_role("button", name="Class", exact=True)).to_be_visible()
        left = [page.get_by_test_id("stHeaderLogo"), page.get_by_role("heading", name="Stream", level=1)]
        right = [page.get_by_role("button", name=name).first for name in ("Class", "Share")]
        begins = [one.evaluate("(one) => one.getBoundingClientRect().left") for one in left]
        ends = [one.evaluate("(one) => one.getBoundingClientRect().right") for one in right]
        assert begins == pytest.approx([begins[0]] * 2, abs=1), width
        assert ends == pytest.approx([ends[0]] * 2, abs=1), width
    page.close()


def test_the_model_that_was_chosen_reads_on_the_next_pages_too(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server)
    page.wait_for_selector(".player[data-position]")
    for title, name in (("MAG", "Weights"), ("MAL", "Intervene"), ("LMM", "Stream")):
        page.get_by_role("radio", name=title, exact=True).click()
        page.wait_for_url(f"**model={title}")
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        expect(page.get_by_role("radio", name=title, exact=True)).to_be_checked()
    page.close()


def test_the_stream_page_opens_by_its_name_too(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server}/stream")
    page.wait_for_selector(".player[data-position]")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_role("link", name="Stream")).to_have_count(1)
    page.close()
