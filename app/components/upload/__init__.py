"""A file too large to be sent: the browser keeps it back, and the uploader tells why by a mark alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

mount = st.components.v2.component(
    "titans_lab_upload", js=(Path(__file__).parent / "upload.js").read_text(encoding="utf-8")
)


def hear_of_large(uploader: str, most: int, large: Callable[[int], None]) -> None:
    """Let ``large`` be called before the next run with the bytes of a file, more than ``most``, that was
    given to the uploader of this key."""
    with st.container(key="large-upload"):
        mount(key="large", data={"uploader": uploader, "most": most}, on_size_change=lambda: tell(large))


def tell(large: Callable[[int], None]) -> None:
    """Hand on what the browser said."""
    size = (st.session_state.get("large") or {}).get("size")
    if type(size) is int:
        large(size)
