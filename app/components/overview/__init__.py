"""The overview: a long text as one strip, its peaks named, and a window that is moved over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from app.components.common import bundle, markup, styles

HERE = Path(__file__).resolve().parent
SHARED = ("format", "trace", "curve", "theme")

mount = st.components.v2.component(
    "titans_lab_overview",
    html=markup(HERE / "overview.html"),
    css=styles(HERE / "overview.css"),
    js=bundle(HERE, ("window", "ticks", "strip", "overview"), SHARED),
)


def overview(message: bytes) -> None:
    """Show what ``message`` (see ``app.book``) holds; it is sent anew only when it changes."""
    mount(key="overview", data=message, default={"stretch": None}, on_stretch_change=lambda: None)


def wanted() -> Any:
    """The stretch that was asked for last: the book's key, start, end, and the token to look at, or None
    where nothing was. It is a state, not an event: no run that breaks another off loses it."""
    return (st.session_state.get("overview") or {}).get("stretch")
