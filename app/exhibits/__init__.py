"""What the lessons' exhibits look like: one module a kind, named as in `lessons.exhibits`.

Each has a function ``draw(exhibit, found, view, key)`` that shows one of its views and tells which of the
exhibit's actions the learner has done with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module

from app.session import pace
from lessons import Exhibit, Found

Draw = Callable[[Exhibit, Found, str, str], Collection[str]]


def draw(exhibit: Exhibit, found: Found, view: str, key: str) -> Collection[str]:
    """Show a view of an exhibit; the actions that the learner has done with it. What it keeps in the session
    it keeps under ``key``, its place in the lesson."""
    pace()
    drawn: Draw = import_module(f"{__name__}.{exhibit.kind}").draw
    return drawn(exhibit, found, view, key)
