"""The appendix: what stands beside the lessons, a page at a time."""

from __future__ import annotations

import html
from importlib import import_module
from pathlib import Path

import streamlit as st

from app import address
from app.appendix.links import PLACES, contents, link
from app.components.beginning import begin
from app.words import literal
from lessons import words
from lessons.appendix import Page, pages

APP = Path(__file__).resolve().parent.parent

say = words("appendix")
state = st.session_state


def asked_for() -> Page:
    """The page that the address names; the first where it names none. A link within the page leaves the
    address to us."""
    name = st.query_params.get("page")
    if name != state.get("appendix_in_address"):
        state.appendix_in_address = name
        address.say_so({"page": name} if name else {})
    known = {page.name: page for page in pages(PLACES)}
    if name is not None and name not in known:
        st.warning(say("unknown", name=literal(name[:40])))
    return known.get(name or "", next(iter(known.values())))


def show(page: Page) -> None:
    """A page: its title, and in turn prose and what stands at its places."""
    begin(page.name)
    link(f"← {words('page')('back')}", "lessons")
    st.html(f"<h1>{html.escape(page.title)}</h1><p class='lesson-lead'>{html.escape(page.lead)}</p>")
    for number, part in enumerate(page.parts):
        if number % 2:
            import_module(f"app.appendix.{part}").draw()
        elif part:
            st.markdown(part)
    contents(but=page.name)


for sheet in (APP / "lessons.css", APP / "appendix" / "appendix.css"):
    st.html(sheet)
with st.container(key="lesson-page"):
    show(asked_for())
