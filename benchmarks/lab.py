"""How long a person waits on the pages that have no peer, beside the same work done by the library alone.

`python -m benchmarks.lab` starts the app, drives it in headless Chromium, and keeps what it took as
`results/lab.json`: Compare's reading and scrubbing, a text as long as the pages take, an edit on Intervene,
and a search on Needle.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page
from tqdm import tqdm

from app.needle import Needle
from benchmarks import alone
from benchmarks.browser import chromium, running_app
from benchmarks.machine import describe, keep
from benchmarks.probe import PATIENCE, idle, listen, scrub, submit, text_of, watch
from titans_core.tokenizer import Tokenizer

MODELS = ("mac", "mag", "mal")
SEEKERS = (*MODELS, "attention")
TOKENS, LONG, HAY = 512, 8192, 2048
ALPHA = 0.2
SWEEPS = 5

# Sights: JavaScript of the element `root`, and of the text submitted where there is one.
BEGUN = """((shown) => shown && argument.startsWith(shown))(root.querySelector(".text").textContent)"""
WHOLE = """root.querySelector(".text").textContent === argument
  && [...root.querySelectorAll(".column:not(.memoryless) .norm")].every((norm) => norm.textContent)"""
PROGRESS = """document.querySelector("[data-testid=stProgress]")?.textContent.includes("tokens read")"""
STOPPED = """document.querySelector("[data-testid=stAlert]")?.textContent.includes("Stopped after")"""
EDITED = """!root.classList.contains("unedited")"""
ANSWERED = """root.querySelector("td:not(:empty)")"""
ALL_ANSWERED = """!root.querySelector("td:empty")"""


@dataclass(frozen=True)
class Scene:
    """Something that a person waits for: ``turn(number)`` gives the milliseconds to each sight on the page,
    ``alone(number)`` those of the same work without a page; ``aims`` are the milliseconds aimed at."""

    title: str
    repeats: int
    turn: Callable[[int], dict[str, float]]
    alone: Callable[[int], dict[str, float]] = lambda number: {}
    aims: dict[str, float] = field(default_factory=dict)


def measure(scene: Scene) -> list[dict[str, Any]]:
    """A row for every sight: the page and the library take turns."""
    turns, beside = [], []
    for number in tqdm(range(scene.repeats), desc=scene.title, unit="turn"):
        turns.append(scene.turn(number))
        beside.append(scene.alone(number))
    return [
        {
            "scene": scene.title,
            "sight": sight,
            "aim_ms": scene.aims.get(sight),
            **spread("", [turn[sight] for turn in turns]),
            **(spread("library_", [turn[sight] for turn in beside]) if sight in beside[0] else {}),
        }
        for sight in turns[0]
    ]


def spread(prefix: str, times: list[float]) -> dict[str, Any]:
    """The median, and everything."""
    return {f"{prefix}median_ms": round(statistics.median(times), 1), f"{prefix}all_ms": times}


def compare(page: Page, number: int, tokens: int, sights: dict[str, str]) -> dict[str, float]:
    """A text is submitted on Compare."""
    text = text_of(tokens, number)
    return watch(page, ".compare", lambda: submit(page, text), sights, text)


def cancel(page: Page, number: int) -> dict[str, float]:
    """A long text is begun on Compare and, some of it read, cancelled."""
    compare(page, number, LONG, {"begun": BEGUN, "progress": PROGRESS})
    button = page.get_by_role("button", name="Cancel")
    return watch(page, ".compare", button.click, {"the page says that it stopped": STOPPED})


def read_alone(number: int, tokens: int, first: int) -> dict[str, float]:
    """Three models read the text at once; and its beginning, of which the page's first frame is."""
    ids = Tokenizer.load().encode(text_of(tokens, number))
    begun = alone.read(MODELS, ids[:first])
    return {"first frame": begun, "all painted": begun if first == tokens else alone.read(MODELS, ids)}


def intervene(page: Page) -> dict[str, float]:
    """One model is made to forget, everywhere; then that is taken back."""
    button = page.get_by_role("button", name="Forget fast")
    times = watch(page, ".intervene", button.click, {"the difference painted": EDITED})
    page.get_by_role("button", name="Clear all").click()
    page.wait_for_selector(".intervene.unedited")
    return times


def hidden(number: int) -> Needle:
    """The fact that the page begins with, in another haystack for every number."""
    return Needle(
        "Mara put the red key in the attic.", "Where is the red key?", "attic", HAY, 0.1, 1 + number
    )


def needle(page: Page, address: str, number: int) -> dict[str, float]:
    """Four models search a haystack."""
    page.goto(f"{address}/needle?length={HAY}&haystack={hidden(number).seed}")
    page.wait_for_selector(".hay mark")
    sights = {"first answer": ANSWERED, "all answers": ALL_ANSWERED}
    return watch(page, ".needle", page.get_by_role("button", name="Search").click, sights)


def needle_alone(number: int) -> dict[str, float]:
    """The same without a page."""
    return dict(zip(("first answer", "all answers"), alone.search(SEEKERS, hidden(number)), strict=True))


def opened(browser: Browser, url: str, ready: str) -> Page:
    """A page that has settled."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.wait_for_selector(ready)
    return page


def scenes(browser: Browser, address: str) -> Iterator[Scene]:
    """What is measured, one after another."""
    shown = {"first frame": BEGUN, "all painted": WHOLE}
    page = opened(browser, f"{address}/compare", ".compare[data-position]")
    yield Scene(
        f"Compare, {TOKENS} tokens, three models",
        7,
        lambda number: compare(page, number, TOKENS, shown),
        lambda number: read_alone(number, TOKENS, TOKENS),
        {"first frame": 1500},
    )
    yield Scene(
        f"Compare, {LONG:,} tokens, three models",
        3,
        lambda number: compare(page, number, LONG, shown | {"progress": PROGRESS}),
        lambda number: read_alone(number, LONG, TOKENS),
        {"first frame": 1500, "all painted": 15_000},
    )
    yield Scene(f"Cancel, {LONG:,} tokens", 3, lambda number: cancel(page, 10 + number))
    page.close()
    page = opened(browser, f"{address}/intervene", ".intervene[data-position]")
    compare_text = text_of(TOKENS, 0)
    watch(page, ".intervene", lambda: submit(page, compare_text), {"read": WHOLE}, compare_text)
    ids = Tokenizer.load().encode(compare_text)
    yield Scene(
        f"Intervene, {TOKENS} tokens, an edit",
        7,
        lambda number: intervene(page),
        lambda number: {"the difference painted": alone.edit("mac", ids, ALPHA)},
        {"the difference painted": 1000},
    )
    page.close()
    page = opened(browser, f"{address}/needle", ".hay mark")
    yield Scene(
        f"Needle, {HAY:,} tokens, four models",
        3,
        lambda number: needle(page, address, number),
        needle_alone,
    )
    page.close()


def scrubbing(browser: Browser, address: str) -> dict[str, Any]:
    """Compare's three columns while the playhead moves: the sweep in the middle of some, beside frames in
    which nothing happens."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    sent = listen(page)
    page.goto(f"{address}/compare")
    page.wait_for_selector(".compare[data-position]")
    compare(page, 0, TOKENS, {"all painted": WHOLE})
    page.wait_for_timeout(1000)  # what reading still had to tell the server
    sweeps = sorted(
        (scrub(page, ".compare", sent) for _ in range(SWEEPS)), key=lambda sweep: sweep["frames a second"]
    )
    nothing = idle(page)
    page.close()
    return sweeps[SWEEPS // 2] | {
        "all frames a second": [sweep["frames a second"] for sweep in sweeps],
        "requests to the server": sum(sweep["requests to the server"] for sweep in sweeps),
        "frames a second where nothing happens": nothing["frames a second"],
        "tokens": TOKENS,
        "aim": 60,
    }


def main() -> None:
    """Measure, print, and keep ``results/lab.json``."""
    machine = describe("streamlit", "torch", "playwright")  # before we make it busy ourselves
    with running_app() as address, chromium() as browser:
        rows = [row for scene in scenes(browser, address) for row in measure(scene)]
        result = {
            "rows": rows,
            "scrubbing Compare": scrubbing(browser, address),
            "browser": f"Chromium {browser.version}, headless",
            "machine": machine,
        }
    for row in rows:
        beside = f", library alone {row['library_median_ms']:.0f} ms" if "library_median_ms" in row else ""
        print(f"{row['scene']}, {row['sight']}: {row['median_ms']:.0f} ms{beside}")
    print(f"scrubbing Compare: {result['scrubbing Compare']['frames a second']} frames/s")
    print(f"kept in {keep('lab', result)}")


if __name__ == "__main__":
    main()
