"""A picture of what a page shows at a token, as SVG or PNG: true to the page, and nothing but a picture."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import linked
from tests.browser.looks import both_themes, settled
from titans_core.tasks import filler
from titans_core.tokenizer import Tokenizer

pytestmark = pytest.mark.browser
SVG = "{http://www.w3.org/2000/svg}"
STORY = (
    "Mara put the red key in the attic. The rain fell over the quiet hills.\n"
    "Tom likes soup, and Ivy has a pet owl."
)
RIGHT_TO_LEFT = "שלום עולם مرحبا"
HOSTILE = (
    "<script>alert(1)</script> & \"]]>' \u0001\u0007\u000b\ufffe <b onload='x'>x</b> &amp; &#0; "
    "\U0001f989 \U0001f469‍\U0001f469‍\U0001f467 " + RIGHT_TO_LEFT
)
ADDRESSES = {"player": "", "compare": "compare", "intervene": "intervene?edited-model=MAC"}
MARGIN, FOOT = 12, 22  # around what is shown, and under it what it is
ALLOWED = {"svg", "title", "desc", "defs", "clipPath", "linearGradient", "stop"} | {
    *("g", "rect", "line", "path", "circle", "image", "text", "tspan")
}


class Shown(NamedTuple):
    """A page and the component on it."""

    page: Page
    root: Locator

    def has(self, text: str) -> None:
        """Wait until it is of this text."""
        expect(self.root.locator(".text")).to_have_text(text, use_inner_text=False)

    def go_to(self, token: int) -> None:
        slider = self.root.locator(".slider")
        slider.press("Home")
        for _ in range(token):
            slider.press("ArrowRight")
        expect(self.root).to_have_attribute("data-shown", str(token))
        self.page.mouse.move(2, 2)
        settled(self.page, 6)

    def save(self, kind: str) -> tuple[str, bytes]:
        """The file that the menu gives: its name, and what is in it."""
        menu = self.root.locator("[role=menu]")
        for _ in range(100):  # the button may be there before the script that hears of it
            self.root.get_by_role("button", name="Save picture").click()
            if menu.is_visible():
                break
            self.page.wait_for_timeout(100)
        with self.page.expect_download() as download:
            self.root.get_by_role("menuitem", name=kind).click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()


Visit = Callable[..., Shown]


@pytest.fixture
def visit(open_page: Callable[..., Page]) -> Visit:
    """Open a page with a text read."""

    def opened(component: str, text: str = STORY, width: int = 1280, **context: Any) -> Shown:
        page = open_page(linked(ADDRESSES[component], text), width, **context)
        shown = Shown(page, page.locator(f".{component}"))
        shown.has(text)
        return shown

    return opened


def parsed(content: bytes) -> ET.Element:
    """The SVG, which must be well-formed, and hold drawings and text alone."""
    svg = ET.fromstring(content)
    assert {element.tag for element in svg.iter()} <= {SVG + tag for tag in ALLOWED}
    for element in svg.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on") and "javascript:" not in value
            assert not name.endswith("href") or value.startswith("data:image/png;base64,")
    return svg


def lines(svg: ET.Element) -> list[str]:
    """Every text in it, as one reads it."""
    return [" ".join("".join(text.itertext()).split()) for text in svg.iter(f"{SVG}text")]


def word(text: str) -> str:
    """A token's or number's text as the picture has it: white space is made of single spaces."""
    return " ".join(text.split())


@pytest.mark.parametrize("component", ADDRESSES)
def test_the_svg_holds_all_that_is_shown_and_the_png_is_twice_its_size(visit: Visit, component: str) -> None:
    shown = visit(component)
    shown.go_to(7)
    check_svg(shown, component)
    check_png(shown)


def check_svg(shown: Shown, component: str) -> None:
    """The text, the numbers, and every curve as a path."""
    name, content = shown.save("SVG")
    svg = parsed(content)
    page = {"player": "Stream", "compare": "Compare", "intervene": "Intervene"}[component]
    assert name == f"titans-{page.lower()}-token-8.svg"
    title, description = svg.findtext(f"{SVG}title") or "", svg.findtext(f"{SVG}desc") or ""
    assert title.startswith(f"Titans Lab, {page}: token 8 of ") and "mac" in description
    assert description in lines(svg), "it is told under the picture too"
    found = lines(svg)
    assert word(STORY.replace("\n", " ")) in " ".join(found).replace("¶ ", "")
    outputs = [output for output in shown.root.locator("output").all() if output.is_visible()]
    assert len(outputs) > 6
    for output in outputs:
        assert output.inner_text() in found, output.get_attribute("data-quantity")
    readout = shown.root.locator(".readout .token").inner_text()
    assert word(readout) in found
    assert {"PNG", "SVG", "12 tokens/s"}.isdisjoint(found), "what the page is moved by is not in its picture"
    # every curve is a path, and the weights are a picture
    canvases = [canvas for canvas in shown.root.locator("canvas").all() if canvas.is_visible()]
    pictures = [canvas for canvas in canvases if canvas.evaluate("(c) => c.matches('aside *, .matrix')")]
    assert len(list(svg.iter(f"{SVG}image"))) == len(pictures)
    long = [path for path in svg.iter(f"{SVG}path") if path.get("d", "").count("L") > 20]
    assert len(long) >= len(canvases) - len(pictures)


def check_png(shown: Shown) -> None:
    """Twice the size of the component, wide and narrow."""
    for screen in (1280, 390):
        shown.page.set_viewport_size({"width": screen, "height": 900})
        settled(shown.page, 6)
        name, content = shown.save("PNG")
        assert name.endswith(".png") and content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        box = shown.root.bounding_box()
        assert box and width == pytest.approx(2 * (box["width"] + 2 * MARGIN), abs=2)
        # what is not in the picture may take a line or two of the page
        assert -2 <= 2 * (box["height"] + 2 * MARGIN + FOOT) - height < 250


def test_the_picture_looks_like_the_page(visit: Visit) -> None:
    """Of what lies below the first lines, few pixels are another colour than on the page."""
    shown = visit("player", color_scheme="dark")
    shown.go_to(20)
    part = shown.root.locator(".tracks")
    for theme in both_themes(shown.page):
        expect(shown.root).to_have_attribute("data-theme", theme)
        png = shown.save("PNG")[1]
        shown.page.mouse.move(2, 2)
        shown.page.evaluate("document.activeElement.blur()")
        part.scroll_into_view_if_needed()
        assert difference(shown.page, png, part.screenshot(), shown.root, part) < 0.04, theme


def difference(page: Page, picture: bytes, screen: bytes, root: Locator, part: Locator) -> float:
    """The share of pixels of a part of the component that differ clearly between picture and screen."""
    root.evaluate("(root) => root.classList.add('saved')")  # without what moves it, as it was saved
    whole, box = root.bounding_box(), part.bounding_box()
    root.evaluate("(root) => root.classList.remove('saved')")
    assert whole and box
    from_bottom = whole["y"] + whole["height"] - box["y"]
    found: float = page.evaluate(
        """async ([picture, screen, left, bottom, width, height]) => {
          const bytes = (told) => Uint8Array.from(atob(told), (letter) => letter.charCodeAt(0));
          const load = (told) => createImageBitmap(new Blob([bytes(told)]));
          const [drawn, seen] = [await load(picture), await load(screen)];
          const pixels = (image, x, y, w, h) => {
            const canvas = Object.assign(document.createElement("canvas"), { width, height });
            const pen = canvas.getContext("2d");
            pen.drawImage(image, x, y, w, h, 0, 0, width, height);
            return pen.getImageData(0, 0, width, height).data;
          };
          const a = pixels(drawn, 2 * left, drawn.height - 2 * bottom, 2 * width, 2 * height);
          const b = pixels(seen, 0, 0, seen.width, seen.height);
          let apart = 0;
          for (let i = 0; i < a.length; i += 4) {
            apart += Math.max(...[0, 1, 2].map((c) => Math.abs(a[i + c] - b[i + c]))) > 90;
          }
          return apart / (a.length / 4);
        }""",
        [
            b64encode(picture).decode(),
            b64encode(screen).decode(),
            box["x"] - whole["x"] + MARGIN,
            from_bottom + MARGIN + FOOT,
            round(box["width"]),
            round(box["height"]),
        ],
    )
    return found


@pytest.mark.parametrize("component", ADDRESSES)
def test_a_hostile_text_stays_text(visit: Visit, component: str) -> None:
    shown = visit(component, HOSTILE)
    svg = parsed(shown.save("SVG")[1])
    found = " ".join(lines(svg))
    for part in ("<script>alert(1)</script>", "&", "]]>", "<b onload='x'>x</b>", "&amp; &#0;", "\U0001f989"):
        assert part in found
    for letter in RIGHT_TO_LEFT.replace(" ", ""):  # each may be a token of its own
        assert letter in found


def test_keys_alone_save_it(visit: Visit) -> None:
    shown = visit("player")
    shown.go_to(5)
    keyboard, menu = shown.page.keyboard, shown.root.get_by_role("menu")
    shown.root.get_by_label("Speed").focus()
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(menu).to_be_visible()
    keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(shown.root.get_by_role("button", name="Save picture")).to_be_focused()
    keyboard.press("Space")
    keyboard.press("ArrowDown")
    with shown.page.expect_download() as download:
        keyboard.press("Enter")
    assert download.value.suggested_filename == "titans-stream-token-6.svg"
    expect(menu).to_be_hidden()
    assert shown.root.get_attribute("data-position") == "5", "the keys of the menu move nothing else"


def test_playing_goes_on_while_a_picture_is_saved(visit: Visit) -> None:
    shown = visit("player", " ".join(filler(seed) for seed in range(20))[:4000])
    shown.root.get_by_role("button", name="Play").click()
    name, _ = shown.save("SVG")
    token = int(name.removesuffix(".svg").rpartition("-")[2])
    expect(shown.root.get_by_role("button", name="Pause")).to_be_visible()
    shown.page.wait_for_function(
        "(token) => [...document.querySelectorAll('*')].find((e) => e.shadowRoot?.querySelector('.player'))"
        ".shadowRoot.querySelector('.player').dataset.position > token",
        arg=token,
    )


def test_the_charts_of_the_weights_page_are_saved_with_what_they_are_of(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("weights")
    expect(page.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(2)
    expect(page.locator(".st-key-weights-shown svg.marks")).to_be_visible()
    shown = Shown(page, page.locator(".picture"))
    name, content = shown.save("SVG")
    svg = parsed(content)
    heading = page.get_by_role("heading", name="Weights after token").inner_text()
    assert {heading, "key channel", "effective rank", "tokens read", "singular value"} <= set(lines(svg))
    assert len(list(svg.iter(f"{SVG}image"))) == 2
    token = name.removesuffix(".svg").removeprefix("titans-weights-token-")
    assert f"Weights after token {token}," in heading
    assert shown.save("PNG")[1].startswith(b"\x89PNG")


def test_the_answers_to_a_needle_are_saved(open_page: Callable[..., Page]) -> None:
    page = open_page("needle?length=256&searchers=MAC")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".needle")).to_be_visible()
    expect(page.locator(".needle td:empty")).to_have_count(0)
    name, content = Shown(page, page.locator(".picture")).save("SVG")
    svg = parsed(content)
    assert name.startswith("titans-needle-2") and "attic" in (svg.findtext(f"{SVG}title") or "")
    assert {"MAC", "tokens after it", "✓ attic"} <= set(lines(svg))


def test_the_map_of_a_needle_is_saved(open_page: Callable[..., Page]) -> None:
    page = open_page("needle?view-of-needle=By+depth+and+length&mapped=LMM&longest=512")
    page.get_by_role("button", name="Draw the map").click()
    whole = page.get_by_text("haystacks each of 256 to 512 tokens, the fact at 5 depths.").first
    expect(whole).to_contain_text("right answers: 4 haystacks")
    name, content = Shown(page, page.locator(".picture")).save("SVG")
    svg = parsed(content)
    assert name == "titans-needle-map-512.svg" and "red key" in (svg.findtext(f"{SVG}title") or "")
    found = lines(svg)
    assert {"tokens of haystack", "256", "512", whole.inner_text()} <= set(found)
    assert sum(line.endswith(" %") for line in found) == 10


def test_a_text_of_8192_tokens_is_saved_too(visit: Visit) -> None:
    ids = Tokenizer.load().encode(" ".join(filler(seed).replace("\n", " ") for seed in range(1000)))
    shown = visit("player", "Too long for a link.")
    text = Tokenizer.load().decode(ids[:8192])
    box = shown.page.get_by_label("The text", exact=True)
    box.fill(text)
    box.press("Control+Enter")
    shown.has(text)
    expect(shown.root.locator(".slider")).to_have_attribute("aria-valuemax", "8192")
    shown.go_to(3)
    name, content = shown.save("SVG")
    assert name == "titans-stream-token-4.svg" and parsed(content).findtext(f"{SVG}desc")
