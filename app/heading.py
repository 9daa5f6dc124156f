"""The line at the top of a page: its name, what it is for, and at its end the link of what stands there."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def heading(name: str, about: str) -> DeltaGenerator:
    """Show the line; the place at its end, to be filled once the page knows what its link holds."""
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.html(f"<div class='page-title'><h1>{name}</h1><p>{about}</p></div>", width="stretch")
        return st.container(width="content", key="share")
