"""Lets a page be drawn anew when its theme changes: charts and shaded words get their colours on the server,
which Streamlit does not tell of that."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.components.common import bundle
from app.palette import theme

mount = st.components.v2.component(
    "titans_lab_themes", js=bundle(Path(__file__).parent, ("themes",), shared=("theme",))
)


def follow_theme() -> None:
    """On every page, run it again when light becomes dark, or dark light."""
    with st.container(key="themes"):
        mount(key="follow-theme", data={"theme": theme()}, on_changed_change=lambda: None)
