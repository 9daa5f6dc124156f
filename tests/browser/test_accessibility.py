"""axe finds nothing serious on any page, light and dark, wide and narrow, once it shows what it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import linked
from tests.browser.looks import LIGHT, both_themes

pytestmark = pytest.mark.browser
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills."  # axe looks at every token
QUESTION = "Where is the red key?"
TALL = 3000  # pixels: axe judges no colours of what is scrolled out of sight
COLOURS = ("color-contrast", "link-in-text-block")  # the rules of axe that look at colours
SLIGHT = ("region", "table-duplicate-name")  # rules that are slow, and find nothing serious
Open = Callable[..., Page]


def show_stream(page: Page) -> None:
    page.wait_for_selector(".player[data-position]")


def ask(page: Page) -> None:
    page.get_by_label("A question about the text").fill(QUESTION)
    page.get_by_role("button", name="Ask").click()


def show_compare(page: Page) -> None:
    page.wait_for_selector(".compare[data-position]")
    ask(page)
    expect(page.locator(".compare .answer").first).to_be_visible()


def show_intervene(page: Page) -> None:
    page.wait_for_selector(".intervene[data-position]")
    ask(page)
    expect(page.locator(".intervene .answers")).to_be_visible()
    page.get_by_role("button", name="Forget fast").click()
    expect(page.locator(".intervene.answers-differ")).to_have_count(1)


def show_needle(page: Page) -> None:
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".needle")).to_be_visible()
    expect(page.locator(".needle td:empty")).to_have_count(0)


def show_weights(page: Page) -> None:
    expect(page.locator(".js-plotly-plot .heatmaplayer")).to_have_count(2)
    expect(page.get_by_test_id("stVegaLiteChart").locator(".marks")).to_be_visible()


def show_family(page: Page) -> None:
    expect(page.get_by_role("heading", name="A needle in a haystack")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator(".marks").first).to_be_visible()


def show_lessons(page: Page) -> None:
    expect(page.get_by_role("link", name="Surprise is a gradient")).to_be_visible()


def show_status(page: Page) -> None:
    expect(page.get_by_text("tokens/s")).to_be_visible()


VIEWS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "stream": (linked("", STORY), show_stream),
    "compare": (linked("compare?models=MAC&models=Attention", STORY), show_compare),
    "intervene": ("intervene", show_intervene),  # in a short text nothing is forgotten
    "needle": ("needle?length=256&searchers=LMM&searchers=Attention", show_needle),
    "weights": ("weights", show_weights),
    "family": ("family?family=Tables", show_family),
    "lessons": ("lessons", show_lessons),
    "status": ("status", show_status),
}


def in_every_look(
    page: Page, height: int = TALL, new: str = ""
) -> Iterator[tuple[tuple[str, int], list[str]]]:
    """What is serious in both themes, wide and narrow: colours in all four, all else once in each theme and
    once at each width. Where a page is known but for a ``new`` part, two of the four look at that alone."""
    for theme in both_themes(page):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": height})
            whole = (theme == "dark") == (width == 1280)
            yield (theme, width), serious(page) if whole else serious(page, COLOURS, new)


def serious(page: Page, rules: Sequence[str] = (), part: str = "") -> list[str]:
    """What axe finds wrong that keeps somebody from something, once the page is whole: while it runs,
    Streamlit lets what is still to come anew fade. All rules are tried where none are given, and the whole
    page where no ``part`` is."""
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    # not by their promises: those of transitions that nobody is shown are kept at times, and never
    page.wait_for_function("() => document.getAnimations().every((one) => one.playState !== 'running')")
    axe = Axe("") if page.evaluate("() => 'axe' in window") else Axe()
    chosen = {"runOnly": list(rules)} if rules else {"rules": {rule: {"enabled": False} for rule in SLIGHT}}
    run = axe.run(page, part or None, {"resultTypes": ["violations"], **chosen})
    return page.evaluate(PALE) + [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in run.response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


# Of charts axe judges no colours: letters at axes and legends that stand out less than 4.5 to 1 (WCAG AA).
PALE = """() => {
  const light = (color) => (LIGHT)(color.match(/[\\d.]+/g).slice(0, 3));
  const ground = light(getComputedStyle(document.querySelector(".stApp")).backgroundColor);
  const letters = ".role-axis-label text, .role-axis-title text, .role-legend-label text,"
    + ".role-legend-title text, .xtick text, .ytick text, .xtitle, .ytitle, .cbaxis text";
  return [...document.querySelectorAll(letters)].filter((one) => {
    const [a, b] = [ground, light(getComputedStyle(one).fill)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  }).map((one) => `pale: ${one.textContent} ${getComputedStyle(one).fill}`);
}""".replace("LIGHT", LIGHT)


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_keeps_anybody_from_a_page(open_page: Open, view: str) -> None:
    address, show = VIEWS[view]
    page = open_page(address, color_scheme="dark")
    show(page)
    for look, found in in_every_look(page):
        assert found == [], look


def test_nothing_keeps_anybody_from_sharing_and_exporting(open_page: Open) -> None:
    page = open_page(linked("", STORY), color_scheme="dark")
    show_stream(page)
    for name, told in (("Share", "This link opens"), ("Export", "Notebook")):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_test_id("stPopoverBody").get_by_text(told).first).to_be_visible()
        for theme in both_themes(page):
            light = (COLOURS, "[data-testid=stPopoverBody]") if theme == "light" else ()
            assert serious(page, *light) == [], (name, theme)
        page.keyboard.press("Escape")
