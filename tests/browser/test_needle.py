"""The Needle page in a real browser: what the models answer there is what the library answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

import titans_core as tc
from app import models, needle
from app.charts.haystack import percent
from app.needle import Needle

pytestmark = pytest.mark.browser
PLACE = Needle("Mara put the red key in the attic.", "Where is the red key?", "attic", 512, 0.1, 1)
Open = Callable[..., Page]
HOLD = """() => {  // what the page tells the server waits until it is let go, one message at a time
  const { send } = WebSocket.prototype;
  window.held = [];
  WebSocket.prototype.send = function (message) { held.push(() => send.call(this, message)); };
}"""


def visit(open_page: Open, *names: str, length: str = "512", width: int = 1280) -> Page:
    """Open the page with these models chosen, and the haystack shown."""
    chosen = "".join(f"&searchers={models.title(name)}" for name in names)
    page = open_page(f"needle?length={length}{chosen}", width)
    expect(page.locator(".hay mark")).to_be_visible()
    return page


def search(page: Page) -> None:
    """Search to the end."""
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".needle")).to_be_visible()
    expect(page.locator(".needle td:empty")).to_have_count(0)


def answers(page: Page, name: str) -> list[str]:
    """The cells of a model's row."""
    row = page.locator(
        ".needle tbody tr", has=page.get_by_role("rowheader", name=models.title(name), exact=True)
    )
    return [" ".join(cell.inner_text().split()) for cell in row.locator("td").all()]


def librarys(name: str, wanted: Needle) -> list[str]:
    """The same cells, from a stream that reads the haystack at once."""
    hay, stream, told = needle.hide(wanted), tc.Stream(tc.load(name)), []
    for distance in needle.distances(hay):
        stream.feed(hay.ids[stream.position : hay.told + distance])
        answer = stream.ask(wanted.question)
        with_memory, without = map(percent, answer.chances(wanted.answer))
        shares = f"{with_memory} ({without})" if stream.model.has_memory else with_memory
        mark = "✓" if answer.text == wanted.answer else "✗"
        told.append(f"{mark} {answer.text or '(nothing)'} {shares}")
    return told


def test_what_the_models_answer_is_what_the_library_answers(open_page: Open) -> None:
    page = visit(open_page, "mac", "attention")
    search(page)
    distances = page.locator(".needle thead th").all_inner_texts()[1:]
    assert distances == [f"{distance:,}" for distance in needle.distances(needle.hide(PLACE))]
    for name in ("mac", "attention"):
        assert answers(page, name) == librarys(name, PLACE)


def test_a_fact_of_one_click_is_hidden_and_found(open_page: Open) -> None:
    page = visit(open_page, "lmm")
    page.get_by_role("button", name="A code").click()
    expect(page.locator(".hay mark")).to_have_text("The code for the blue box is 4 0 7 1.")
    search(page)
    wanted = PLACE._replace(
        fact="The code for the blue box is 4 0 7 1.",
        question="What is the code for the blue box?",
        answer="4 0 7 1",
    )
    assert answers(page, "lmm") == librarys("lmm", wanted)


def test_the_fact_is_moved_by_its_slider_and_the_line_shows_where_it_went(open_page: Open) -> None:
    page = visit(open_page, "lmm")
    mark, line = page.locator(".hay .line b"), page.locator(".hay .line")
    page.get_by_role("slider", name="Where the fact stands").press("End")
    hay = needle.hide(PLACE._replace(depth=1.0))
    expect(page.locator(".hay .where")).to_contain_text(f"Told at tokens {hay.start + 1:,} to {hay.told:,}")
    at, whole = mark.bounding_box(), line.bounding_box()
    assert at and whole
    share = (at["x"] - whole["x"]) / whole["width"]
    assert share == pytest.approx(hay.start / len(hay.ids), abs=0.01) and share > 0.9


def test_a_search_is_cancelled_and_goes_on(open_page: Open) -> None:
    page = visit(open_page, "mac", "mag", "mal", length="16%2C384")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Stopped after")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()  # the table comes last
    found = page.locator(".needle td:not(:empty)").count()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Stopped after")).to_have_count(0)
    expect(page.locator(".needle td:not(:empty)").nth(found)).to_be_visible()


def test_a_text_that_cannot_be_searched_is_told_and_the_table_stays(open_page: Open) -> None:
    page = visit(open_page, "lmm")
    search(page)
    before = answers(page, "lmm")
    for text, told in (("", "There is no fact yet"), ("x" * 401, "This fact has 401 characters")):
        box = page.get_by_label("The fact", exact=True)
        box.fill(text)
        box.press("Enter")
        expect(page.get_by_test_id("stAlert")).to_contain_text(told)
        expect(box).to_have_value(text)
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()  # the table moves on
        assert answers(page, "lmm") == before


def test_what_is_typed_stays_though_the_page_goes_on_before_it_was_answered(open_page: Open) -> None:
    page = visit(open_page, "lmm")
    page.evaluate(HOLD)
    box = page.get_by_label("The fact", exact=True)
    box.fill("Leo likes figs.")
    box.press("Enter")
    page.get_by_role("slider", name="Where the fact stands").press("End")
    page.wait_for_function("() => held.length === 2")
    page.evaluate("() => held.shift()()")
    expect(page.locator(".hay mark")).to_have_text("Leo likes figs.")
    page.evaluate("() => held.shift()()")
    hay = needle.hide(PLACE._replace(fact="Leo likes figs.", depth=1.0))
    expect(page.locator(".hay .where")).to_contain_text(f"Told at tokens {hay.start + 1:,} to {hay.told:,}")
    expect(page.locator(".hay mark")).to_have_text("Leo likes figs.")
    expect(box).to_have_value("Leo likes figs.")


def test_the_address_opens_the_same_for_somebody_else(open_page: Open) -> None:
    page = visit(open_page, "lmm")
    for label, text in (
        ("The fact", "Leo likes figs & “plums”."),
        ("The question", "What does Leo like?"),
        ("The right answer", "figs & “plums”"),
    ):
        page.get_by_label(label, exact=True).fill(text)
        page.get_by_label(label, exact=True).press("Enter")
    page.get_by_role("slider", name="Where the fact stands").press("ArrowRight")
    expect(page.locator(".hay mark")).to_have_text("Leo likes figs & “plums”.")
    hay = needle.hide(PLACE._replace(fact="Leo likes figs & “plums”.", depth=0.11))
    expect(page.locator(".hay .where")).to_contain_text(f"Told at tokens {hay.start + 1:,} to {hay.told:,}")
    page.wait_for_url("**depth=11**")
    shown = page.locator(".hay").inner_text()
    search(page)
    other = open_page(page.url.split("/", 3)[3])
    expect(other.locator(".hay mark")).to_have_text("Leo likes figs & “plums”.")
    assert other.locator(".hay").inner_text() == shown
    search(other)
    assert other.locator(".needle").inner_text() == page.locator(".needle").inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_wide_table_scrolls_by_itself(open_page: Open, width: int) -> None:
    page = visit(open_page, "lmm", length="2%2C048", width=width)
    search(page)
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    assert page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth") <= 0
    inside = page.locator(".needle").evaluate("(root) => root.scrollWidth - root.clientWidth")
    assert (inside > 0) == (width == 390)
