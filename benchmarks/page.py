"""How fast the page is: from a submitted text of 512 tokens to its first painted frame, and while scrubbing.

`python -m benchmarks.page` starts the app, drives it in headless Chromium, prints the figures and keeps them.
"""

import statistics
from typing import Any

from playwright.sync_api import Page

from benchmarks.browser import chromium, running_app
from benchmarks.machine import describe, keep
from benchmarks.probe import PATIENCE, listen, scrub, submit, text_of, watch

TOKENS, LONG = 512, 4096
REPEATS = 9
PAINTED = """root.dataset.position && root.querySelector(".text").textContent === argument"""


def main() -> None:
    """Measure, print, and keep ``results/page.json``."""
    with running_app() as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        sent = listen(page)
        page.goto(address)
        page.wait_for_selector(".player[data-position]")
        painted = [first_frame(page, text_of(TOKENS, number)) for number in range(REPEATS)]
        scrubbing = {}
        for tokens in (TOKENS, LONG):
            first_frame(page, text_of(tokens, REPEATS))
            scrubbing[f"{tokens} tokens"] = scrub(page, ".player", sent)
        result = {
            "milliseconds from submitting 512 tokens to the first painted frame": {
                "median": statistics.median(painted),
                "all": painted,
            },
            "scrubbing": scrubbing,
            "browser": f"Chromium {browser.version}, headless",
            "machine": describe("streamlit", "torch", "playwright"),
        }
    report(result)


def first_frame(page: Page, text: str) -> float:
    """Milliseconds from the key press that submits ``text`` to the frame that shows it."""
    return watch(page, ".player", lambda: submit(page, text), {"painted": PAINTED}, text)["painted"]


def report(result: dict[str, Any]) -> None:
    """Print the medians, and keep everything."""
    (painted,) = (value for key, value in result.items() if key.startswith("milliseconds"))
    print(f"512 tokens, submitted to painted: {painted['median']:.0f} ms")
    for length, figures in result["scrubbing"].items():
        print(f"scrubbing {length}: {figures['frames a second']} frames/s")
    print(f"kept in {keep('page', result)}")


if __name__ == "__main__":
    main()
