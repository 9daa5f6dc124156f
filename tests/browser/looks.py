"""How a page looks: painted to the end, in both themes, and how light its colours are."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

# Relative luminance (WCAG) of a colour, red, green and blue up to 255; a function for the browser.
LIGHT = """(rgb) => rgb.map((x) => x / 255)
  .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
  .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0)"""


def settled(page: Page, frames: int = 2) -> None:
    """Wait until the browser has painted what was asked for; what paints part by part needs more frames."""
    page.evaluate(
        "(frames) => new Promise((done) => {"
        "const next = () => (frames-- ? requestAnimationFrame(next) : done()); next(); })",
        frames,
    )


def both_themes(page: Page) -> Iterator[str]:
    """Dark, as the page was opened, then light, which it follows as the system changes; and so does what the
    server colours."""
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        expect(page.locator(".stApp")).to_have_css("color-scheme", theme)
        expect(page.locator(f".st-key-themes [data-drawn={theme}]")).to_be_attached()
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
        yield theme
