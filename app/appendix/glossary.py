"""Every symbol and word, in the colour that it has everywhere, with links to where it is seen."""

from __future__ import annotations

import html
from itertools import groupby

import streamlit as st

from app.appendix.links import see
from app.palette import palette, theme
from lessons.appendix import Term, glossary


def draw() -> None:
    """All terms, by group."""
    for title, terms in groupby(glossary(), key=lambda term: term.group):
        st.header(title, anchor=False)
        for term in terms:
            with st.container(key=f"glossary-{term.name.replace(' ', '-')}", gap=None):
                st.html(entry(term))
                see(term.links)


def entry(term: Term) -> str:
    """Symbol, name and meaning as HTML."""
    colours = palette(theme())
    look = (
        f" style='--colour:{colours[term.colour]};--text:{colours[term.colour + '-text']}'"
        if term.colour
        else ""
    )
    return (
        f"<p class='term'{look}><b>{html.escape(term.symbol)}</b> <span>{html.escape(term.name)}</span></p>"
        f"<p class='meaning'>{html.escape(term.meaning)}</p>"
    )
