"""Pages without a browser: their buttons, and what their sessions hold."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from app.session import Held


def press(page: AppTest, label: str) -> None:
    """Press the one button with this label; the page must bear it."""
    (button,) = [button for button in page.button if button.label == label]
    button.click().run()
    assert not page.exception


def held(page: AppTest) -> Held:
    """What the page's session holds."""
    found: Held = page.session_state.session.held
    return found


class State(dict[str, Any]):
    """A session's state, with its values as attributes too."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__
