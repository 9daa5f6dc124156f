"""Lets a link that was pressed be followed: neither a text that is still to be sent undoes it, nor what the
page before it says as it is left."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

mount = st.components.v2.component(
    "titans_lab_links", js=(Path(__file__).parent / "links.js").read_text(encoding="utf-8")
)


def follow_links() -> None:
    """On every page, let a link lead where it says."""
    with st.container(key="links"):
        mount(key="follow-links")
