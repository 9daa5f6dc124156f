"""The appendix and the tour in a real browser: read, turned, followed, closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from app.appendix.links import PLACES
from app.palette import palette
from lessons import load_all, words
from lessons.appendix import Link, glossary, pages
from tests.browser.conftest import StreamPage
from tests.browser.test_accessibility import in_every_look, serious

pytestmark = pytest.mark.browser
PAGES = pages(PLACES)
FOLD = 900  # pixels of a usual window's height
Open = Callable[..., Page]
Visit = Callable[..., StreamPage]
tour = words("tour")
say = words("appendix")


def heading(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()


def fits(page: Page) -> bool:
    """Whether nothing but a table has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


# ----------------------------------------------------------------------------------------- the appendix


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_nothing_keeps_anybody_from_a_page_of_the_appendix(open_page: Open, name: str) -> None:
    page = open_page(f"appendix?page={name}", color_scheme="dark")
    heading(page, next(one.title for one in PAGES if one.name == name))
    expect(page.locator(".st-key-appendix-contents a")).to_have_count(len(PAGES) - 1)
    for look, found in in_every_look(page):
        assert found == [], look
        assert fits(page), look


def test_what_the_server_colours_follows_a_theme_that_changes_under_the_page(open_page: Open) -> None:
    page = open_page("appendix?page=glossary", color_scheme="light")
    term = page.locator(".st-key-glossary-written .term")
    for theme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=theme)
        expect(term).to_have_attribute("style", re.compile(f"--text:{palette(theme)['write-text']}"))


def test_the_list_of_lessons_leads_to_every_page_and_back(open_page: Open) -> None:
    page = open_page("lessons")
    for one in PAGES:
        page.get_by_role("link", name=one.title, exact=True).click()
        heading(page, one.title)
        assert page.url.endswith(f"/appendix?page={one.name}")
    page.get_by_role("link", name=words("page")("back")).click()
    heading(page, words("page")("title"))


def test_switches_are_turned_by_keyboard(open_page: Open) -> None:
    page = open_page("appendix?page=family")
    made = page.locator(".relative b")
    expect(made).to_have_text(say("deltanet"))
    page.get_by_role("radio", name="0.9").focus()
    page.keyboard.press("Space")
    expect(made).to_have_text(say("titans"))


def rest(page: Page, title: str) -> None:
    """Wait for a page and for the end of its run: who goes back sooner may be taken further."""
    heading(page, title)
    page.wait_for_selector("[data-test-script-state=notRunning]")


def test_each_link_of_the_glossary_leads_on_and_one_step_back_leads_there_again(open_page: Open) -> None:
    """All say where they lead; of those to one page, one is followed."""
    titles = {
        ("lessons", ("lesson", lesson.name)): lesson.title for lesson in load_all()
    } | {("appendix", ("page", page.name)): page.title for page in PAGES}  # fmt: skip

    def title(link: Link) -> str:
        return titles[link.page, link.query[0]] if link.query else (link.page or "stream").capitalize()

    page = open_page("appendix?page=glossary")
    links = {link: None for term in glossary() for link in term.links}
    for link in links:
        rest(page, "Glossary")
        rows = page.locator("[class*='st-key-glossary-']")
        shown = rows.get_by_role("link", name=link.label, exact=True).first
        path, _, query = (shown.get_attribute("href") or "").partition("?")
        assert path == link.page and query.startswith(urlencode(link.query)), link
        if link is next(one for one in links if one.page == link.page):
            shown.click()
            rest(page, title(link))
            assert page.url.partition("?")[2].startswith(urlencode(link.query)), page.url
            page.go_back()


# --------------------------------------------------------------------------------------------- the tour


def step(stream: StreamPage, name: str) -> None:
    stream.page.get_by_role("button", name=tour(name), exact=True).click()
    expect(stream.page.locator(".tour .told")).to_contain_text(tour(f"{name}_told"))
    stream.page.get_by_role("button", name=tour(f"{name}_do"), exact=True).click()


def top(stream: StreamPage) -> float:
    box = stream.player.bounding_box()
    assert box
    return box["y"]


def test_nothing_keeps_anybody_from_the_tour(visit: Visit) -> None:
    stream = visit(text="Something short.", color_scheme="dark")
    stream.page.get_by_role("button", name=tour("written"), exact=True).click()
    for look, found in in_every_look(stream.page, new=".st-key-the-tour"):
        assert found == [], look
        assert fits(stream.page), look


def test_the_tour_does_what_it_says_on_the_page(visit: Visit) -> None:
    stream = visit()
    step(stream, "written")
    expect(stream.player).to_have_attribute("data-shade", "write")
    step(stream, "surprise")
    expect(stream.player).to_have_attribute("data-shade", "surprise")
    step(stream, "streamed")
    expect(stream.player.get_by_role("button", name="Pause")).to_be_visible()
    stream.wait(f"() => player.getBoundingClientRect().top < {FOLD / 2}")  # it is scrolled to smoothly


def test_the_tour_asks_the_model_and_changes_its_mind(visit: Visit) -> None:
    stream = visit("?model=LMM")
    stream.read("Something else.")
    step(stream, "ask")
    heading(stream.page, "Compare")
    expect(stream.page.locator(".compare .answer").first).to_be_visible()
    expect(stream.page.get_by_label("A question about the text")).to_have_value(tour("question"))
    stream.page.get_by_role("link", name="Stream", exact=True).click()
    expect(stream.page.locator(".tour .told")).to_contain_text(tour("change_told"))  # the next one waits
    stream.page.get_by_role("button", name=tour("change_do"), exact=True).click()
    heading(stream.page, "Intervene")
    expect(stream.page.locator(".intervene .answers")).to_be_visible()


def test_a_tour_that_is_closed_stays_closed(visit: Visit) -> None:
    stream = visit()
    away = stream.page.get_by_role("button", name=tour("away"))
    expect(away).to_be_visible()  # the tour has come: the player is where it stays
    shown = top(stream)
    away.focus()
    stream.page.keyboard.press("Enter")
    expect(stream.page.locator(".tour")).to_be_hidden()
    assert top(stream) < shown - 20
    stream.open()
    # until its script is there the tour is hidden anyhow
    expect(stream.page.get_by_role("button", name=tour("name"))).to_be_visible()
    expect(stream.page.locator(".tour")).to_be_hidden()
    assert top(stream) < shown - 20
    assert serious(stream.page) == []


def test_a_tour_that_was_closed_can_be_brought_back(visit: Visit) -> None:
    stream = visit()
    stream.page.get_by_role("button", name=tour("away")).click()
    back = stream.page.get_by_role("button", name=tour("name"))
    expect(back).to_be_focused()
    stream.page.keyboard.press("Enter")
    first = stream.page.get_by_role("button", name=tour("streamed"), exact=True)
    expect(first).to_be_focused()
    expect(back).to_be_hidden()
    stream.open()
    expect(first).to_be_visible()


def test_escape_closes_a_step_and_gives_the_focus_back(visit: Visit) -> None:
    stream = visit()
    button = stream.page.get_by_role("button", name=tour("ask"), exact=True)
    button.focus()
    stream.page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    stream.page.get_by_role("button", name=tour("ask_do")).focus()
    stream.page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
