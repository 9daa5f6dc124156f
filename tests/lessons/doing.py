"""How a learner does what an exhibit asks, in a page without a browser: by the action's name."""

from __future__ import annotations

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
