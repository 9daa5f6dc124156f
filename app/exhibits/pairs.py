"""The exhibit "pairs": two keys in a plane that can be turned, and what is answered for the first."""

from __future__ import annotations

import base64
import html
import math

import altair as alt
import streamlit as st

from app.charts.drawn import draw_chart
from app.exhibits.curves import DASHED, Axis, Look, curves, rows
from app.exhibits.measured import Bar, bars
from app.palette import palette, theme
from lessons import words
from lessons.exhibits.pairs import Answers, Shown, Turned

say = words("pairs")
COLOURS = {"A": "retrieval", "B": "surprise"}
LENGTH = 180  # of a key, in the units of the drawing
BESIDE = {"A": 15, "B": -9}  # a name's height at its key's end: apart even where the keys are one


def draw(exhibit: Shown, found: Turned, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "plane" the keys are to be turned until B outweighs A."""
    if view == "plane":
        return turn(found, key)
    draw_chart(curve(found), say("curve"))
    return ()


def turn(found: Turned, key: str) -> tuple[str, ...]:
    """The keys at a chosen angle; "outweighed" where A is answered with more of B than of itself."""
    angle = st.slider(say("angle"), 0, 90, 90, key=f"{key}-angle")
    answers = found.answers[angle]
    left, mixed = (round(100 * share) for share in answers.a)
    plane, beside = st.columns([2, 3], vertical_alignment="center")
    plane.html(keys(angle, say("plane", angle=angle, left=left, mixed=mixed)))
    beside.html(answered(answers))
    return ("outweighed",) if answers.a[1] > answers.a[0] else ()


def answered(answers: Answers) -> str:
    """What the answer to A is made of, as bars in the two colours."""
    shares = zip(("share_a", "share_b"), COLOURS.values(), answers.a, strict=True)
    rows = [
        Bar(say(name), share, f"{100 * share:.0f}\u00a0%", colour=colour) for name, colour, share in shares
    ]
    return bars(say("told"), COLOURS["A"], rows, 1.0)


def keys(angle: int, told: str) -> str:
    """Both keys as arrows of length one: a picture, for the page takes no SVG of its own."""
    colours = palette(theme())
    ends = {"A": (LENGTH, 0.0), "B": (LENGTH * cosine(angle), LENGTH * cosine(90 - angle))}
    ink = colours["ink"]
    arrows = "".join(
        f'<line x2="{x:.1f}" y2="{-y:.1f}" stroke="{colours[COLOURS[name]]}" stroke-width="3"/>'
        f'<circle cx="{x:.1f}" cy="{-y:.1f}" r="6" fill="{colours[COLOURS[name]]}"/>'
        f'<text x="{x + 11:.1f}" y="{BESIDE[name] - y:.1f}" fill="{ink}">{say("key", name=name)}</text>'
        for name, (x, y) in ends.items()
    )
    x, y = (0.3 * part for part in ends["B"])
    arc = f'<path d="M{0.3 * LENGTH},0A{0.3 * LENGTH},{0.3 * LENGTH} 0 0 0 {x:.1f},{-y:.1f}"/>'
    horizon = f'<path d="M{LENGTH},0A{LENGTH},{LENGTH} 0 0 0 0,{-LENGTH}" stroke-dasharray="2 4"/>'
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -205 275 225" font-family="sans-serif" '
        f'font-size="15"><g stroke="{colours["soft"]}" fill="none">{horizon}{arc}</g>{arrows}</svg>'
    )
    source = base64.b64encode(svg.encode()).decode()
    return f'<img class="lesson-plane" alt="{html.escape(told)}" src="data:image/svg+xml;base64,{source}">'


def cosine(angle: int) -> float:
    """Of an angle in degrees."""
    return math.cos(math.radians(angle))


def curve(found: Turned) -> alt.LayerChart:
    """What is left of A, and what of B is mixed in, at every angle."""
    shares = {
        say(name): [(angle, 100 * answers.a[n]) for angle, answers in found.answers.items()]
        for n, name in enumerate(("share_a", "share_b"))
    }
    looks = [Look(say("share_a"), COLOURS["A"]), Look(say("share_b"), COLOURS["B"], DASHED)]
    across = Axis("angle", say("angle"), "d", scale=alt.Scale(domain=[0, 90]))
    return curves(rows(shares, "angle", "share"), across, Axis("share", say("share"), ".0f"), looks)
