"""How a learner does what an exhibit asks, in the browser: by the action's name."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

DO: dict[str, Callable[[Page], object]] = {}


def slide(page: Page, label: str, key: str, times: int) -> None:
    """Press a key so often on the latest slider of this name."""
    handle = page.get_by_role("slider", name=label).last
    handle.focus()
    for _ in range(times):
        handle.press(key)


def pick(page: Page, label: str) -> None:
    """Pick the latest choice of this name."""
    page.get_by_role("radio", name=label, exact=True).last.click()


def hold(page: Page) -> None:
    """Two layers hold the two switches."""
    pick(page, "two switches")
    pick(page, "2")


def slide_over(page: Page) -> None:
    """Both ends of the gradient block, one after the other."""
    slide(page, "Tokens in a gradient block", "Home", 1)
    expect(page.get_by_text("c = 1: what is read")).to_be_visible()
    slide(page, "Tokens in a gradient block", "End", 1)


def drag(page: Page) -> None:
    """Two places of the haystack, far from the question."""
    slide(page, "Tokens after it", "ArrowRight", 2)
    expect(page.get_by_role("columnheader", name="1,024", exact=True)).to_be_visible()
    slide(page, "Tokens of haystack before", "ArrowRight", 1)


DO["learned"] = lambda page: slide(page, "η from the second sentence on", "ArrowRight", 5)
DO["held"] = hold
DO["crossed"] = lambda page: slide(page, "Token", "ArrowRight", 14)
DO["slid"] = slide_over
DO["dragged"] = drag
DO["mapped"] = lambda page: page.get_by_role("button", name="Run the map").click()
DO["walked"] = lambda page: pick(page, "right")
DO["overwritten"] = lambda page: slide(page, "How often the change is told", "ArrowRight", 3)


def undo(page: Page) -> None:
    """Set the learning rate to nothing at the word that was written last."""
    slide(page, "at this token", "End", 1)
    now = page.locator(".shaded .now").last
    expect(now).to_have_text(".")
    for _ in range(10):
        if now.inner_text() == "cellar":
            break
        told = now.inner_text()
        slide(page, "at this token", "ArrowLeft", 1)
        expect(now).not_to_have_text(told, timeout=5_000)


DO["lost"] = lambda page: slide(page, "Words between", "End", 1)
DO["outweighed"] = lambda page: slide(page, "Angle between", "Home", 1)
DO["parted"] = lambda page: slide(page, "The forgetting gate", "ArrowRight", 4)
DO["undone"] = undo
DO["read_before"] = lambda page: pick(page, "before the write")
DO["forgotten"] = lambda page: page.get_by_text("the memory is wiped").last.click()
