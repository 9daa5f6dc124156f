"""The exhibit "decisions": a T-maze to walk through, and an agent's log in which states change."""

from __future__ import annotations

import html

import altair as alt
import pandas as pd
import streamlit as st

from app import models
from app.charts.drawn import draw_chart
from app.exhibits.cells import Side, cells
from app.exhibits.maze import picture
from app.exhibits.paired import paired
from app.exhibits.svg import image
from app.palette import palette, theme
from lessons import words
from lessons.exhibits import decisions
from lessons.exhibits.decisions import (
    CORRIDORS,
    INSISTED,
    PAUSE,
    Choice,
    Decided,
    Report,
    Shown,
    share,
)
from titans_core.tasks.words import WAYS

say = words("decisions")
state = st.session_state
SURE = 0.5
LINES = 12  # of a log that are shown at either end


def draw(exhibit: Shown, found: Decided, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "maze" both ways are to be walked, in "log" every change is to be got across."""
    if view == "maze":
        return walk(exhibit, key, wiped=False)
    if view == "log":
        return keep_log(exhibit, key)
    if view == "corridors":
        draw_chart(corridors(found), say("corridors_alt"))
        walk(exhibit, key, wiped=True)
    else:
        draw_chart(insisted(found), say("insisted_alt"))
    return ()


def walk(exhibit: Shown, key: str, wiped: bool) -> tuple[str, ...]:
    """One maze, also with the memory wiped at its junction; "walked" once the sign has pointed both ways."""
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    way = left.segmented_control(
        say("way"), WAYS, default=WAYS[0], required=True, format_func=say, key=f"{key}-way"
    )
    name = right.pills(
        say("model"), exhibit.models, default=exhibit.models[-1], required=True,
        format_func=models.title, key=f"{key}-model",
    )  # fmt: skip
    tokens = st.select_slider(
        say("corridor"), CORRIDORS, CORRIDORS[1], format_func="{:,}".format, key=f"{key}-corridor"
    )
    place = decisions.maze(tokens, 0, way)
    choice = chosen(name, tokens, way)
    turn = way if choice.kept > SURE else next(other for other in WAYS if other != way)
    told = say("maze", way=say(way), turn=say(turn), kept=say("kept"))
    st.html(f"<div class='maze'>{image(picture(place, tokens, choice, wiped, say), told)}</div>")
    seen: set[str] = state.setdefault(f"{key}-seen", set())
    seen.add(way)
    return ("walked",) if len(seen) == len(WAYS) else ()


@st.cache_resource(show_spinner=False, max_entries=64)
def chosen(model: str, tokens: int, way: str) -> Choice:
    """What a model does at the junction, computed once."""
    return decisions.choose(models.load(model), decisions.maze(tokens, 0, way))


def corridors(found: Decided) -> alt.LayerChart:
    """Right turns by the corridor's length: each model with its memory, and under it with it wiped."""
    shares: dict[str, dict[int, float]] = {}
    for name, by_length in found.mazes.items():
        for how in ("kept", "wiped") if name != "attention" else ("kept",):
            shares[say(f"{how}_of", model=models.title(name))] = {
                tokens: sum(getattr(one, how) > SURE for one in choices) / len(choices)
                for tokens, choices in by_length.items()
            }
    return cells(shares, Side("tokens", say("lengths")), Side("who", ""), say("right_turns"), [*shares])


def keep_log(exhibit: Shown, key: str) -> tuple[str, ...]:
    """A log whose states are told as often as the learner likes; "overwritten" once all changes are known of
    states that were told INSISTED times."""
    remembering = [name for name in exhibit.models if name != "attention"]
    name = st.pills(
        say("reader"), remembering, default=remembering[0], required=True,
        format_func=models.title, key=f"{key}-model",
    )  # fmt: skip
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    tellings = left.slider(say("tellings"), 1, INSISTED, INSISTED, key=f"{key}-tellings")
    confirmed = right.slider(say("confirmed"), 1, INSISTED, 1, key=f"{key}-confirmed")
    reports, lines = read_log(name, tellings, confirmed)
    with st.expander(f"{say('log')}: {say('lines', count=len(lines), pause=PAUSE)}"):
        st.text("\n".join(lines))
    st.html(table(reports))
    return ("overwritten",) if tellings == INSISTED and share(reports, changed=True) == 1 else ()


@st.cache_resource(show_spinner=False, max_entries=128)
def read_log(model: str, tellings: int, confirmed: int) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """What a model knows in the end, computed once; and the log's lines."""
    story = decisions.log(decisions.SHOWN, tellings, confirmed)
    return decisions.work(models.load(model), story), story.lines


def table(reports: tuple[Report, ...]) -> str:
    """One row a device: what is answered about it, and its states, which a narrow window leaves for last."""
    heads = "".join(
        f"<th scope='col'>{html.escape(say(name))}</th>"
        for name in ("device", "present", "stale", "first", "last")
    )
    body = "".join(map(row, reports))
    return (
        f"<div class='needle' role='region' aria-label='{html.escape(say('table'))}' tabindex='0'>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def row(one: Report) -> str:
    """A device."""
    changed = one.device.last != one.device.first
    last = one.device.last if changed else say("same")
    stale = cell(one.first, right=False) if changed else "<td></td>"
    states = f"<td>{html.escape(one.device.first)}</td><td>{html.escape(last)}</td>"
    answers = cell(one.present, right=True) + stale
    return f"<tr><th scope='row'>{html.escape(one.device.name)}</th>{answers}{states}</tr>"


def cell(chance: float, right: bool) -> str:
    """The probability of an answer; marked where it is the one that is given."""
    mark = ("✓ " if right else "✗ ") if chance > SURE else ""
    kind = "right" if right else "wrong"
    return f"<td class='{kind}' style='--share:{chance:.3f}'><b>{mark}{100 * chance:.0f}\u00a0%</b></td>"


def insisted(found: Decided) -> alt.LayerChart:
    """Two bars a model: changed states that are known, the old ones told once before, and often."""
    colours = palette(theme())
    kinds = {1: say("once"), INSISTED: say("insisted", count=INSISTED)}
    data = pd.DataFrame(
        {"model": models.title(name), "kind": kinds[tellings], "known": 100 * share(reports, changed=True)}
        for name, by_tellings in found.logs.items()
        for tellings, reports in by_tellings.items()
    )
    names = list(kinds.values())
    base = alt.Chart(data, height=alt.Step(22)).encode(
        x=alt.X(
            "known:Q", title=say("changed_axis"), scale=alt.Scale(domain=[0, 112]), axis=alt.Axis(tickCount=5)
        ),
        y=alt.Y("model:N", title=None, sort=None, axis=alt.Axis(domain=False, ticks=False)),
        yOffset=alt.YOffset("kind:N", sort=names),
        tooltip=["model:N", "kind:N", alt.Tooltip("known:Q", format=".0f")],
    )
    bars = base.mark_bar().encode(**paired(names, ("retrieval", "surprise")))
    return bars + base.mark_text(align="left", dx=5, color=colours["ink"]).encode(
        text=alt.Text("known:Q", format=".0f")
    )
