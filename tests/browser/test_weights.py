"""The Weights page in a real browser: what its pictures are drawn from is what the library computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import titans_core as tc
from app import models
from tests.browser.conftest import linked
from titans_core.tokenizer import Tokenizer
from titans_core.trace import Floats

pytestmark = pytest.mark.browser
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills. Tom likes soup"
MOVED = 9  # tokens read where the playhead is moved to
Open = Callable[..., Page]
DRAWN = """([number, expected]) => {
  const rows = document.querySelectorAll(".js-plotly-plot")[number]?._fullData?.[0]?.z;
  return rows?.length === expected.length && expected.every((row, i) =>
    row.length === rows[i].length && row.every((weight, j) => Math.abs(weight - rows[i][j]) < 1e-4));
}"""  # whether a picture is there, and of these weights


def visit(open_page: Open, name: str) -> Page:
    """Open the page with the story read by a model."""
    page = open_page(linked(f"weights?weights-model={models.title(name)}", STORY))
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page.locator(".passage mark")).to_have_text("soup")
    told = stream(name).position
    expect(page.get_by_role("heading", name=f"Weights after token {told}, “soup”")).to_be_visible()
    return page


def stream(name: str) -> tc.Stream:
    found = tc.Stream(tc.load(name))
    found.feed(STORY)
    return found


def expect_drawn(page: Page, number: int, expected: Floats) -> None:
    """Wait until the first picture is of these weights, or the second of this change."""
    page.wait_for_function(DRAWN, arg=[number, expected.tolist()])


def choose(page: Page, group: str, label: str) -> None:
    page.get_by_test_id("stButtonGroup").filter(has_text=group).get_by_role("radio", name=label).click()


def check(page: Page, place: tuple[int, str], head: int, now: tc.Stream, before: tc.Stream) -> None:
    """Both pictures are of this place in these streams."""
    expected = now.weights()[place][head]
    expect_drawn(page, 0, expected)
    expect_drawn(page, 1, expected - before.weights()[place][head])


# MAC writes at a segment's end; the others write as LMM does
@pytest.mark.parametrize("name", ["mac", "lmm"])
def test_the_weights_drawn_are_the_streams_after_the_token_shown(open_page: Open, name: str) -> None:
    page, read = visit(open_page, name), stream(name)
    check(page, (0, "W1"), 0, read, read.at(read.position - 1))
    choose(page, "Layer", "2")
    choose(page, "Head", "3")
    check(page, (1, "W1"), 2, read, read.at(read.position - 1))
    slider = page.get_by_role("slider", name="Tokens read")
    slider.press("Home")
    for _ in range(MOVED):
        slider.press("ArrowRight")
    expect(page.get_by_role("heading", name=f"Weights after token {MOVED}")).to_be_visible()
    check(page, (1, "W1"), 2, read.at(MOVED), read.at(MOVED - 1))
    assert np.abs(read.at(MOVED).weights()[1, "W1"][2] - read.weights()[1, "W1"][2]).max() > 1e-3


def test_a_longer_text_leaves_the_playhead_where_it_stood(open_page: Open) -> None:
    page = open_page("weights")
    slider, box = page.get_by_role("slider").first, page.get_by_label("The text", exact=True)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    told, longer = slider.input_value(), " ".join([box.input_value()] * 6)
    box.fill(longer)
    box.press("Control+Enter")
    expect(slider).to_have_attribute("max", str(len(Tokenizer.load().encode(longer))))
    expect(page.get_by_role("heading", name=f"Weights after token {told}, ")).to_be_visible()
    expect(slider).to_have_value(told)


def test_a_deep_memory_shows_each_of_its_matrices(open_page: Open) -> None:
    page, read = visit(open_page, "mal-deep"), stream("mal-deep")
    for label, place in (("W1", (0, "W1")), ("W2", (0, "W2"))):
        choose(page, "Matrix", label)
        expect(page.get_by_text(f"Head 1, layer 1, {label}.")).to_be_visible()
        check(page, place, 0, read, read.at(read.position - 1))
    assert read.weights()[0, "W1"].shape != read.weights()[0, "W2"].shape


def test_a_matrix_is_about_as_wide_as_its_column(open_page: Open) -> None:
    page = visit(open_page, "lmm")
    column = page.locator(".st-key-weights-shown .stColumn").first
    picture = column.locator(".heatmaplayer image")
    page.wait_for_function(
        "([drawn, room]) => drawn.getBoundingClientRect().width > 0.7 * room.clientWidth",
        arg=[picture.element_handle(), column.element_handle()],
    )
