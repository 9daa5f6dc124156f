"""The player: a text and its memory's life, played, stepped and scrubbed in the browser alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components.common import bundle, markup, styles

HERE = Path(__file__).resolve().parent


def registered(name: str, html: str) -> Callable[..., object]:
    """A component of this name and markup."""
    return st.components.v2.component(
        name,
        html=html,
        css=styles(HERE / "player.css"),
        js=bundle(HERE, ("weights", "equation", "controls", "player")),
    )


HTML, HERE_ON = markup(HERE / "player.html"), (HERE / "from-here.html").read_text(encoding="utf-8")
mount = registered("titans_lab_player", HTML.replace("<!-- from here -->", HERE_ON))
mount_alone = registered("titans_lab_player_alone", HTML)


def player(message: bytes, placed: Callable[[], None] | None = None) -> None:
    """Show the reading that ``message`` (see ``app.payload``) holds; it is sent anew only when it changes.
    ``placed`` is called when a person wants to go on from a token: ``st.session_state.player.place`` is then
    its number and the reading's key. Without it that is not offered."""
    if placed is None:
        mount_alone(key="player", data=message)
    else:
        mount(key="player", data=message, on_place_change=placed)
