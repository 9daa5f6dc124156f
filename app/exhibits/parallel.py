"""The exhibit "parallel": a slider for the gradient block, error and time side by side; and a cut stream."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd
import streamlit as st

from app.charts.drawn import draw_chart
from app.exhibits.measured import Bar, bars
from app.palette import palette, theme
from lessons import percent, words
from lessons.exhibits import parallel
from lessons.exhibits.parallel import (
    BLOCKS,
    FRESH,
    LARGE,
    REPEATED,
    SMALL,
    TAIL,
    TOKENS,
    Parallel,
    Run,
    Shown,
    Tail,
)

say = words("parallel")
state = st.session_state
MOST = 1000  # percent that the error's axis shows
LONGEST = 63  # tokens of a tail
ROUNDING = 1e-5  # differences below this are those of rounding


def draw(exhibit: Shown, found: Parallel, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "slider" both ends are to be seen of a memory of two layers."""
    if view == "slider":
        return slider(found, key)
    if view == "tail":
        cut(key)
    elif view == "compiled":
        loop(found)
    else:
        draw_chart(measured(found.repeated, None, "error"), say("error"))
    return ()


def slider(found: Parallel, key: str) -> tuple[str, ...]:
    """Error and time of the memory, the pairs and the step that are chosen, by block; "slid" once the learner
    has seen both ends of two layers."""
    left, right = st.columns(2, gap="medium")
    deep = left.segmented_control(
        say("memory"), (False, True), default=True, required=True,
        format_func=lambda deep: say("deep" if deep else "matrix"), key=f"{key}-deep",
    )  # fmt: skip
    distinct = st.segmented_control(
        say("keys"), (FRESH, REPEATED), default=FRESH, required=True,
        format_func=lambda count: say("fresh") if count == FRESH else say("repeated", count=count),
        key=f"{key}-keys",
    )  # fmt: skip
    theta = right.segmented_control(
        say("step"), (SMALL, LARGE), default=LARGE, required=True, key=f"{key}-step"
    )
    block = st.select_slider(say("block"), BLOCKS, BLOCKS[2], key=f"{key}-block")
    seen: set[int] = state.setdefault(f"{key}-seen", set())
    if deep:  # noted before it is drawn: whoever slides on at once has seen it all the same
        seen.add(block)
    runs = swept(deep, distinct, theta)
    run = next(run for run in runs if run.block == block)
    error = say("burst") if math.isinf(run.error) else str(percent(run.error))
    st.caption(say("told", block=block, error=error, tokens=TOKENS, spent=f"{run.milliseconds:.0f}\u00a0ms"))
    first, second = st.columns(2, gap="medium")
    with first:
        draw_chart(measured(runs, block, "error"), say("error"))
    with second:
        draw_chart(measured(runs, block, "time"), say("time"))
    return ("slid",) if seen >= {BLOCKS[0], BLOCKS[-1]} else ()


def loop(found: Parallel) -> None:
    """How long the compiled loop takes at both ends, or that it is not here."""
    rows = [
        Bar(say("compiled_block", block=run.block), run.milliseconds, f"{run.milliseconds:.0f}\u00a0ms")
        for run in found.compiled
    ]
    if rows:
        st.html(bars(say("compiled"), "theta", rows))
    else:
        st.caption(say("compiled_missing"))


@st.cache_resource(show_spinner=False, max_entries=8)
def swept(deep: bool, distinct: int, theta: float) -> tuple[Run, ...]:
    """Every block, once."""
    return parallel.sweep(deep, distinct, theta)


def measured(runs: tuple[Run, ...], block: int | None, what: str) -> alt.LayerChart:
    """One bar a block, the chosen one in full colour: the error, on a scale that bends, or the time."""
    colours = palette(theme())
    table = pd.DataFrame(
        {
            "block": run.block,
            "value": min(MOST, 100 * run.error) if what == "error" else run.milliseconds,
            "beyond": 100 * run.error > MOST,
            "told": off(run.error) if what == "error" else f"{run.milliseconds:,.1f}",
        }
        for run in runs
    )
    colour = colours["surprise" if what == "error" else "theta"]
    scale = alt.Scale(type="symlog", constant=10, domain=[0, MOST]) if what == "error" else alt.Undefined
    ticks = [0, 10, 30, 100, 300, MOST] if what == "error" else alt.Undefined
    title = say("error_axis") if what == "error" else say("time_axis", tokens=TOKENS)
    base = alt.Chart(table, height=280).encode(
        x=alt.X("block:O", title=say("block"), axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            "value:Q",
            title=title,
            scale=scale,
            axis=alt.Axis(domain=False, values=ticks, tickCount=4),
        ),
        tooltip=[alt.Tooltip("block:O"), alt.Tooltip("told:N", title=title)],
    )
    shown = alt.datum.block == block if block else alt.datum.block > 0
    bars = base.mark_bar(color=colour).encode(opacity=alt.condition(shown, alt.value(1), alt.value(0.35)))
    beyond = base.transform_filter("datum.beyond").mark_text(
        text="…", baseline="bottom", dy=-3, fontSize=14, color=colours["ink"]
    )  # fmt: skip
    return bars + beyond if what == "error" else bars + base.mark_point(opacity=0)


def off(error: float) -> str:
    """An error's percents, also where the axis ends before them."""
    return f"{100 * error:,.1f}" if math.isfinite(error) else say("burst")


def cut(key: str) -> None:
    """A block that is not full: what is known of its pairs."""
    tokens = st.slider(say("tail"), 1, LONGEST, TAIL, key=f"{key}-tail")
    tail = cut_after(tokens)
    draw_chart(tails(tail), say("tail_alt"))
    goes_on = say("nothing") if tail.goes_on < ROUNDING else percent(tail.goes_on)
    st.caption(say("tail_told", goes_on=goes_on, closed=f"{100 * tail.closed:.1f}\u00a0%"))


@st.cache_resource(show_spinner=False, max_entries=64)
def cut_after(tokens: int) -> Tail:
    """A tail of so many tokens."""
    return parallel.tail(tokens)


def tails(tail: Tail) -> alt.LayerChart:
    """Two bars: the tail's pairs written at once, and kept back."""
    colours, names = palette(theme()), [say("tail_written"), say("tail_waiting")]
    table = pd.DataFrame({"name": names, "error": [100 * tail.written, 100 * tail.waiting]})
    base = alt.Chart(table, height=alt.Step(36)).encode(
        x=alt.X(
            "error:Q", title=say("tail_axis"), scale=alt.Scale(domain=[0, 140]), axis=alt.Axis(tickCount=5)
        ),
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=260, domain=False, ticks=False)),
    )
    bars = base.mark_bar(height=16).encode(
        color=alt.Color(
            "name:N", sort=names, scale=alt.Scale(range=[colours["retrieval"], colours["nll"]]), legend=None
        )
    )
    return bars + base.mark_text(align="left", dx=6, color=colours["ink"]).encode(
        alt.Text("error:Q", format=".0f")
    )
