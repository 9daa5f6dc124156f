"""The tour on the first page, for those who take no lesson: five steps beside what they are about."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import samples, typed
from lessons import words

HERE = Path(__file__).resolve().parent
VIEWS = HERE.parent.parent / "views"
STEPS = ("streamed", "surprise", "written", "ask", "change")
PAGES = {"ask": "compare", "change": "intervene"}  # the steps that another page shows

say = words("tour")
state = st.session_state
mount = st.components.v2.component(
    "titans_lab_tour",
    html=(HERE / "tour.html").read_text(encoding="utf-8"),
    css=(HERE / "tour.css").read_text(encoding="utf-8"),
    js=(HERE / "tour.js").read_text(encoding="utf-8"),
)


def tour() -> None:
    """Show the tour, until it was closed in this browser; go where one of its steps leads."""
    steps = [
        {"name": name, "title": say(name), "told": say(f"{name}_told"), "does": say(f"{name}_do")}
        for name in STEPS
    ]
    with st.container(key="tour"):
        data = {"name": say("name"), "away": say("away"), "steps": steps}
        mount(key="the-tour", data=data, on_go_change=take_step)
    page = state.pop("tour_goes_to", None)
    if page:
        there = st.Page(VIEWS / f"{page}.py", title=page.capitalize(), url_path=page)
        st.switch_page(there, query_params={})  # not None: that fails where a widget stands in the address


def take_step() -> None:
    """A step that another page shows: the first sample, the question asked."""
    step = (state.get("the-tour") or {}).get("go")  # Streamlit may lose it where runs overlap
    if not isinstance(step, str) or step not in PAGES:
        return
    typed.put_sample(next(iter(samples.titles())))
    state.question = state.asked = say("question")
    state.edits, state.link_problem = [], None
    state.tour_goes_to = PAGES[step]
