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


def save_picture(key: str, page: str, model: str, token: int, count: int, word: str) -> None:
    """Offer a picture of the container ``key``, which is of ``page``, as ``model`` was after ``token`` of
    ``count`` tokens; ``word`` is that token as a person reads it."""
    mount(
        key=f"{key}-picture",
        data={"key": key, "page": page, "models": model, "token": token, "count": count, "word": word},
    )
