"""The lab is served from far away: what is said and heard arrives late, and people do not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

FAR_AWAY = """(heard, said) => {  // milliseconds that a message is on its way to the browser, and from it
  const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
  const after = (hear) => (event) => setTimeout(() => hear(event), heard);
  const property = { set(hear) { set.call(this, hear && after(hear)); } };
  Object.defineProperty(WebSocket.prototype, "onmessage", property);
  const { addEventListener, send } = WebSocket.prototype;
  WebSocket.prototype.addEventListener = function (type, hear, ...how) {
    addEventListener.call(this, type, type === "message" ? after(hear) : hear, ...how);
  };
  WebSocket.prototype.send = function (message) {
    setTimeout(() => this.readyState === WebSocket.OPEN && send.call(this, message), said);
  };
}"""


@pytest.fixture
def far_away(browser: Browser) -> Iterator[Open]:
    """A page in a browser that hears, and is heard, so many milliseconds later."""
    with ExitStack() as contexts:

        def opened(heard: int, said: int) -> Page:
            context = contexts.enter_context(browser.new_context(viewport={"width": 1280, "height": 900}))
            context.add_init_script(f"({FAR_AWAY})({heard}, {said})")
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            return page

        yield opened


def rested(page: Page) -> None:
    """Wait until nothing was asked for a while, nor is being answered."""
    quiet = "document.querySelector('[data-test-script-state=notRunning]')"
    page.wait_for_function(
        f"() => {{ if (!{quiet}) window.busyAt = performance.now(); "
        "return performance.now() - (window.busyAt ??= performance.now()) > 3500; }"
    )


@pytest.mark.parametrize("name", ["Family", "Compare"], ids=["to another page", "and back"])
def test_the_last_of_two_quick_links_counts_whatever_the_first_page_says_as_it_comes(
    far_away: Open, server: str, name: str
) -> None:
    """The lessons ask the browser what is kept of them as soon as they are there: that is a run of theirs."""
    page = far_away(400, 0)
    for warm in ("lessons", name.lower()):  # so that one comes while the other is being asked for
        page.goto(f"{server}/{warm}")
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_selector("[data-test-script-state=notRunning]")
    page.goto(f"{server}/compare")
    page.wait_for_selector(".compare[data-position]")
    page.get_by_role("link", name="Lessons", exact=True).click()
    page.wait_for_timeout(200)
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_timeout(3000)  # by now the lessons were there, and went on to the other or stayed
    expect(page).to_have_url(f"{server}/{name.lower()}")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_pages_pressed_quickly_lead_to_the_last(far_away: Open, server: str) -> None:
    """Streamlit answers with references to messages that the browser has; it had let them go by then."""
    page = far_away(1500, 1500)
    page.goto(server)
    page.wait_for_selector(".player[data-position]")
    rested(page)
    for wait in (2800, 3600):
        box = page.get_by_label("The text", exact=True)
        box.press("Control+End")
        box.type(" Ivy has an owl.")
        page.get_by_role("link", name="Intervene", exact=True).click()
        page.wait_for_timeout(wait)
        page.get_by_role("link", name="Compare", exact=True).click()
        page.wait_for_timeout(200)
        page.get_by_role("link", name="Stream", exact=True).click()
        rested(page)
        expect(page).to_have_url(f"{server}/")
        expect(page.locator("[data-test-connection-state=CONNECTED]")).to_be_attached()
        expect(page.locator(".player[data-position]")).to_be_visible()


def test_an_edit_begins_with_the_token_that_was_picked_just_before(far_away: Open, server: str) -> None:
    page = far_away(400, 400)
    page.goto(f"{server}/intervene")
    page.wait_for_selector(".intervene[data-position]")
    rested(page)
    page.locator(".intervene .text [data-token='20']").click()
    page.wait_for_timeout(300)  # longer than that of a double click
    page.get_by_role("button", name="Wipe", exact=True).click()
    expect(page.locator(".st-key-edit-list")).to_contain_text("wiped, before token 21")


def test_each_edit_goes_by_its_own_cross(far_away: Open, server: str) -> None:
    page = far_away(400, 400)
    page.goto(f"{server}/intervene?v=1&sample=The+lighthouse&edits=eta%3D0.0%3Bwrite%3Doff%3Bread%3Doff")
    edits = page.locator(".st-key-edit-list")
    expect(edits).to_contain_text("no reading")
    rested(page)
    for edit in ("η = 0", "no writing"):
        edits.get_by_role("button", name=edit).click()
        page.wait_for_timeout(300)
    expect(edits).not_to_contain_text("no writing")
    expect(edits).to_contain_text("no reading")


def test_a_text_that_is_typed_before_the_sample_comes_stays(far_away: Open, server: str) -> None:
    page = far_away(1500, 1500)
    page.goto(server)
    page.wait_for_selector(".player[data-position]")
    rested(page)
    page.get_by_role("button", name="The lighthouse").click()
    box = page.get_by_label("The text", exact=True)
    box.fill("My own words, typed at once.")
    box.press("Control+Enter")
    expect(page.locator(".player .text")).to_have_text("My own words, typed at once.")
    rested(page)
    expect(box).to_have_value("My own words, typed at once.")
