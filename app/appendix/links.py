"""Links within the lab, which keep the session."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from app.teaching import progress
from app.teaching.finding import shelf
from lessons import words
from lessons.appendix import Link, pages

VIEWS = Path(__file__).resolve().parent.parent / "views"
FIRST = "stream"  # what stands at the bare address
PLACES = ("switches", "gpu", "memory", "stream", "decisions", "glossary")  # of the appendix's prose

say = words("appendix")


def link(label: str, page: str, query: Mapping[str, str] | None = None) -> None:
    """A link to a page of the lab, by its address; to a lesson, at the step that is next."""
    view = VIEWS / f"{page or FIRST}.py"
    target = st.Page(view, title=page.capitalize(), url_path=page, default=not page)
    lesson = next((one for one in shelf().lessons if query and one.name == query.get("lesson")), None)
    query = progress.place(lesson) if lesson else query
    st.page_link(target, label=label, query_params=dict(query) if query else None)


def see(links: tuple[Link, ...]) -> None:
    """Where something can be seen, in a row."""
    with st.container(horizontal=True, gap="small"):
        for one in links:
            link(one.label, one.page, dict(one.query))


def contents(but: str = "") -> None:
    """The pages of the appendix, in a row, without the one that is shown."""
    with st.container(horizontal=True, gap="medium", key="appendix-contents"):
        st.html(f"<b>{say('contents')}</b>", width="content")
        for page in pages(PLACES):
            if page.name != but:
                link(page.title, "appendix", {"page": page.name})
