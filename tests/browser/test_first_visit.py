"""What a new user does without having read anything, from a text of their own to a link for somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

import titans_core as tc
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser
STORY = (
    "Nora put the blue coat in the cellar. The rain fell over the quiet hills, and nobody minded. "
    "Far away a train passed along the valley. The clouds came and went, and the evening was long. "
    "People came and people went, and the fire was small and warm."
)
QUESTION = "Where is the blue coat?"


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    opened.goto(server)
    yield opened
    context.close()


def test_from_a_text_of_ones_own_to_a_link_for_somebody_else(page: Page) -> None:
    surprising(page)
    who_remembers_and_from_where(page)
    forgetting_turned_up(page)
    sent_to_somebody(page)


def surprising(page: Page) -> None:
    """A text is pasted, and the words that surprised the memory most are the darkest."""
    page.wait_for_selector(".player[data-position]")
    page.get_by_label("The text", exact=True).fill(STORY)
    page.get_by_role("button", name="Read", exact=True).click()
    expect(page.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    shares = page.locator(".player .text").evaluate(
        "(text) => [...text.querySelectorAll('[data-token]')]"
        ".map((span) => [Number(span.dataset.token), Number(span.style.getPropertyValue('--share'))])"
    )
    surprise = tc.Stream(tc.load("mac")).feed(STORY)["surprise"].mean((1, 2))
    darkest = max(shares, key=lambda pair: float(surprise[pair[0]]))
    assert darkest[1] == max(share for _, share in shares) == 1


def who_remembers_and_from_where(page: Page) -> None:
    """The same text stands on Compare; a question is asked, and every model tells what it knows and since
    when."""
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(".compare[data-position]")
    page.get_by_label("A question about the text").fill(QUESTION)
    page.get_by_role("button", name="Ask").click()
    for name in ("mac", "mag", "mal"):
        stream = tc.Stream(tc.load(name))
        tokens = stream.feed(STORY).tokens
        answer = stream.ask(QUESTION)
        column = page.locator(f".column[data-name={name}]")
        expect(column.locator(".bare")).to_have_text(answer.text or "(nothing)")
        source = "no token is named" if answer.source is None else f"“{tokens[answer.source].strip()}”"
        expect(column.locator(".origin")).to_contain_text(source)


def forgetting_turned_up(page: Page) -> None:
    """The text and the question stand on Intervene; with much forgetting the answer is gone."""
    page.get_by_role("link", name="Intervene").click()
    answers = page.locator(".intervene .answers")
    expect(answers.locator(".original .bare")).to_have_text("cellar")
    page.get_by_role("button", name="Forget fast").click()
    expect(page.locator(".intervene.answers-differ")).to_have_count(1)
    expect(answers.locator(".original .bare")).to_have_text("cellar")
    expect(answers.locator(".edited .bare")).not_to_have_text("cellar")


def sent_to_somebody(page: Page) -> None:
    """Somebody else opens the link and sees the same."""
    page.get_by_role("button", name="Share").click()
    link = page.locator(".share code")
    expect(link).to_have_text(re.compile("^http"))
    browser = page.context.browser
    assert browser is not None
    other = browser.new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(link.inner_text())
    expect(other.locator(".intervene .text")).to_have_text(STORY, use_inner_text=False)
    edited = page.locator(".intervene .answers .edited").inner_text()
    expect(other.locator(".intervene .answers .edited")).to_be_visible()
    assert other.locator(".intervene .answers .edited").inner_text() == edited
    other.close()
