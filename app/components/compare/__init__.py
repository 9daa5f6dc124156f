"""The comparison: one text in several models, played, stepped and scrubbed in the browser alone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.components.common import bundle, markup, styles

HERE = Path(__file__).resolve().parent
MODULES = ("reading", "attribution", "arcs", "diagram", "column", "choices", "compare")


def diagrams() -> str:
    """A template for every variant's block diagram."""
    drawings = ((path.stem, path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("diagrams/*.svg")))
    return "".join(f'<template data-variant="{variant}">{svg}</template>' for variant, svg in drawings)


mount = st.components.v2.component(
    "titans_lab_compare",
    html=markup(HERE / "compare.html").replace("<!-- diagrams -->", diagrams()),
    css=styles(HERE / "compare.css"),
    js=bundle(HERE, MODULES),
)


def compare_view(message: bytes) -> None:
    """Show what ``message`` (see ``app.payload.encode_columns``) holds; it is sent anew only when it
    changes."""
    mount(key="compare", data=message)
