"""The key of a session in its browser tab's own store, so that it outlives the server's memory of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

LONGEST = 100  # characters of a key that a browser may name
mount = st.components.v2.component(
    "titans_lab_session", js=(Path(__file__).parent / "session.js").read_text(encoding="utf-8")
)


def tab(key: str, settled: bool, found: Callable[[str], None]) -> None:
    """Keep ``key`` in the tab. Where it has kept another, and nothing is ``settled`` yet, ``found`` is called
    with that one before the next run."""
    with st.container(key="session-key"):
        mount(key="tab-key", data={"key": key, "settled": settled}, on_found_change=lambda: tell(found))


def tell(found: Callable[[str], None]) -> None:
    """Hand on what the tab had kept."""
    kept = st.session_state["tab-key"].get("found")
    if isinstance(kept, str) and len(kept) <= LONGEST:
        found(kept)
