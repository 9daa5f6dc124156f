"""The Compare page in a real browser: its numbers are the library's, and all columns follow one playhead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import titans_core as tc
from app import models
from tests.browser.conftest import PATIENCE, linked, spoken
from tests.browser.looks import both_themes, settled
from titans_core.tokenizer import Tokenizer

pytestmark = pytest.mark.browser
STORY = (
    "Mara put the red key in the attic. The rain fell over the quiet hills.\n\n"
    "“Tom likes soup,” she said. The code for the blue box is 4 0 7 1. Ivy has a pet owl.\n"
    "Far away a train passed along the valley, and nobody said a word about the weather."
)
QUESTION = "Where is the red key?"
STARTING = ("mac", "mag", "mal")


class ComparePage:
    """The Compare page as a person uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".compare")
        self.text = self.root.locator(".text")
        self.slider = self.root.locator(".slider")

    def open(self, address: str, text: str) -> ComparePage:
        self.page.goto(linked(address, text))
        expect(self.text).to_have_text(text, use_inner_text=False)
        expect(self.page.get_by_test_id("stProgress")).to_have_count(0)  # what is below it moves as it goes
        return self

    def ask(self, question: str) -> None:
        self.page.get_by_label("A question about the text").fill(question)
        self.page.get_by_role("button", name="Ask").click()
        expect(self.root.locator(".answer").first).to_be_visible()
        # each that comes puts all columns in their place anew, and takes the focus from them
        expect(self.root.locator(".column .answer[hidden]")).to_have_count(0)

    def settle(self) -> None:
        """Wait until the browser has painted what was asked for, in every column."""
        settled(self.page, 6)

    def column(self, name: str) -> Locator:
        return self.root.locator(f".column[data-name='{name}']")

    def token(self, index: int) -> Locator:
        return self.text.locator(f"[data-token='{index}']")

    def go_to(self, token: int) -> None:
        """By keys alone."""
        self.slider.press("Home")
        for _ in range(token):
            self.slider.press("ArrowRight")
        self.settle()
        assert self.root.get_attribute("data-shown") == str(token)

    def value(self, name: str, quantity: str) -> float:
        return spoken(self.column(name).locator(f"output[data-quantity={quantity}]").inner_text())

    def listed(self, name: str, part: str) -> list[tuple[str, str]]:
        """The names and shares of one of a column's lists."""
        rows = self.column(name).locator(f".{part} li")
        return [
            (row.locator("span").inner_text(), row.locator("b").inner_text())
            for row in rows.all()
            if row.locator("b").inner_text()
        ]

    @property
    def marked(self) -> set[int]:
        """The tokens that arcs lead to."""
        self.settle()
        found = self.text.locator(".source").evaluate_all("(spans) => spans.map((s) => +s.dataset.token)")
        return set(found)

    @property
    def attribution(self) -> dict[str, list[list[list[float]]]]:
        self.settle()
        found: dict[str, list[list[list[float]]]] = self.root.evaluate("(root) => root.attributionShown()")
        return found


Visit = Callable[..., ComparePage]


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Open the page in a fresh browser context; whatever the console complains of fails the test."""
    contexts, complaints = [], []

    def complain(message: Any) -> None:
        # Streamlit looks for its own files beside the page's address first
        if message.type == "error" and "/compare/_stcore/" not in message.location["url"]:
            complaints.append(message.text)

    def opened(*names: str, text: str = STORY, width: int = 1280, **context: Any) -> ComparePage:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        query = "&".join(f"models={models.title(name)}" for name in names)
        return ComparePage(page).open(f"{server}/compare?{query}", text)

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@cache
def read(name: str) -> tuple[tc.Stream, tc.Trace]:
    """The story as the library reads it."""
    stream = tc.Stream(tc.load(name))
    return stream, stream.feed(STORY, writes=True, without=True)


def percent(share: float) -> str:
    """A share as the page writes it."""
    if share >= 0.9995 or share == 0:
        return f"{100 * share:.0f}%"
    return f"{100 * share:.1f}%" if share >= 0.001 else "<0.1%"


def word(token: str) -> str:
    return token[1:] if len(token) > 1 and token[0] == " " else token.replace("\n", "↵")


def check_guesses(shown: list[tuple[str, str]], ids: Any, probabilities: Any) -> None:
    """Five tokens and their shares, to the last digit shown."""
    strings = [Tokenizer.load().name(int(i)) for i in ids]
    assert [name for name, _ in shown] == [word(string) for string in strings]
    for (_, text), share in zip(shown, probabilities, strict=True):
        told = float(text.strip("<%"))
        assert told == pytest.approx(100 * float(share), abs=0.11)


def test_every_column_shows_the_numbers_that_the_library_has(visit: Visit) -> None:
    page = visit()
    for token in (3, 40):
        page.go_to(token)
        check_numbers(page, token)


def check_numbers(page: ComparePage, token: int) -> None:
    """All that the three columns tell of a token."""
    for name in STARTING:
        _, trace = read(name)
        for quantity in ("surprise", "write", "momentum", "eta", "theta", "alpha", "retrieval"):
            expected = float(trace[quantity][token].mean())
            assert page.value(name, quantity) == pytest.approx(expected, rel=0.05, abs=1e-6), quantity
        assert page.value(name, "nll") == pytest.approx(float(trace["nll"][token]), rel=0.05)
        gate = page.column(name).locator("[data-number=gate]").text_content() or ""
        assert spoken(gate) == pytest.approx(float(trace["gate"][token].mean()), rel=0.01)
        worth = float(trace["nll_without"][token] - trace["nll"][token])
        assert page.value(name, "worth") == pytest.approx(worth, rel=0.05, abs=2e-3)
        assert trace.guesses is not None and trace.guesses_without is not None
        check_guesses(page.listed(name, "guesses"), *(part[token] for part in trace.guesses))
        check_guesses(page.listed(name, "guesses-without"), *(part[token] for part in trace.guesses_without))
        check_guesses(page.listed(name, "lens"), *(part[token] for part in trace.writes[-1].lens))
    readout = page.column("mac").locator("[data-number=readout]").text_content() or ""
    assert spoken(readout) == pytest.approx(float(read("mac")[1]["readout"][token].mean()), rel=0.01)


@pytest.mark.parametrize("names", [("mac", "mag", "mal"), ("lmm", "lmm-deep")])
def test_the_attribution_is_the_librarys_and_sums_to_what_was_retrieved(
    visit: Visit, names: tuple[str, ...]
) -> None:
    """In MAC token 5 reads M₀, 30 the last of the first segment, 31 and 70 what segments before wrote."""
    page = visit(*names)
    last = len(read(names[0])[1]) - 1
    for token in (0, 5, 30, 31, 70, last):
        page.go_to(token) if token < last else page.slider.press("End")
        found = page.attribution
        assert set(found) == set(names)
        for name in names:
            stream, trace = read(name)
            shown = np.array(found[name])
            np.testing.assert_allclose(shown, stream.at(token + 1).attribution(), atol=1e-4)
            np.testing.assert_allclose(shown.sum(-1), trace["retrieval"][token], atol=1e-4)


def strongest(stream: tc.Stream, token: int, place: tuple[Any, Any] = (slice(None), slice(None))) -> set[int]:
    """The three earlier tokens that gave most."""
    given = stream.at(token + 1).attribution()[place].reshape(-1, token + 2).sum(0)[:token]
    return {int(i) for i in given.argsort()[-3:] if given[i] > 0}


def shown_at(tokens: set[int]) -> set[int]:
    """A token without text of its own is shown at the one that completes it."""
    strings = read("mac")[1].tokens
    return {next(i for i in range(token, len(strings)) if strings[i]) for token in tokens}


def test_arcs_lead_to_the_tokens_that_wrote_most_of_what_the_column_in_focus_reads(visit: Visit) -> None:
    page = visit()
    page.go_to(45)
    for key, name in enumerate(STARTING, 1):
        page.slider.press(str(key))
        expect(page.root).to_have_attribute("data-focus", name)
        expected = strongest(read(name)[0], 45)
        assert page.marked == shown_at(expected)
        notes = (
            page.column(name).locator(".sources li span").evaluate_all("(s) => s.map((e) => e.dataset.note)")
        )
        assert {int(note) - 1 for note in notes if note} == expected


def test_one_head_alone_can_be_looked_at(visit: Visit) -> None:
    page = visit()
    page.go_to(45)
    page.root.locator(".heads").select_option("layer 2, head 3")
    page.settle()
    for name in STARTING:
        assert page.value(name, "surprise") == pytest.approx(
            float(read(name)[1]["surprise"][45, 1, 2]), rel=0.01
        )
    assert page.marked == shown_at(strongest(read("mac")[0], 45, (1, 2)))


def test_hovering_over_one_columns_curve_moves_all_of_them(visit: Visit) -> None:
    page = visit()
    count = len(read("mac")[1])
    canvas = page.column("mal").locator(".row canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 6)
    page.settle()
    token = int(page.root.get_attribute("data-shown") or -1)
    assert token == int(0.4 * count) or token == pytest.approx(0.4 * count, abs=1)
    assert page.root.get_attribute("data-position") == str(count - 1)
    assert page.root.get_attribute("data-focus") == "mal"
    for name in STARTING:
        expected = float(read(name)[1]["surprise"][token].mean())
        assert page.value(name, "surprise") == pytest.approx(expected, rel=0.01)


def test_keys_step_play_and_free_all_columns_together(visit: Visit) -> None:
    page = visit()
    page.column("mag").focus()
    expect(page.root).to_have_attribute("data-focus", "mag")
    page.page.keyboard.press("Home")
    page.page.keyboard.press("ArrowRight")
    page.settle()
    assert page.root.get_attribute("data-position") == "1"
    for name in STARTING:
        expected = float(read(name)[1]["theta"][1].mean())
        assert page.value(name, "theta") == pytest.approx(expected, rel=0.01)
    page.page.keyboard.press("Space")
    expect(page.root.get_by_role("button", name="Pause")).to_be_visible()
    page.page.keyboard.press("Space")
    page.token(7).click()
    page.token(2).hover()
    page.settle()
    assert page.root.get_attribute("data-shown") == "7"
    page.page.keyboard.press("Escape")
    page.token(3).hover()
    page.settle()
    assert page.root.get_attribute("data-shown") == "3"


def test_every_model_answers_with_and_without_memory_and_shows_where_it_was_written(visit: Visit) -> None:
    page = visit("mac", "mag", "attention")
    page.ask(QUESTION)
    expect(page.text.locator(".asked")).to_have_text(QUESTION)
    for name in ("mac", "mag", "attention"):
        stream, trace = read(name)
        answer = stream.ask(QUESTION)
        column = page.column(name)
        expect(column.locator(".bare")).to_have_text(answer.text)
        expect(column.locator(".says")).to_have_text("answers" if answer.known else "does not know, and says")
        assert page.listed(name, "with") == values(answer.candidates)
        if answer.source is None:
            expect(column.locator(".origin")).to_contain_text("No memory")
            continue
        assert page.listed(name, "without") == values(answer.candidates_without)
        ago = len(trace) - 1 - answer.source
        expect(column.locator(".origin")).to_have_text(
            f"written at token {answer.source + 1}, “{word(trace.tokens[answer.source])}”, {ago} tokens ago"
        )
        column.locator(".answer").focus()
        assert page.marked == {answer.source}


def values(candidates: list[tuple[str, float]]) -> list[tuple[str, str]]:
    return [(text or "(nothing)", percent(p)) for text, p in candidates]


def test_what_no_model_knows_is_said_to_be_unknown_and_comes_from_no_token(visit: Visit) -> None:
    page = visit("mac", "lmm")
    page.ask("What is the weather on Mars?")
    for name in ("mac", "lmm"):
        column = page.column(name)
        expect(column.locator(".says")).to_have_text("does not know, and says")
        expect(column.locator(".origin")).to_contain_text("no token is named")
        answer = read(name)[0].ask("What is the weather on Mars?")
        assert not answer.known and answer.source is None
        page.go_to(0)  # where nothing was written before
        column.locator(".answer").focus()
        assert page.marked == set()


def test_a_model_is_added_and_the_place_in_the_text_is_kept(visit: Visit) -> None:
    page = visit("mac")
    page.go_to(12)
    page.page.get_by_role("button", name="Attention").click()
    expect(page.column("attention")).to_be_visible()
    page.settle()
    assert page.root.get_attribute("data-position") == "12"
    nll = float(read("attention")[1]["nll"][12])
    assert page.value("attention", "nll") == pytest.approx(nll, rel=0.01)


def test_attention_alone_has_no_memory_to_show(visit: Visit) -> None:
    page = visit("attention")
    page.go_to(20)
    column = page.column("attention")
    assert column.locator("output").count() == 1
    for part in (".memory", ".lens", ".sources", ".guesses-without"):
        expect(column.locator(part)).to_be_hidden()
    expect(page.root.get_by_text("there is no memory to surprise")).to_be_visible()
    trace = read("attention")[1]
    assert trace.guesses is not None
    check_guesses(page.listed("attention", "guesses"), *(part[20] for part in trace.guesses))
    assert page.marked == set() and page.attribution == {}


def test_playing_scrubbing_and_choosing_never_ask_the_server(visit: Visit) -> None:
    page = visit()
    sent: list[object] = []
    page.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.page.reload()
    page.page.wait_for_selector(".compare[data-position]")
    expect(page.text).to_have_text(STORY, use_inner_text=False)  # the tab has told whose it is
    expect(page.page.get_by_test_id("stProgress")).to_have_count(0)  # while it is there, it asks
    page.settle()
    sent.clear()
    page.go_to(4)
    page.slider.press("2")
    page.root.get_by_role("radio", name="what is written").check()
    page.root.locator(".heads").select_option("layer 1, head 2")
    page.token(3).hover()
    page.slider.press("Space")
    page.page.wait_for_timeout(300)
    assert sent == []


def test_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    page = visit(width=390, color_scheme="dark")
    page.ask(QUESTION)
    for theme in both_themes(page.page):
        expect(page.root).to_have_attribute("data-theme", theme)
        for width in (390, 1280):
            page.page.set_viewport_size({"width": width, "height": 900})
            page.settle()
            check_widths(page, width)


def check_widths(page: ComparePage, width: int) -> None:
    """Neither the page nor a part of it is wider, and nothing stands out of its column."""
    assert page.page.evaluate("() => document.documentElement.scrollWidth") <= width
    wide = page.root.evaluate(
        "(root) => [...root.querySelectorAll('*:not(.arcs, .arcs *)')].filter((e) => e.checkVisibility()"
        "&& e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className || e.tagName)"
    )
    assert wide == []
    assert page.root.evaluate(CUT) == []


CUT = """(root) => [...root.querySelectorAll(".column")].flatMap((column) => {
  const { left, right } = column.getBoundingClientRect();
  const told = [...column.querySelectorAll("text, .value, h2, h3, li b")].filter((e) => e.checkVisibility());
  return told.filter((e) => {
    const box = e.getBoundingClientRect();
    return box.left < left || box.right > right || (e.matches("h3") && e.scrollWidth > e.clientWidth);
  }).map((e) => e.textContent);
})"""  # what of a column's words and numbers stands out of it, or is cut


@pytest.mark.parametrize("width", [390, 1280])
def test_what_stands_in_a_diagram_touches_neither_a_box_nor_its_neighbour(visit: Visit, width: int) -> None:
    page = visit(width=width)
    page.settle()
    assert page.root.locator(".diagram:visible").evaluate_all(TIGHT, 3) == []


TIGHT = """(diagrams, room) => diagrams.flatMap((diagram) => {
  const all = (what) => [...diagram.querySelectorAll(what)];
  const boxes = (what) => all(what).map((e) => [e.textContent || "a box", e.getBBox()]);
  const beside = (a, b) => Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 3;
  const apart = (a, b) => Math.max(a.x - b.x - b.width, b.x - a.x - a.width) >= room;
  const within = (a, b) => Math.min(a.x - b.x, b.x + b.width - a.x - a.width) >= room;
  const texts = boxes(".name text, .port text, .number");
  const tight = (text, n) => [...texts.slice(n + 1), ...boxes(".box rect")]
    .filter(([, b]) => beside(text[1], b) && !apart(text[1], b))
    .filter(([told, b]) => told !== "a box" || !within(text[1], b))
    .map(([told]) => `${text[0]} at ${told}`);
  return texts.flatMap(tight);
})"""  # what stands less than so many units beside something else, or within a box beside its sides


def test_a_narrow_screen_shows_one_column_at_a_time(visit: Visit) -> None:
    page = visit(width=390)
    expect(page.column("mac")).to_be_visible()
    expect(page.column("mal")).to_be_hidden()
    page.root.locator(".tabs").get_by_role("radio", name="MAL").check()
    page.go_to(9)
    expect(page.column("mac")).to_be_hidden()
    expected = float(read("mal")[1]["surprise"][9].mean())
    assert page.value("mal", "surprise") == pytest.approx(expected, rel=0.01)


def test_everything_that_acts_or_is_drawn_has_a_name(visit: Visit) -> None:
    page = visit()
    page.settle()
    nameless = page.root.evaluate(
        "(root) => [...root.querySelectorAll('button, select, [role]')]"
        ".filter((e) => !e.getAttribute('aria-label')).map((e) => e.outerHTML)"
    )
    assert nameless == []
