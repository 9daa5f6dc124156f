"""No click is lost: Streamlit acts on what a page asked for before it looks whether the page asks again.

By itself it looks before each callback and within it, and then lets go what it was about to act on, with the
click that brought it. A busy server reads two requests of a page one right after the other, and so loses a
click. ``runner.fastReruns`` would let go as well what has not begun; without it, that becomes one request."""

from __future__ import annotations

from typing import Any

from streamlit.runtime.state import SafeSessionState


def act_first() -> None:
    """From now on, for all sessions."""
    SafeSessionState.on_script_will_rerun = on_script_will_rerun  # type: ignore[method-assign]


def on_script_will_rerun(self: SafeSessionState, *given: Any, **named: Any) -> None:
    """Call back who waits for what the page asked for. Streamlit looks whether it asks again after that."""
    looks: Any = self._yield_callback
    runner = looks.__self__
    runner._execing = False  # which is when it does not look
    try:
        with self._lock:
            self._state.on_script_will_rerun(*given, **named)
    finally:
        runner._execing = True
