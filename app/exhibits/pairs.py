"""The exhibit "pairs": two keys in a plane that can be turned, and what is answered for the first."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd
import streamlit as st

from app.exhibits.curves import DASHED, Axis, Look, curves, rows
from app.exhibits.measured import Bar, bars
from app.palette import palette, theme
from lessons import words
from lessons.exhibits.pairs import Answers, Shown, Turned

say = words("pairs")
COLOURS = {"A": "retrieval", "B": "surprise"}
SIDE = 240  # pixels of the plane


def draw(exhibit: Shown, found: Turned, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "plane" the keys are to be turned until B outweighs A."""
    if view == "plane":
        return turn(found, key)
    st.altair_chart(curve(found), width="stretch", alt=say("curve"))
    return ()


def turn(found: Turned, key: str) -> tuple[str, ...]:
    """The keys at a chosen angle; "outweighed" where A is answered with more of B than of itself."""
    angle = st.slider(say("angle"), 0, 90, 90, key=f"{key}-angle")
    answers = found.answers[angle]
    left, mixed = (round(100 * share) for share in answers.a)
    plane, beside = st.columns([2, 3], vertical_alignment="center")
    told = say("plane", angle=angle, left=left, mixed=mixed)
    plane.altair_chart(keys(angle), width="content", alt=told)
    beside.html("".join(answered(answers)))
    return ("outweighed",) if answers.a[1] > answers.a[0] else ()


def answered(answers: Answers) -> list[str]:
    """What the answer to A is made of, as bars in the two colours."""
    shares = zip(("share_a", "share_b"), COLOURS.values(), answers.a, strict=True)
    return [
        bars(say("told") if n == 0 else "", colour, [Bar(say(name), share, f"{100 * share:.0f}\u00a0%")], 1.0)
        for n, (name, colour, share) in enumerate(shares)
    ]


def keys(angle: int) -> alt.LayerChart:
    """Both keys as arrows of length one."""
    colours, turned = palette(theme()), math.radians(angle)
    table = pd.DataFrame(
        {
            "name": list(COLOURS),
            "label": [say("key", name=name) for name in COLOURS],
            "x": [1.0, math.cos(turned)],
            "y": [0.0, math.sin(turned)],
            "zero": 0.0,
        }
    )
    ends = {"scale": alt.Scale(domain=[-0.1, 1.3]), "axis": None}
    base = alt.Chart(table, width=SIDE, height=SIDE).encode(
        x=alt.X("x:Q", **ends),
        y=alt.Y("y:Q", **ends),
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=list(COLOURS), range=[colours[colour] for colour in COLOURS.values()]),
            legend=None,
        ),
    )
    arc = pd.DataFrame({"turn": [turned * n / 40 for n in range(41)]})
    arc["x"], arc["y"] = arc.turn.map(lambda t: 0.3 * math.cos(t)), arc.turn.map(lambda t: 0.3 * math.sin(t))
    between = (
        alt.Chart(arc)
        .mark_line(color=colours["soft"], strokeWidth=1)
        .encode(x="x:Q", y="y:Q", order="turn:Q")
    )
    lines = base.mark_rule(strokeWidth=3).encode(x2="zero:Q", y2="zero:Q")
    points = base.mark_point(filled=True, size=110, opacity=1, aria=False)
    labels = base.mark_text(align="left", dx=9, dy=-9, fontSize=13).encode(text="label:N")
    chart = between + lines + points + labels
    return chart.configure_view(stroke=None)


def curve(found: Turned) -> alt.LayerChart:
    """What is left of A, and what of B is mixed in, at every angle."""
    shares = {
        say(name): [(angle, 100 * answers.a[n]) for angle, answers in found.answers.items()]
        for n, name in enumerate(("share_a", "share_b"))
    }
    looks = [Look(say("share_a"), COLOURS["A"]), Look(say("share_b"), COLOURS["B"], DASHED)]
    across = Axis("angle", say("angle"), scale=alt.Scale(domain=[0, 90]))
    return curves(rows(shares, "angle", "share"), across, Axis("share", say("share"), ".0f"), looks)
