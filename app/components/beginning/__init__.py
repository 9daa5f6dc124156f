"""A lesson, or a page of the appendix, that comes in place of another begins at its top: Streamlit would
leave it scrolled as the one before was."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

mount = st.components.v2.component(
    "titans_lab_beginning", js=(Path(__file__).parent / "beginning.js").read_text(encoding="utf-8")
)


def begin(page: str) -> None:
    """Show the top where another page than this was shown before."""
    with st.container(key="beginning"):
        mount(key="page-beginning", data={"page": page})
