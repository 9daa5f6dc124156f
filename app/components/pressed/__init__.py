"""What is pressed, told to assistive technology: Streamlit's buttons show it by their look alone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

mount = st.components.v2.component(
    "titans_lab_pressed", js=(Path(__file__).parent / "pressed.js").read_text(encoding="utf-8")
)


def tell_pressed(key: str) -> None:
    """Let the buttons in the container of this ``key``, in which this is called, say whether they are
    pressed: that which looks like it, the primary one, is."""
    with st.container(key=f"{key}-pressed"):
        mount(key=f"{key}-are-pressed", data=key)
