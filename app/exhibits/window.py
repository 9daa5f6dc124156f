"""The exhibit "window": the text under attention's window, slid past the fact, and what is left of it."""

from __future__ import annotations

import html

import altair as alt
import pandas as pd
import streamlit as st

from app.charts.drawn import draw_chart
from app.exhibits.curves import DASHED, Axis, Look, curves
from app.exhibits.measured import Bar, bars
from app.exhibits.rule import rule
from lessons import words
from lessons.exhibits.window import Lost, Shown

say = words("window")


def draw(exhibit: Shown, found: Lost, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "window" the fact is to be lost."""
    if view == "window":
        return slide(exhibit, found, key)
    claims = {name: str(claim) for name, claim in found.claims.items()}
    draw_chart(curve(exhibit, found), say("curve", value=exhibit.value, **claims))
    return ()


def slide(exhibit: Shown, found: Lost, key: str) -> tuple[str, ...]:
    """The text with so many words between, and the answer; "lost" where the fact cannot be seen any more."""
    count = st.slider(say("slider"), 0, len(found.table) - 1, 0, key=key)
    row = found.table.iloc[count]
    st.html(text(exhibit, found, count))
    bar = Bar(say("without"), 100 * row.without, f"{row.without:.0%}".replace("%", "\u00a0%"))
    st.html(bars(say("chance", value=exhibit.value), "nll", [bar], 100.0))
    st.caption(f"{say('said', said=row.said)} {say('seen', window=found.window)}")
    return ("lost",) if row.distance >= found.claims["lost"].number else ()


def text(exhibit: Shown, found: Lost, count: int) -> str:
    """Fact, words between and question; what the window holds is shaded, and the value in it marked."""
    between = [token for word in found.filler[:count] for token in word]
    tokens = [*found.fact, *between, *found.question]
    edge = max(0, len(tokens) - found.window)
    parts = [spanned(tokens[:edge], exhibit, "past"), spanned(tokens[edge:], exhibit, "seen")]
    return f'<p class="lesson-text window">{"".join(parts)}</p>'


def spanned(tokens: list[str], exhibit: Shown, kind: str) -> str:
    """A stretch of the text, the value in it underlined."""
    told = html.escape("".join(tokens)).replace(exhibit.value, f"<u>{exhibit.value}</u>")
    return f'<span class="{kind}">{told}</span>' if told else ""


def curve(exhibit: Shown, found: Lost) -> alt.LayerChart:
    """The probability of the right answer over the distance, without a memory and with one."""
    table = pd.concat(
        pd.DataFrame({"name": say(name), "distance": found.table.distance, "chance": 100 * found.table[name]})
        for name in ("without", "with")
    )
    looks = [Look(say("without"), "nll", DASHED), Look(say("with"), "retrieval")]
    height = Axis(
        "chance", say("chance", value=exhibit.value) + ", %", ".0f", scale=alt.Scale(domain=[0, 100])
    )
    lines = curves(table, Axis("distance", say("distance"), ",d"), height, looks)
    return lines + rule("distance", found.window, say("edge"))
