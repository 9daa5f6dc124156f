"""The map of a needle as the Needle page shows it: begun, gone on with, and shaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from app import choosing, keeping, limits, mapping, models, work
from app.charts.drawn import draw_chart
from app.components.picture import save_picture
from app.exhibits.cells import Side, cells
from app.mapping import Map
from app.needle import Needle
from app.session import held
from titans_core.sweep import Plan

JOB: Final[str] = "Needle map"  # begins with its page's name, as whose work it is
SHOWN: Final[str] = "needle-map-shown"  # what is saved as a picture
CHANCES, RIGHT = "chances", "right"
SHADES: Final[dict[str, str]] = {CHANCES: "Probability", RIGHT: "Right answers"}
TITLES: Final[dict[str, str]] = {
    CHANCES: "Probability of the right answer",
    RIGHT: "Share of right answers",
}

state = st.session_state


def begin_map() -> None:
    """Draw the map that the boxes describe; one that was stopped goes on."""
    state.mapping = True
    work.again(JOB)


def draw_map(names: list[str], wanted: Needle) -> None:
    """A model is chosen, and its map drawn cell by cell."""
    name = choosing.one_model(names, "mapped")
    st.button("Draw the map", type="primary", on_click=begin_map)
    key = describe(name, wanted)
    if state.pop("mapping", False) and key:
        state.map_key, last = key, held().map
        if last and last.digest != models.load(name).digest:
            held().map = None  # nothing that could go on
    known = current_map()
    if known and (known.model, known.plan) != key:
        st.caption("This is what was found before. Press Draw the map to draw it anew.")
    if known and known.found:
        show_map(known)


def describe(name: str, wanted: Needle) -> tuple[str, Plan] | None:
    """The map that the boxes describe; where they describe none, why."""
    try:
        return name, mapping.plan(wanted)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return None


def current_map() -> Map | None:
    """The map that was begun last, as far as it is."""
    if state.get("map_key") is None:
        return None
    (name, plan), last = state.map_key, held().map
    if choosing.tell_away([name], "go on with this map"):
        work.forget(JOB)
        return last if last and (last.model, last.plan) == state.map_key else None
    model = models.load(name)
    fresh = Map(name, model.digest, plan)
    if last and last.digest != fresh.digest and (last.model, last.plan) == state.map_key:
        keeping.lose(keeping.UNMAPPED)
        work.forget(JOB)
        held().map = state.map_key = None
        return None
    known = last if last and replace(last, found=()) == fresh else fresh
    if known.complete:
        work.rest()
        return known
    with st.spinner("Reading …"):
        job = work.current(JOB, fresh, lambda: mapping.stages(model, known))
    job.check()
    held().map = job.value or known
    work.progress(job, "Draw the map")
    return job.shown or known


def show_map(known: Map) -> None:
    """One cell a depth and a length."""
    shade = choosing.one_of("Shaded by", SHADES, "shade")
    depths = [round(100 * depth) for depth in sorted(known.plan.depths)]
    across, down = Side("length", "tokens of haystack"), Side("depth", "the fact stands at, per cent")
    shares, lengths = mapping.shares(known, shade == CHANCES), sorted(known.plan.lengths)
    chart = cells(shares, across, down, TITLES[shade], depths, lengths)
    told, fact = mapping.told(known), known.fact
    with st.container(key=SHOWN):
        draw_chart(chart, told)
        st.caption(told)
    save_picture(
        SHOWN,
        f"needle-map-{lengths[-1]}",
        f"Needle: “{fact}” by depth and length",
        f"How often {known.model} finds “{fact}”, by depth and length.",
    )
