"""The intervention: a text as it was read and as it was read with edits, under one playhead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components.common import bundle, markup, styles

HERE = Path(__file__).resolve().parent

mount = st.components.v2.component(
    "titans_lab_intervene",
    html=markup(HERE / "intervene.html"),
    css=styles(HERE / "intervene.css"),
    js=bundle(HERE, ("pairs", "intervene")),
)


def intervene_view(message: bytes, picked: Callable[[], None]) -> None:
    """Show what ``message`` (see ``app.payload.encode_fork``) holds; it is sent anew only when it changes.
    ``picked`` is called when a token is locked; ``st.session_state.intervene.picked`` is its number then."""
    mount(key="intervene", data=message, on_picked_change=picked)
