"""How a learner does what an exhibit asks, in the browser: by the action's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from playwright.sync_api import Locator, Page, expect

from app.exhibits.needle import MAPPED
from lessons.exhibits.needle import CROWDS


class Hand(Protocol):
    """What a learner works with: a mouse, or the keyboard alone."""

    page: Page

    def button(self, name: str) -> None: ...

    def slide(self, label: str, key: str, times: int) -> None: ...

    def pick(self, choice: Locator) -> None: ...


class Mouse:
    """Clicks on everything; a slider it takes hold of, and moves with keys."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def button(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name).click()

    def slide(self, label: str, key: str, times: int) -> None:
        """Press a key so often on the latest slider of this name."""
        handle = self.page.get_by_role("slider", name=label).last
        handle.focus()
        for _ in range(times):
            handle.press(key)

    def pick(self, choice: Locator) -> None:
        """Pick one of a group of choices: it is a button, or an input that only its label shows."""
        choice.locator("xpath=ancestor-or-self::*[self::button or self::label]").click()


DO: dict[str, Callable[[Hand], object]] = {}


def latest(hand: Hand, label: str) -> None:
    """Pick the latest choice of this name."""
    hand.pick(hand.page.get_by_role("radio", name=label, exact=True).last)


def hold(hand: Hand) -> None:
    """Two layers hold the two switches."""
    latest(hand, "two switches")
    latest(hand, "2")


def slide_over(hand: Hand) -> None:
    """Both ends of the gradient block, one after the other."""
    hand.slide("Tokens in a gradient block", "Home", 1)
    expect(hand.page.get_by_text("c = 1: what is read")).to_be_visible()
    hand.slide("Tokens in a gradient block", "End", 1)


def drag(hand: Hand) -> None:
    """Two places of the haystack, far from the question."""
    hand.slide("Tokens after it", "ArrowRight", 2)
    expect(hand.page.get_by_role("columnheader", name="1,024", exact=True)).to_be_visible()
    hand.slide("Tokens of haystack before", "ArrowRight", 1)


def run_maps(hand: Hand) -> None:
    """The map of one model to its end, then of another."""
    cells = hand.page.get_by_test_id("stVegaLiteChart").last.get_by_text(re.compile(r"^\d+\s%$"))
    for model in ("LMM", "MAC"):
        latest(hand, model)
        expect(cells).to_have_count(0)
        hand.button("Run the map")
        expect(cells).to_have_count(len(CROWDS) * len(MAPPED), timeout=60_000)


DO["learned"] = lambda hand: hand.slide("η from the second sentence on", "ArrowRight", 5)
DO["held"] = hold
DO["crossed"] = lambda hand: hand.slide("Token", "ArrowRight", 14)
DO["slid"] = slide_over
DO["dragged"] = drag
DO["mapped"] = run_maps
DO["walked"] = lambda hand: latest(hand, "right")
DO["overwritten"] = lambda hand: hand.slide("How often the change is told", "ArrowRight", 3)


def undo(hand: Hand) -> None:
    """Set the learning rate to nothing at the word that was written last."""
    hand.slide("at this token", "End", 1)
    now = hand.page.locator(".shaded .now").last
    expect(now).to_have_text(".")
    for _ in range(10):
        if now.inner_text() == "cellar":
            break
        told = now.inner_text()
        hand.slide("at this token", "ArrowLeft", 1)
        expect(now).not_to_have_text(told)


DO["lost"] = lambda hand: hand.slide("Words between", "End", 1)
DO["outweighed"] = lambda hand: hand.slide("Angle between", "Home", 1)
DO["parted"] = lambda hand: hand.slide("The forgetting gate", "ArrowRight", 4)
DO["undone"] = undo
DO["read_before"] = lambda hand: latest(hand, "before the write")
DO["forgotten"] = lambda hand: hand.pick(hand.page.get_by_role("radio", name="the memory is wiped").last)
