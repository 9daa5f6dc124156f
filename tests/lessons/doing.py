"""How a learner does what an exhibit asks, in a page without a browser: by the action's name."""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

DO: dict[str, Callable[[AppTest], object]] = {}


def slider(page: AppTest, part: str, value: float) -> None:
    """Move the latest slider whose key has ``part`` in it."""
    found = [one for one in page.slider if one.key and part in one.key]
    found[-1].set_value(value).run()


DO["lost"] = lambda page: slider(page, "-shows", 40)
DO["outweighed"] = lambda page: slider(page, "-shows", 30)


def select_slider(page: AppTest, part: str, value: object) -> None:
    """Move the latest slider of given values whose key has ``part`` in it."""
    found = [one for one in page.select_slider if one.key and part in one.key]
    found[-1].set_value(value).run()


DO["parted"] = lambda page: select_slider(page, "-alpha", 0.01)


def undo(page: AppTest) -> None:
    """Set the learning rate to nothing at the word that was written last, "cellar"."""
    for number in range(int(page.slider[-1].max), 0, -1):
        slider(page, "-token", number)
        if any("“cellar”" in caption.value for caption in page.caption):
            return


DO["undone"] = undo


def pick(page: AppTest, part: str, value: object) -> None:
    """Pick from the latest row of choices whose key has ``part`` in it."""
    found = [one for one in page.button_group if one.key and part in one.key]
    found[-1].set_value(value).run()


def hold(page: AppTest) -> None:
    """Two layers hold the two switches."""
    pick(page, "-set", "switches")
    pick(page, "-depth", 2)


def slide_over(page: AppTest) -> None:
    """Both ends of the gradient block."""
    select_slider(page, "-block", 1)
    select_slider(page, "-block", 64)


def drag(page: AppTest) -> None:
    """Two places of the haystack, far from the question."""
    select_slider(page, "-after", 1024)
    select_slider(page, "-before", 0)


def run_maps(page: AppTest) -> None:
    """The map of one model to its end, then of another."""
    for name in ("lmm", "mac"):
        pick(page, "-model", name)
        next(one for one in page.button if one.label == "Run the map").click().run()
        while any(one.label == "Cancel" for one in page.button):
            time.sleep(0.2)
            page.run()


DO["learned"] = lambda page: slider(page, "-eta", 0.5)
DO["held"] = hold
DO["crossed"] = lambda page: slider(page, "-place", 40)
DO["slid"] = slide_over
DO["dragged"] = drag
DO["mapped"] = run_maps
DO["walked"] = lambda page: pick(page, "-way", "right")
DO["overwritten"] = lambda page: slider(page, "-confirmed", 4)


def choose(page: AppTest, part: str, value: object) -> None:
    """Choose with the latest widget of its kind whose key has ``part`` in it."""
    found = [one for one in (*page.button_group, *page.radio) if one.key and part in one.key]
    found[-1].set_value(value).run()


DO["read_before"] = lambda page: choose(page, "-order", "before")
DO["forgotten"] = lambda page: choose(page, "-life", "wiped")
