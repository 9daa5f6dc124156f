"""What a component told. Where one run breaks another off, Streamlit may lose that: the component then gets
other data, and so runs, and tells it again."""

from __future__ import annotations

from typing import Any

import streamlit as st


def told(key: str, name: str) -> Any:
    """What the component ``key`` told as ``name`` before this run; None where that was lost."""
    found = (st.session_state.get(key) or {}).get(name)
    if found is None:
        st.session_state[f"{key}-lost"] = lost(key) + 1
    return found


def lost(key: str) -> int:
    """How often that happened: to stand in the component's data."""
    count: int = st.session_state.get(f"{key}-lost", 0)
    return count
