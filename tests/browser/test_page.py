"""The page around the player: bad input, themes, narrow screens, and what assistive technology hears."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from app.samples import text as sample
from app.samples import titles
from tests.browser.conftest import StreamPage
from tests.browser.looks import LIGHT, both_themes

pytestmark = pytest.mark.browser
Visit = Callable[..., StreamPage]
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills."


TEXTS = {
    "script": "<script>document.title = 'taken'</script>"
    "<img src=x onerror=\"document.title = 'taken'\"> <b>x</b>",
    "right to left": "שלום עולם, המפתח האדום נמצא בעליית הגג. مرحبا",
    "emoji": "\U0001f989 sits by \U0001f469‍\U0001f469‍\U0001f467"
    ", e\u0301 and \U0001f1ee\U0001f1f9; 日本語も。",
    "spaces": " leading and trailing  spaces \t\n\n",
    "control": "\u0001\u0007 control, \u200b zero width, \ufeff mark",
    "one letter": "a",
}


def test_any_text_is_shown_as_it_is_and_never_run(visit: Visit) -> None:
    page = visit()
    for name, text in TEXTS.items():
        page.read(text)
        assert page.page.title() == "Titans Lab", name
        assert page.text.locator("script, img, b").count() == 0, name


def test_an_empty_text_is_asked_for(visit: Visit) -> None:
    page = visit()
    page.type("")
    expect(page.alert).to_contain_text("There is nothing to read yet")
    expect(page.player).to_have_count(0)


def paste(page: StreamPage, text: str) -> Locator:
    """Have a text read that cannot be typed, or would be for long: an expression of JavaScript. Its box."""
    box = page.page.get_by_label("The text", exact=True)
    box.evaluate(
        "(box) => { const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;"
        f"set.call(box, {text}); box.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
    )
    box.press("Control+Enter")
    return box


def test_ten_megabytes_are_refused_with_both_numbers_and_kept(visit: Visit) -> None:
    page = visit()
    box = paste(page, "'ten letters'.repeat(953_251)")
    expect(page.alert).to_contain_text("10,485,761 characters; the lab reads up to 1,000,000")
    assert box.evaluate("(box) => box.value.length") == 10_485_761


def test_half_a_surrogate_pair_is_read_as_a_replacement_character(visit: Visit) -> None:
    page = visit()
    paste(page, "'an owl \\ud83e alone'")
    page.wait("(text) => player.querySelector('.text').textContent === text", "an owl \ufffd alone")


def upload(page: Page, content: bytes, name: str = "t.txt") -> None:
    """Give the page a file; its uploader goes by itself, and lies over nothing that the page tells."""
    still = "[data-test-script-state=notRunning]"  # nobody finds a file sooner
    page.wait_for_selector(still)
    page.get_by_role("button", name="Upload").first.click()
    uploader = page.locator("input[type=file]")
    expect(uploader).to_have_count(1)
    page.wait_for_selector(still)
    uploader.set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
    expect(uploader).to_have_count(0)


def test_a_text_file_is_read_and_a_binary_one_refused(visit: Visit) -> None:
    page = visit()
    upload(page.page, b"\x89PNG\r\n\x1a\n\xff")
    expect(page.alert).to_contain_text("This file is not UTF-8 text: its byte 0 cannot be read.")
    upload(page.page, "Die Brücke.".encode())
    page.wait("() => player.querySelector('.text').textContent === 'Die Brücke.'")
    expect(page.alert).to_have_count(0)


def test_whatever_a_file_is_called_it_is_read_or_refused_in_words_of_its_own(visit: Visit) -> None:
    page = visit()
    upload(page.page, b"", "empty.txt")
    expect(page.alert).to_have_text("This file is empty. Upload one that holds a text.")
    upload(page.page, b"GIF\0\0\0", "bin.dat")
    expect(page.alert).to_have_text("This file holds binary data, not text. Upload a plain text file.")
    upload(page.page, b"name,likes\nTom,soup\n", "table.csv")
    page.wait("() => player.querySelector('.text').textContent === 'name,likes\\nTom,soup\\n'")
    expect(page.alert).to_have_count(0)


@pytest.mark.parametrize("size", [4_000_001, 4_000_000 * 3])
def test_a_file_too_large_to_be_sent_is_told_on_the_page_until_its_reader_acts(
    visit: Visit, size: int
) -> None:
    page = visit(width=390)
    box = page.page.get_by_label("The text", exact=True)
    before = sample(titles()[0])
    expect(box).to_have_value(before)
    upload(page.page, b"a" * size)
    expect(page.alert).to_have_text(
        f"This file has {size:,} bytes; the page takes up to 4,000,000. Upload a part of it."
    )
    expect(box).to_have_value(before)
    page.page.get_by_role("button", name="The lighthouse").click()
    expect(page.alert).to_have_count(0)


def test_what_was_typed_and_read_is_still_there_after_a_visit_to_the_lessons(visit: Visit) -> None:
    page = visit().read("Mara put the red key in the attic.")
    page.page.get_by_role("link", name="Lessons").click()
    expect(page.player).to_have_count(0)
    page.page.get_by_role("link", name="Stream").click()
    page.wait(
        "(text) => player.querySelector('.text').textContent === text", "Mara put the red key in the attic."
    )
    expect(page.page.locator(".st-key-samples").get_by_test_id("stBaseButton-primary")).to_have_count(0)


def test_a_chip_that_is_taken_says_so_to_those_who_do_not_see_it(visit: Visit) -> None:
    page = visit()
    pressed = page.page.locator(".st-key-samples").get_by_role("button", pressed=True)
    others = page.page.locator(".st-key-samples").get_by_role("button", pressed=False)
    first, second, *_ = titles()
    expect(pressed).to_have_text([first])
    expect(others).to_have_count(len(titles()) - 1)
    page.page.get_by_role("button", name=second, exact=True).click()
    expect(pressed).to_have_text([second])
    # which comes after its chip, in place of what was typed there meanwhile
    expect(page.page.get_by_label("The text", exact=True)).to_have_value(sample(second))
    page.read("My own words.")
    expect(pressed).to_have_count(0)
    page.page.get_by_role("link", name="Needle").click()
    facts = page.page.locator(".st-key-facts").get_by_role("button", pressed=True)
    expect(facts).to_have_text(["A place"])
    page.page.get_by_role("link", name="Stream").click()
    page.page.get_by_role("button", name=first, exact=True).click()
    expect(pressed).to_have_text([first])


def test_text_stands_out_from_its_ground_in_both_themes(visit: Visit) -> None:
    """Contrast of at least 4.5 to 1 (WCAG AA) for labels, numbers and the most strongly shaded words."""
    page = visit(color_scheme="dark")
    for theme in both_themes(page.page):
        expect(page.player).to_have_attribute("data-theme", theme)
        for shade in ("surprise", "what is written"):
            page.player.get_by_role("radio", name=shade).check()
            page.settle()
            assert page.player.evaluate(CONTRASTS) == []


CONTRASTS = """(player) => {
  const light = LIGHT;
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const over = (colors) => {
    pen.clearRect(0, 0, 1, 1);
    for (const color of colors) { pen.fillStyle = color; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const paper = getComputedStyle(player).getPropertyValue("--st-background-color");
  const readable = [...player.querySelectorAll("legend, label, .label, output, .most, .term span, b, small, .readout span, h2, p, .heads > span, .text [data-token]")];
  return readable.filter((e) => e.textContent.trim() && e.checkVisibility()).map((e) => {
    const style = getComputedStyle(e);
    const ground = over([paper, style.backgroundColor]);
    const [high, low] = [light(ground), light(over([style.color]))].sort((a, b) => b - a);
    return [(high + 0.05) / (low + 0.05), e.textContent, style.color, ground.join()];
  }).filter(([contrast]) => contrast < 4.5);
}""".replace("LIGHT", LIGHT)  # noqa: E501


def test_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    page = visit(width=390)
    for width in (390, 768, 1280):
        page.page.set_viewport_size({"width": width, "height": 900})
        page.settle()
        assert page.page.evaluate("() => document.documentElement.scrollWidth") <= width
        wide = page.player.evaluate(
            "(player) => [...player.querySelectorAll('*')].filter((e) => e.checkVisibility() &&"
            "e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className || e.tagName)"
        )
        assert wide == [], width


def test_the_scrub_bar_is_a_slider_that_tells_its_token(visit: Visit) -> None:
    page = visit(text="Mara put the red key in the attic.")
    page.slider.focus()
    page.page.keyboard.press("Home")
    assert page.position == 0
    expect(page.slider).to_have_attribute("role", "slider")
    expect(page.slider).to_have_attribute("aria-valuenow", "1")
    value = page.slider.get_attribute("aria-valuetext") or ""
    assert value.startswith("token 1, “Mara”, −log p")
    outline = page.slider.evaluate("(slider) => getComputedStyle(slider).outlineStyle")
    assert outline == "solid", "the focus must be seen"


def test_everything_that_acts_has_a_name(visit: Visit) -> None:
    page = visit()
    nameless = page.player.evaluate(
        "(player) => [...player.querySelectorAll('button, select, [role]:not([role=presentation])')]"
        ".filter((e) => !(e.getAttribute('aria-label') || e.innerText.trim())).map((e) => e.outerHTML)"
    )
    assert nameless == []


def test_nothing_is_fetched_from_elsewhere(visit: Visit, server: str) -> None:
    page = visit()
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.page.reload()
    page.page.wait_for_selector(".player[data-position]")
    own = (server, server.replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []


def test_what_was_typed_stays_where_a_model_is_chosen_at_once(visit: Visit) -> None:
    page = visit()
    page.page.get_by_label("The text", exact=True).fill(STORY)
    page.page.get_by_role("radio", name="MAG", exact=True).click()
    page.wait("(text) => player.querySelector('.text').textContent === text", STORY)
    page.page.wait_for_url("**model=*")
    page.settle()
    expect(page.page.get_by_label("The text", exact=True)).to_have_value(STORY)


@pytest.mark.parametrize("name", ["Compare", "Intervene", "Weights"])
def test_what_was_typed_is_read_where_another_page_is_opened_at_once(visit: Visit, name: str) -> None:
    page = visit()
    page.page.get_by_label("The text", exact=True).fill(STORY)
    page.page.get_by_role("link", name=name).click()
    page.page.wait_for_url(f"**/{name.lower()}*")
    expect(page.page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.page.get_by_label("The text", exact=True)).to_have_value(STORY)
