"""The player: a text and its memory's life, played, stepped and scrubbed in the browser alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components.common import bundle, markup, styles

HERE = Path(__file__).resolve().parent

mount = st.components.v2.component(
    "titans_lab_player",
    html=markup(HERE / "player.html"),
    css=styles(HERE / "player.css"),
    js=bundle(HERE, ("weights", "equation", "controls", "player")),
)


def player(message: bytes, placed: Callable[[], None]) -> None:
    """Show the reading that ``message`` (see ``app.payload``) holds; it is sent anew only when it changes.
    ``placed`` is called when a person wants to go on from a token: ``st.session_state.player.place`` is then
    its number and the reading's key."""
    mount(key="player", data=message, on_place_change=placed)
