"""The README's pictures, taken of the running app: `python -m benchmarks.pictures`."""

from __future__ import annotations

from playwright.sync_api import Browser

from benchmarks.browser import ROOT, chromium, running_app

PICTURES = ROOT / "assets" / "pictures"
WIDTH, HEIGHT = 1280, 1260
TOKEN = "[data-token='160']"  # the middle of the sample, where facts have been told


def take(browser: Browser, address: str, scheme: str) -> None:
    """One picture of the Stream page in the light or the dark theme."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    page.wait_for_selector(".player[data-position]")
    page.locator(".player .text").locator(TOKEN).click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # the transitions of a click
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"stream-{scheme}.png")
    page.close()


def main() -> None:
    """Take both themes."""
    with running_app() as address, chromium() as browser:
        for scheme in ("light", "dark"):
            take(browser, address, scheme)


if __name__ == "__main__":
    main()
