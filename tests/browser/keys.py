"""A learner who has a keyboard and nothing else; wherever it leads, one must see it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from playwright.sync_api import Locator, Page, expect

STOPS = 200  # of Tab on a page, at the most
LOOK = (Path(__file__).parent / "focus.js").read_text().strip().removesuffix(";")

# Until the page has kept its height for half a second; half a minute at the most.
REST = """async () => {
  const main = document.querySelector(".stMain");
  for (let height = 0, still = 0, tries = 0; still < 5 && tries < 300; tries++) {
    await new Promise((done) => setTimeout(done, 100));
    still = main.scrollHeight === height ? still + 1 : 0;
    height = main.scrollHeight;
  }
}"""


class Stop(TypedDict):
    """Where the focus is: in words, and by the number of its element; what was left whose focus could not be
    seen; whether it is out of sight or under something else, and whether nothing in particular has it."""

    told: str
    number: int
    unseen: str | None
    hidden: bool
    whole: bool


class Keys:
    """Presses keys on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str, times: int = 1) -> None:
        """Press a key where the focus is."""
        for _ in range(times):
            self.page.keyboard.press(key)

    def tab(self, back: bool = False) -> Stop:
        """Go on to the next stop, or back to the one before."""
        self.press("Shift+Tab" if back else "Tab")
        stop: Stop = self.page.evaluate(LOOK)
        assert stop["unseen"] is None, f"the focus cannot be seen on: {stop['unseen']}"
        assert not stop["hidden"], f"out of sight, or covered: {stop['told']}"
        return stop

    def rest(self) -> None:
        """Wait until the page has come to rest, as a person does: what grows above would move what has the
        focus out of the window."""
        expect(self.page.locator("[data-test-script-state=notRunning]")).to_be_attached()
        self.page.evaluate(REST)

    def to(self, wanted: Locator, back: bool = False) -> None:
        """Go on until the focus is on this, or in it. Over the page's end it begins at the top."""
        expect(wanted).to_be_attached()
        inside = wanted.locator(":focus")
        for _ in range(STOPS):
            if wanted.and_(self.page.locator(":focus")).count() or inside.count():
                return
            self.tab(back)
        raise AssertionError(f"{wanted} cannot be reached with the keyboard")

    def button(self, name: str) -> None:
        """Press a button."""
        self.to(self.page.get_by_role("button", name=name, exact=True).last)
        self.press("Enter")

    def slide(self, label: str, key: str, times: int) -> None:
        """Press a key so often on the latest slider of this name."""
        self.to(self.page.get_by_role("slider", name=label).last)
        self.press(key, times)

    def pick(self, choice: Locator) -> None:
        """Pick one of a group of choices: Tab leads into the group, arrows lead within it."""
        group = choice.locator("xpath=ancestor::*[@role='radiogroup']")
        self.to(group)
        others = group.get_by_role("radio").count() - 1
        for arrow in ["ArrowRight"] * others + ["ArrowLeft"] * others:
            if choice.and_(self.page.locator(":focus")).count():
                break
            self.press(arrow)
        expect(choice).to_be_focused()
        if not choice.is_checked():
            self.press("Space")
        expect(choice).to_be_checked()

    def round(self, back: bool = False) -> list[str]:
        """All stops from here to the page's end, or its top; every one is met once. Where Chromium leads on
        from the end to the top by itself, they go on to the one that was first."""
        stops = [self.tab(back)]
        if stops[0]["whole"]:  # it began at the edge itself, from where Chromium goes through its own bar
            stops = [self.tab(back)]
        while not stops[-1]["whole"]:
            stop = self.tab(back)
            if stop["number"] == stops[0]["number"]:
                break
            caught = f"{stop['told']} again, after {stops[-1]['told']}"
            assert stop["number"] not in [one["number"] for one in stops], caught
            stops.append(stop)
        return [stop["told"] for stop in stops]
