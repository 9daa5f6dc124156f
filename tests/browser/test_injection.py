"""Whatever is typed, linked or uploaded is shown as the text that it is, and nothing of it runs.

The corpus in payloads.txt is what one tries who wants a page to run a script of theirs. Chromium is told to
let scripts run here, against our own policy: it is the pages that must not be led astray, and the policy
(test_policy.py) is there for the day when one is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from app import permalink
from tests.browser.conftest import PATIENCE
from tests.browser.rooms import door

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAYLOADS = Path(__file__).with_name("payloads.txt").read_text(encoding="utf-8").splitlines()
CORPUS = "\n".join(PAYLOADS)
IMAGE = "<img data-xss src=x onerror=window.xss=1>"
Open = Callable[[str], Page]
# Everything that came of a payload other than text, in the page and in every shadow root of it.
LED_ASTRAY = """() => {
  const found = window.xss === undefined ? [] : ["a script ran"];
  const walk = (root) => {
    for (const one of root.querySelectorAll("*")) {
      for (const { name, value } of one.attributes)
        if (name === "data-xss" || /^\\W*javascript:/i.test(value) || (/^on/.test(name) && /xss/.test(value)))
          found.push(`${one.localName} ${name}=${value}`);
      if (one.shadowRoot) walk(one.shadowRoot);
    }
  };
  walk(document);
  return found;
}"""


@pytest.fixture
def lure(browser: Browser, server: str) -> Iterator[Open]:
    """Open a view where scripts would run; at the end none has, and nothing has become of a payload but
    text."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    asked: list[str] = []
    errors: list[str] = []

    def opened(address: str) -> Page:
        page = context.new_page()
        page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: asked.append(request.url) if ":1/" in request.url else None)
        page.goto(f"{server}/{address}")
        return page

    yield opened
    for page in context.pages:
        assert page.evaluate(LED_ASTRAY) == [], page.url
    context.close()
    assert (asked, errors) == ([], [])


def read(page: Page, text: str = CORPUS) -> None:
    """Have a text read."""
    box = page.get_by_label("The text", exact=True)
    box.fill(text)
    box.press("Control+Enter")


def ask(page: Page, question: str) -> None:
    """Ask it."""
    page.get_by_label("A question about the text").fill(question)
    page.get_by_role("button", name="Ask").click()


def test_the_corpus_runs_where_it_is_taken_for_html(browser: Browser) -> None:
    """Else it would show nothing that nothing of it runs."""
    page = browser.new_page()
    page.set_content("".join(f"<div>{payload}</div>" for payload in PAYLOADS if IMAGE in payload))
    page.wait_for_function("() => window.xss === 1")
    assert len(page.evaluate(LED_ASTRAY)) > 5
    page.close()


def test_the_stream_page_shows_it_as_text(lure: Open) -> None:
    page = lure("")
    page.wait_for_selector(".player[data-position]")
    read(page)
    shown = page.locator(".player .text")
    expect(shown).to_have_text(CORPUS, use_inner_text=False)
    page.get_by_placeholder("What comes next.").fill(IMAGE)
    page.get_by_role("button", name="Read on").click()
    expect(shown).to_have_text(CORPUS + IMAGE, use_inner_text=False)
    page.locator(".player [data-token='9']").hover()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save picture").first.click()
        page.get_by_role("menuitem", name="SVG").first.click()
    picture = Path(saved.value.path()).read_text(encoding="utf-8")
    assert "<img" not in picture and "<script" not in picture


@pytest.mark.parametrize("view", ["compare", "intervene"])
def test_a_page_with_questions_shows_it_as_text(lure: Open, view: str) -> None:
    page = lure("compare?models=MAC&models=LMM" if view == "compare" else view)
    root = page.locator(f".{view}")
    page.wait_for_selector(f".{view}[data-position]")
    read(page)
    expect(root.locator(".text").first).to_have_text(CORPUS, use_inner_text=False)
    for payload in PAYLOADS[:1] + [IMAGE]:
        ask(page, payload)
        expect(page.get_by_label("A question about the text")).to_have_value(payload)
        expect(root.locator(".asked, .question").first).to_have_text(payload, use_inner_text=False)
        expect(root.locator(".answers, .answer").first).to_be_visible()


def test_the_needle_page_shows_it_as_text(lure: Open) -> None:
    page = lure("needle?length=256&searchers=LMM")
    for label in ("The fact", "The question", "The right answer"):
        page.get_by_label(label, exact=True).fill(CORPUS.replace("\n", " ")[:390])
        page.get_by_label(label, exact=True).press("Enter")
    expect(page.locator(".passage").first).to_contain_text("<script data-xss>")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".needle td b").first).to_be_visible()


def test_the_weights_page_shows_it_as_text(lure: Open) -> None:
    page = lure("weights")
    expect(page.locator(".js-plotly-plot .heatmaplayer")).to_have_count(2)
    read(page)
    expect(page.locator(".passage").first).to_contain_text("onerror=")
    expect(page.get_by_role("heading", name="Weights after token").first).to_be_visible()


def test_a_link_s_text_and_question_are_shown_as_text(lure: Open) -> None:
    fields = {"v": "1", "text": permalink.pack(CORPUS), "ask": IMAGE}
    page = lure(f"compare?models=LMM&{urlencode(fields)}")
    expect(page.locator(".compare .text").first).to_have_text(CORPUS + IMAGE, use_inner_text=False)
    expect(page.get_by_label("A question about the text")).to_have_value(IMAGE)


BAD_LINKS: dict[str, Any] = {
    "compare": {"v": IMAGE, "text": "x", "models": IMAGE, "view": f"compare~shade.{IMAGE}~token.{IMAGE}"},
    "intervene": {"v": "1", "edits": f"alpha=0.2;{IMAGE}", "edited-model": IMAGE},
    "needle": {"fact": IMAGE, "needle_question": IMAGE, "answer": IMAGE, "searchers": IMAGE, "length": IMAGE},
    "weights": {"v": "1", "sample": IMAGE, "text": IMAGE, "layer": IMAGE, "part": IMAGE},
    "lessons": {"lesson": IMAGE, "step": IMAGE},
    "appendix": {"chapter": IMAGE, "term": IMAGE},
    "": {"room": IMAGE, "v": "1", "ask": IMAGE, "step-of-class": IMAGE, "model": IMAGE},
    quote(IMAGE): {IMAGE: IMAGE},
}


@pytest.mark.parametrize("path", BAD_LINKS)
def test_a_link_that_makes_no_sense_runs_nothing(lure: Open, path: str) -> None:
    page = lure(f"{path}?{urlencode(BAD_LINKS[path])}#{quote(IMAGE)}")
    expect(page.get_by_role("button", name="Class", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()


def test_a_room_s_code_is_shown_as_text(lure: Open) -> None:
    page = lure("")
    door(page)
    told = page.get_by_text("There is no room with this code").first
    for code in ("<img src=x>", "<svg onload="):
        page.get_by_label("Or join with your teacher’s code").fill(code)
        page.get_by_role("button", name="Join").click()
        expect(told).to_be_visible()
        page.keyboard.press("Escape")
        expect(told).to_be_hidden()
        door(page)


def test_an_upload_and_its_name_are_shown_as_text(lure: Open) -> None:
    page = lure("")
    page.wait_for_selector(".player[data-position]")
    page.get_by_role("button", name="Upload").click()
    upload = page.locator("input[type=file]")
    named = {"name": f"{IMAGE}.txt", "mimeType": "text/html", "buffer": CORPUS.encode()}
    upload.set_input_files(named)  # type: ignore[arg-type]
    expect(page.locator(".player .text")).to_have_text(CORPUS, use_inner_text=False)


def test_progress_that_holds_it_is_refused_or_shown_as_text(lure: Open) -> None:
    page = lure("lessons")
    # what the browser kept is told by now: told later, it would take the answer to the file away
    page.wait_for_function("() => localStorage.getItem('titans-lab-progress') !== null")
    page.get_by_role("button", name="Load").click()
    record = {"steps": {"1": IMAGE, "2": [IMAGE]}, "checks": {}}
    lessons = {IMAGE: record, "surprise": record, "__proto__": record}
    content = json.dumps({"titans-lab-progress": 1, "lessons": lessons}).encode()
    page.locator("input[type=file]").set_input_files(
        {"name": f"{IMAGE}.json", "mimeType": "application/json", "buffer": content}
    )
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
