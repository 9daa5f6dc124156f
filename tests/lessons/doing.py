"""How a learner does what an exhibit asks, in a page without a browser: by the action's name."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

DO: dict[str, Callable[[AppTest], object]] = {}
