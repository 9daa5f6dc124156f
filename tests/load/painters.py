"""People with real browsers: each has one text after another read, and notes when it was painted."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from playwright.sync_api import Browser, Page, TimeoutError

from tests.load import visitors
from tests.load.browsers import WATCH, Beside, page_of
from tests.load.texts import text

WORDS = 40  # characters by which WATCH tells texts apart
# When Read was pressed, in Unix seconds by the clock that also tells when something was painted.
PRESSED = """() => addEventListener("pointerdown", () => {
  window.pressed = (performance.timeOrigin + performance.now()) / 1000;
}, { capture: true })"""
SOONEST = "([words, since]) => painted.find(([at, seen]) => at >= since && seen === words)?.[0]"


@dataclass
class Painter:
    """One browser: seconds from pressing Read to the first frame with the text, texts that were never
    painted, and what the page complained of."""

    number: int
    page: Page
    paints: list[float] = field(default_factory=list)
    unpainted: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = Random(f"browser {self.number}")
        self._read = 0
        self.due = time.monotonic()

    def open(self, address: str) -> None:
        """Open the front page and wait until its player is there."""
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_selector(".player[data-position]")
        self.page.evaluate(PRESSED)
        self.page.evaluate(WATCH)

    def submit(self) -> None:
        """Have the next text read, and see when it is painted. The page comes to the front for it: Chromium
        paints none that is behind another."""
        self.page.bring_to_front()
        words = text(-1 - self.number, self._read)
        self.page.get_by_label("The text", exact=True).fill(words)
        self.page.get_by_role("button", name="Read", exact=True).click()
        self._settle(words[:WORDS], self.page.evaluate("() => window.pressed"))
        self._read += 1
        self.due = time.monotonic() + self._rng.uniform(*visitors.THINK)

    def _settle(self, words: str, since: float) -> None:
        """Note when the text was painted, and what the page complains of."""
        with suppress(TimeoutError):
            self.page.wait_for_function(SOONEST, arg=[words, since])
        painted = self.page.evaluate(SOONEST, [words, since])
        if painted is None:
            self.unpainted += 1
        else:
            self.paints.append(painted - since)
        for place in ("stException", "stAlert"):
            self.problems += self.page.get_by_test_id(place).all_inner_texts()


class Painters(Beside):
    """``count`` browsers: ``start``, and ``stop``."""

    def __init__(self, address: str, count: int) -> None:
        super().__init__()
        self._address, self._count = address, count
        self._painters: list[Painter] = []

    def _begin(self, browser: Browser) -> None:
        for number in range(self._count):
            painter = Painter(number, page_of(browser))
            painter.open(self._address)
            self._painters.append(painter)

    def _live(self) -> None:
        while not self._done.wait(0.05):
            for painter in self._painters:
                if time.monotonic() >= painter.due and not self._done.is_set():
                    painter.submit()

    def stop(self) -> list[Painter]:
        """Close them, once each has painted its last text, and tell how it went."""
        self._end()
        return self._painters
