"""The link of the page as it is: the server's part, and after it what the browser alone knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent

mount = st.components.v2.component(
    "titans_lab_share",
    html=(HERE / "share.html").read_text(encoding="utf-8"),
    css=(HERE / "share.css").read_text(encoding="utf-8"),
    js=(HERE / "share.js").read_text(encoding="utf-8"),
)


def shared_link(address: str, moving: Sequence[str]) -> None:
    """Show the link, with the place in the text and the choices that the browser keeps, and a way to copy
    it. The fields ``moving`` may change in the browser's address while the page itself does not run."""
    mount(key="shared-link", data={"link": address, "moving": list(moving)})
