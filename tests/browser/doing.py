"""How a learner does what an exhibit asks, in the browser: by the action's name."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

DO: dict[str, Callable[[Page], object]] = {}
