"""The Intervene page in a real browser: what it shows of an edit is what the library makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import titans_core as tc
from tests.browser.conftest import PATIENCE, linked, spoken
from tests.browser.looks import LIGHT, both_themes, settled

pytestmark = pytest.mark.browser
STORY = (
    "Mara put the red key in the attic. The rain fell over the quiet hills.\n\n"
    "“Tom likes soup,” she said. The code for the blue box is 4 0 7 1. Ivy has a pet owl.\n"
    "Far away a train passed along the valley, and nobody said a word about the weather."
)
QUESTION = "Where is the red key?"
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Open the page with the story read; whatever the console complains of fails the test."""
    contexts, complaints = [], []

    def complain(message: Any) -> None:
        # Streamlit looks for its own files beside the page's address first
        if message.type == "error" and "/intervene/_stcore/" not in message.location["url"]:
            complaints.append(message.text)

    def opened(model: str = "MAC", width: int = 1280, **context: Any) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(linked(f"{server}/intervene?edited-model={model}", STORY))
        expect(page.locator(".intervene .text")).to_have_text(STORY, use_inner_text=False)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def ask(page: Page) -> None:
    page.get_by_label("A question about the text").fill(QUESTION)
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".intervene .answers")).to_be_visible()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def go_to(page: Page, token: int) -> None:
    slider = page.locator(".intervene .slider")
    slider.press("Home")
    for _ in range(token):
        slider.press("ArrowRight")
    expect(page.locator(".intervene")).to_have_attribute("data-shown", str(token))


def value(page: Page, quantity: str, side: str) -> float:
    output = page.locator(f".intervene output[data-quantity={quantity}][data-side={side}]")
    return spoken(output.inner_text())


def edited(page: Page) -> None:
    """Wait until the fork is shown."""
    expect(page.locator(".intervene.unedited")).to_have_count(0)


@pytest.mark.parametrize("name", ["mac", "lmm"])
def test_the_numbers_of_both_are_the_librarys(visit: Visit, name: str) -> None:
    page = visit(name.upper())
    page.get_by_label("From token, or click one").fill("20")
    page.get_by_label("From token, or click one").press("Enter")
    press(page, "Forget fast")
    edited(page)
    plain, forgetful = tc.Stream(tc.load(name)), tc.Stream(tc.load(name))
    original = plain.feed(STORY)
    forgetful.feed(original.ids[:19])
    fork = forgetful.override(alpha=0.2).feed(original.ids[19:])
    for token in (30, 50):
        go_to(page, token)
        for quantity in ("surprise", "write", "momentum", "alpha", "retrieval", "nll"):
            was, now = float(original[quantity][token].mean()), float(fork[quantity][token - 19].mean())
            assert value(page, quantity, "original") == pytest.approx(was, rel=0.04, abs=1e-5), quantity
            assert value(page, quantity, "edited") == pytest.approx(now, rel=0.04, abs=1e-5), quantity
            if quantity in ("surprise", "nll"):
                assert value(page, quantity, "change") == pytest.approx(now - was, rel=0.04, abs=1e-3)


CONTRASTS = """(output) => {
  const light = (color) => (LIGHT)(color.match(/[\\d.]+/g).slice(0, 3)) + 0.05;
  const ratio = (a, b) => Math.max(a, b) / Math.min(a, b);
  const color = (one) => light(getComputedStyle(one).color);
  const ground = light(getComputedStyle(document.querySelector(".stApp")).backgroundColor);
  const told = color(output);
  return [ratio(told, ground), ratio(told, color(output.getRootNode().querySelector(".heading")))];
}""".replace("LIGHT", LIGHT)  # of what a row tells: with the page, and with the grey of the original's curve


def test_the_unexpected_stands_out_from_the_grey_of_the_original(visit: Visit) -> None:
    page = visit(color_scheme="dark")
    for theme in both_themes(page):
        expect(page.locator(".intervene")).to_have_attribute("data-theme", theme)
        output = page.locator(".intervene output[data-quantity=nll][data-side=edited]")
        on_page, beside_grey = output.evaluate(CONTRASTS)
        assert on_page >= 4.5 and beside_grey >= 2, theme


def test_forgetting_makes_the_answer_vanish_and_undo_brings_it_back(visit: Visit) -> None:
    page = visit()
    ask(page)
    original, fork = page.locator(".answers .original .bare"), page.locator(".answers .edited .bare")
    expect(original).to_have_text("attic")
    expect(fork).to_have_text("attic")
    press(page, "Forget fast")
    expect(page.locator(".intervene.answers-differ")).to_have_count(1)
    stream = tc.Stream(tc.load("mac")).override(alpha=0.2)
    stream.feed(STORY)
    expect(fork).to_have_text(stream.ask(QUESTION).text)
    expect(original).to_have_text("attic")
    press(page, "Undo")
    expect(fork).to_have_text("attic")
    expect(page.locator(".intervene.unedited")).to_have_count(1)


def test_edits_that_are_taken_back_leave_the_text_as_it_is(visit: Visit) -> None:
    page = visit()
    press(page, "Forget fast")
    edited(page)
    press(page, "Clear all")
    expect(page.locator(".intervene.unedited")).to_have_count(1)


def test_a_token_that_is_clicked_is_where_the_next_edit_begins(visit: Visit) -> None:
    page = visit()
    page.locator(".intervene .text [data-token='25']").click()
    expect(page.get_by_label("From token, or click one")).to_have_value("26")
    press(page, "Wipe")
    edited(page)
    expect(page.get_by_role("button", name="wiped, before token 26")).to_be_visible()
    expect(page.locator(".intervene .wipe")).to_have_count(1)
    go_to(page, 24)
    assert value(page, "surprise", "change") == 0
    go_to(page, 27)
    assert value(page, "surprise", "change") != 0


def test_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    page = visit(width=390)
    press(page, "No writing")
    edited(page)
    root = page.locator(".intervene")
    for width in (390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth") <= 0, width
        assert root.evaluate("(root) => root.scrollWidth - root.clientWidth") <= 0, width
        assert root.evaluate(CUT) == [], width


CUT = """(root) => [...root.querySelectorAll(".row .label")].filter(
  (label) => label.scrollWidth > label.clientWidth || label.scrollHeight > label.parentElement.clientHeight
).map((label) => label.textContent)"""  # what of the curves' names is cut, or lies over the next curve


def test_everything_that_acts_has_a_name(visit: Visit) -> None:
    page = visit()
    for element in page.locator(".intervene").locator("button, select, input, [role]").all():
        assert element.evaluate(
            "(e) => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent.trim()"
        )


def test_a_dark_page_has_a_dark_view(visit: Visit) -> None:
    page = visit(color_scheme="dark")
    expect(page.locator(".intervene")).to_have_attribute("data-theme", "dark")


def test_the_link_that_is_shared_opens_the_same_for_somebody_else(visit: Visit, browser: Browser) -> None:
    page = visit("MAG")
    ask(page)
    press(page, "Forget fast")
    expect(page.locator(".intervene.answers-differ")).to_have_count(1)
    press(page, "Share")
    expect(page.locator(".share code")).to_contain_text("http")
    address = page.locator(".share code").inner_text().strip()
    answers = page.locator(".answers").inner_text()
    other = browser.new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(address)
    expect(other.locator(".intervene .text")).to_have_text(STORY, use_inner_text=False)
    expect(other.get_by_role("button", name="α = 0.2, everywhere")).to_be_visible()
    expect(other.locator(".answers")).to_be_visible()
    assert other.locator(".answers").inner_text() == answers
    other.close()


def test_what_was_read_is_saved_as_a_table_and_a_notebook(visit: Visit) -> None:
    page = visit()
    for label, begin in (
        ("Trace, CSV", b"model,position,token"),
        ("Trace, Parquet", b"PAR1"),
        ("Notebook", b"{"),
    ):
        press(page, "Export")
        with page.expect_download() as saved:
            press(page, label)
        assert saved.value.path().read_bytes().startswith(begin)
        page.keyboard.press("Escape")
