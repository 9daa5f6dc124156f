"""Keeps what is typed sendable, for half a surrogate pair would close the connection with no answer."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

mount = st.components.v2.component(
    "titans_lab_typing", js=(Path(__file__).parent / "typing.js").read_text(encoding="utf-8")
)


def mend_typing() -> None:
    """On every page, replace a half character by � as soon as it is typed or pasted."""
    with st.container(key="typing"):
        mount(key="mend-typing")
