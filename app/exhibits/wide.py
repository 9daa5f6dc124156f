"""A figure that is wider than the prose around it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def wide(key: str) -> DeltaGenerator:
    """A place for it, as wide as the window lets it be."""
    return st.container(key=f"wide-{key}")
