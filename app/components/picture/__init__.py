"""The button that saves a picture of a part of the page that others draw: Plotly, Altair and Streamlit."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.components.common import bundle, markup, styles

HERE = Path(__file__).resolve().parent

mount = st.components.v2.component(
    "titans_lab_picture",
    html=markup(HERE / "picture.html"),
    css=styles(HERE / "picture.css"),
    js=bundle(HERE, ("picture",)),
)


def save_picture(key: str, name: str, title: str, description: str) -> None:
    """Offer a picture of the container ``key``; ``name`` is the file's, without its beginning and ending."""
    about = {"key": key, "name": name, "title": f"Titans Lab, {title}", "description": description}
    mount(key=f"{key}-picture", data=about)
