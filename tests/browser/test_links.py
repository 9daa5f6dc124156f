"""Links and addresses: they open where somebody looked, with what was chosen there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.samples import text, titles
from tests.browser.conftest import StreamPage, linked
from tests.browser.rooms import lead
from titans_core.tokenizer import Tokenizer

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Visit = Callable[..., StreamPage]
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills. Tom likes soup."


def test_a_shared_link_opens_at_the_same_token_with_the_same_choices(open_page: Open, server: str) -> None:
    page = open_page("compare?models=MAC&models=LMM+deep")
    root, box = page.locator(".compare"), page.get_by_label("The text", exact=True)
    box.fill(STORY)
    box.press("Control+Enter")
    expect(root.locator(".text")).to_have_text(STORY, use_inner_text=False)
    page.get_by_role("radio", name="what is written").check()
    page.get_by_label("Whose numbers: all heads, or one").select_option("layer 2, head 1")
    root.locator(".column[data-name='lmm-deep']").hover()
    root.locator("[data-token='17']").click()
    page.get_by_role("button", name="Share").click()
    link = page.locator(".share code")
    expect(link).to_contain_text("token.18")
    other = open_page(link.inner_text().strip().removeprefix(server).removeprefix("/"))
    opened = other.locator(".compare")
    expect(opened).to_have_attribute("data-position", "17")
    expect(opened.locator(".text")).to_have_text(STORY, use_inner_text=False)
    for name in ("data-shade", "data-focus", "data-models"):
        expect(opened).to_have_attribute(name, root.get_attribute(name) or "")
    expect(opened).to_have_attribute("data-focus", "lmm-deep")
    expect(other.get_by_label("Whose numbers: all heads, or one")).to_have_value("1 0")


@pytest.mark.parametrize(
    "view",
    ["token.0", "token.99999999", "token.-1~shade.%3Cscript%3E", "~~.~__proto__.x~layer.9~head.9~shade"],
)
def test_a_link_to_a_place_that_is_none_opens_as_without_it(open_page: Open, view: str) -> None:
    page = open_page(f"compare?models=LMM&view=compare~{view}")
    page.wait_for_selector(".compare[data-position]")
    root = page.locator(".compare")
    last = len(Tokenizer.load().encode(text(titles()[0])))  # it may be shown before all of it is read
    expect(root.locator(".slider")).to_have_attribute("aria-valuemax", str(last))
    expect(root).to_have_attribute("data-position", str(last - 1))
    expect(root).to_have_attribute("data-shade", "surprise")


def test_the_address_tells_the_token_and_the_choices_and_opens_with_them(visit: Visit) -> None:
    page = visit(text=STORY)
    page.player.get_by_role("radio", name="what is written").check()
    page.player.get_by_role("radio", name="layer 2, head 3", exact=True).first.click()
    page.player.locator("[name=scope][value=one]").check()
    page.token(11).click()
    page.page.wait_for_url("**view=stream*token.12*")
    page.page.get_by_role("button", name="Share").click()
    link = page.page.locator(".share code")
    expect(link).to_contain_text("token.12")  # until then it is empty
    assert link.inner_text().startswith(f"{page.server}/?"), "every address has a path"
    again = visit("?" + link.inner_text().strip().partition("?")[2])
    assert (again.position, again.player.get_attribute("data-shade")) == (11, "write")
    assert {name: again.weights[name] for name in ("layer", "head")} == {"layer": 1, "head": 2}
    expect(again.player.locator("[name=scope][value=one]")).to_be_checked()
    again.slider.press("End")
    again.player.get_by_role("radio", name="surprise").check()
    again.page.wait_for_url(lambda url: "token" not in url and "shade" not in url)


def test_weights_takes_token_layer_and_head_along_in_a_link_and_for_a_class(
    open_page: Open, server: str
) -> None:
    page = open_page(linked("weights", STORY))
    code = lead(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    for group, label in (("Layer", "2"), ("Head", "3")):
        choice = page.get_by_test_id("stButtonGroup").filter(has_text=group)
        choice.get_by_role("radio", name=label).click()
        expect(choice.get_by_role("radio", name=label)).to_be_checked()
    page.get_by_role("slider", name="Tokens read").press("Home")
    page.get_by_role("slider", name="Tokens read").press("ArrowRight")
    told = "Head 3, layer 2. Shown, token 1, “Mara”"
    expect(page.get_by_text(told)).to_be_visible()
    page.get_by_role("button", name="Share").click()
    link = page.locator(".share code")
    expect(link).to_contain_text("weights-now=1")
    address = link.inner_text().strip().removeprefix(server).removeprefix("/")
    expect(open_page(address).get_by_text(told)).to_be_visible()
    expect(open_page(f"?room={code}").get_by_text(told)).to_be_visible()
    page.reload()
    expect(page.get_by_text(told)).to_be_visible()


def test_a_field_that_nobody_knows_is_told_until_something_is_done_and_the_rest_counts(
    open_page: Open,
) -> None:
    page = open_page(linked("?modell=mag&model=LMM&utm_source=mail", STORY))
    told = page.get_by_text("This address names “modell”, which the lab does not understand")
    expect(page.get_by_role("radio", name="LMM", exact=True)).to_be_checked()
    expect(page.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    expect(told).to_be_visible()
    page.get_by_role("radio", name="MAG", exact=True).click()
    expect(told).to_have_count(0)
