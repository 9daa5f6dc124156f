"""A text set as in a book, with the words underlined that are spoken of."""

from __future__ import annotations

import html
from collections.abc import Iterable

import streamlit as st


def passage(text: str, underlined: Iterable[tuple[int, int]] = ()) -> None:
    """Show a text; ``underlined`` are places in it, (begin, end) in characters."""
    parts, at = [], 0
    for begin, end in sorted(underlined):
        parts += [html.escape(text[at:begin]), f"<u>{html.escape(text[begin:end])}</u>"]
        at = end
    st.html(f'<p class="lesson-text">{"".join(parts)}{html.escape(text[at:])}</p>')
