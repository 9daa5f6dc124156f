"""The player: a text and its memory's life, played, stepped and scrubbed in the browser alone.

Its sources are ES modules that import one another; Streamlit takes one string, so they are laid one after
another, without the lines that connect them.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
MODULES = (
    "format", "trace", "memory", "playhead", "text", "tracks", "weights", "equation", "controls", "player",
)  # fmt: skip


def bundle() -> str:
    """All modules as one; what a module needs comes before it."""
    source = "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    source = re.sub(r"^import [^;]*;\n", "", source, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", source, flags=re.MULTILINE)


mount = st.components.v2.component(
    "titans_lab_player",
    html=(HERE / "player.html").read_text(encoding="utf-8"),
    css=(HERE / "player.css").read_text(encoding="utf-8"),
    js=bundle(),
)


def player(message: bytes) -> None:
    """Show the reading that ``message`` (see ``app.payload``) holds; it is sent anew only when it changes."""
    mount(key="player", data=message)
