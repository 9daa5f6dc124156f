"""The README's pictures, taken of the running app: `python -m benchmarks.pictures`."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.browser import ROOT, chromium, running_app
from benchmarks.probe import PATIENCE

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


def intervene(page: Page, address: str) -> None:
    """A memory that forgets too fast from the sample's middle on, and what it answers then."""
    page.goto(f"{address}/intervene")
    page.wait_for_selector(".intervene[data-position]")
    page.get_by_label("A question about the text").fill("Where is the red key?")
    page.get_by_role("button", name="Ask").click()
    page.locator(".intervene .answers").wait_for()
    page.locator(".intervene .text").locator(TOKEN).click()
    page.get_by_role("button", name="Forget fast").click()
    page.wait_for_selector(".intervene:not(.unedited)")


def needle(page: Page, address: str) -> None:
    """A fact that four models look for, and the one without a memory does not find."""
    page.goto(f"{address}/needle")
    page.wait_for_selector(".hay mark")
    page.get_by_role("button", name="Search").click()
    page.wait_for_selector(".needle:not(:has(td:empty))")


def weights(page: Page, address: str) -> None:
    """The memory as it is after the sample, and how it became so."""
    page.goto(f"{address}/weights")
    page.wait_for_selector(".js-plotly-plot .heatmaplayer image")
    page.wait_for_selector("[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas")


def family(page: Page, address: str) -> None:
    """The paper's first table at this scale."""
    page.goto(f"{address}/family?family=Tables")
    page.locator("[data-testid=stVegaLiteChart] svg").nth(5).wait_for()
    page.locator(".table-title").nth(1).wait_for()


BOTH, LIGHT = ("light", "dark"), ("light",)
PAGES: dict[str, tuple[Callable[[Page, str], None], int, tuple[str, ...]]] = {
    "stream": (stream, 1260, BOTH),
    "compare": (compare, 1560, BOTH),
    "intervene": (intervene, 1260, LIGHT),
    "needle": (needle, 1000, LIGHT),
    "weights": (weights, 1760, LIGHT),
    "family": (family, 1170, LIGHT),
}


def take(browser: Browser, address: str, name: str, scheme: str) -> None:
    """One picture of a page in the light or the dark theme."""
    show, height, _ = PAGES[name]
    page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    show(page, address)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # the transitions of a click
    PICTURES.mkdir(parents=True, exist_ok=True)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    whole = io.BytesIO()  # whoever stops this while it is packed keeps the picture that was there
    taken.save(whole, "webp", lossless=True, quality=100, method=6)
    (PICTURES / f"{name}-{scheme}.webp").write_bytes(whole.getvalue())


def main() -> None:
    """Take every page in its themes."""
    with running_app() as address, chromium() as browser:
        for name, (_, _, schemes) in PAGES.items():
            for scheme in schemes:
                take(browser, address, name, scheme)


if __name__ == "__main__":
    main()
