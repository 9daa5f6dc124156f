"""The README's pictures, taken of the running app: `python -m benchmarks.pictures`."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page

from benchmarks.browser import ROOT, chromium, running_app

PICTURES = ROOT / "assets" / "pictures"
WIDTH = 1280
TOKEN = "[data-token='160']"  # the middle of the sample, where facts have been told


def stream(page: Page, address: str) -> None:
    """A reading, with the playhead in its middle."""
    page.goto(address)
    page.wait_for_selector(".player[data-position]")
    page.locator(".player .text").locator(TOKEN).click()


def compare(page: Page, address: str) -> None:
    """Three models asked the same question."""
    page.goto(f"{address}/compare")
    page.wait_for_selector(".compare[data-position]")
    page.get_by_label("A question about the text").fill("Where is the red key?")
    page.get_by_role("button", name="Ask").click()
    page.locator(".compare").get_by_text("written at token").first.wait_for()


PAGES: dict[str, tuple[Callable[[Page, str], None], int]] = {
    "stream": (stream, 1260),
    "compare": (compare, 1560),
}


def take(browser: Browser, address: str, name: str, scheme: str) -> None:
    """One picture of a page in the light or the dark theme."""
    show, height = PAGES[name]
    page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    show(page, address)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # the transitions of a click
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{scheme}.png")
    page.close()


def main() -> None:
    """Take both themes of every page."""
    with running_app() as address, chromium() as browser:
        for name in PAGES:
            for scheme in ("light", "dark"):
                take(browser, address, name, scheme)


if __name__ == "__main__":
    main()
