"""Buttons of a page without a browser."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def press(page: AppTest, label: str) -> None:
    """Press the one button with this label; the page must bear it."""
    (button,) = [button for button in page.button if button.label == label]
    button.click().run()
    assert not page.exception
